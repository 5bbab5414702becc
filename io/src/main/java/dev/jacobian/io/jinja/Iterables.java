// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Spliterators;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Walking through values, and their lengths. */
final class Iterables {
    private Iterables() {}

    /** The elements of a value: characters of a text, keys of a dictionary. */
    static Iterator<Value> iterator(Value value) {
        return switch (value) {
            case Value.Str string -> PythonText.characters(string.text());
            case Value.Sequence sequence -> sequence.items().iterator();
            case Value.Dict dict -> dict.entries().keySet().iterator();
            case Value.View view -> view.items().iterator();
            case Value.Range range ->
                IntStream.range(0, range.count()).mapToObj(range::get).iterator();
            case Value.Generator generator -> generator.elements();
            case Value.Undefined undefined -> {
                if (undefined.unsafe()) {
                    throw undefined.failure();
                }
                yield Collections.emptyIterator();
            }
            default -> throw JinjaException.operation("'" + PythonText.typeName(value) + "' object is not iterable");
        };
    }

    /** The same as a stream, begun when its first element is asked for. */
    static Stream<Value> stream(Value value) {
        return StreamSupport.stream(() -> Spliterators.spliteratorUnknownSize(iterator(value), 0), 0, false);
    }

    /** The elements of a value in a list of their own. */
    static List<Value> list(Value value, Meter meter) {
        if (value instanceof Value.Sequence sequence) {
            meter.read(sequence.items().size());
            return sequence.items();
        }
        List<Value> list = new ArrayList<>();
        iterator(value).forEachRemaining(element -> {
            meter.make(2);
            list.add(element);
        });
        return list;
    }

    /** Whether {@link #iterator} takes it. */
    static boolean isIterable(Value value) {
        return switch (value) {
            case Value.Str s -> true;
            case Value.Sequence s -> true;
            case Value.Dict d -> true;
            case Value.View v -> true;
            case Value.Range r -> true;
            case Value.Generator g -> true;
            case Value.Undefined u -> true;
            default -> false;
        };
    }

    static int length(Value value) {
        return switch (value) {
            case Value.Str string ->
                string.text().codePointCount(0, string.text().length());
            case Value.Sequence sequence -> sequence.items().size();
            case Value.Dict dict -> dict.entries().size();
            case Value.View view -> view.items().size();
            case Value.Range range -> range.count();
            case Value.Undefined undefined -> 0;
            default ->
                throw JinjaException.operation("object of type '" + PythonText.typeName(value) + "' has no len()");
        };
    }
}
