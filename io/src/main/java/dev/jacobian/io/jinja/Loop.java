// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import dev.jacobian.tensor.Nullable;
import java.util.List;

/** The variable {@code loop}. */
final class Loop implements Value.Special {
    /** Renders the loop again over other elements, one level deeper. */
    @FunctionalInterface
    interface Recursion {
        String render(Value elements, int depth);
    }

    private final List<Value> elements;
    private final int depth;
    private final @Nullable Recursion recursion;
    private int index;
    private @Nullable Value changed;

    /**
     * @param depth 0 for the outermost
     * @param recursion what a call does; null if the loop is not recursive
     */
    Loop(List<Value> elements, int depth, @Nullable Recursion recursion) {
        this.elements = elements;
        this.depth = depth;
        this.recursion = recursion;
    }

    void at(int element) {
        index = element;
    }

    @Override
    public String typeName() {
        return "LoopContext";
    }

    @Override
    public @Nullable Value attribute(String name) {
        int size = elements.size();
        return switch (name) {
            case "index" -> Value.Int.of(index + 1L);
            case "index0" -> Value.Int.of(index);
            case "revindex" -> Value.Int.of(size - index);
            case "revindex0" -> Value.Int.of(size - index - 1L);
            case "first" -> Value.Bool.of(index == 0);
            case "last" -> Value.Bool.of(index == size - 1);
            case "length" -> Value.Int.of(size);
            case "depth" -> Value.Int.of(depth + 1L);
            case "depth0" -> Value.Int.of(depth);
            case "previtem" ->
                index > 0 ? elements.get(index - 1) : new Value.Undefined("there is no previous item", false);
            case "nextitem" ->
                index < size - 1 ? elements.get(index + 1) : new Value.Undefined("there is no next item", false);
            case "cycle" ->
                new Value.Function(name, (session, arguments) -> {
                    List<Value> values = arguments.positional();
                    if (values.isEmpty()) {
                        throw JinjaException.operation("no items for cycling given");
                    }
                    return values.get(index % values.size());
                });
            case "changed" ->
                new Value.Function(name, (session, arguments) -> {
                    Value now = Value.Tuple.of(arguments.positional());
                    boolean same = changed != null && Comparisons.equal(now, changed, session.meter());
                    changed = now;
                    return Value.Bool.of(!same);
                });
            default -> null;
        };
    }

    @Override
    public boolean isCallable() {
        return recursion != null;
    }

    @Override
    public Value call(Session session, Arguments arguments) {
        if (recursion == null) {
            throw JinjaException.operation("The loop must have the 'recursive' marker to be called recursively.");
        }
        return new Value.Str(recursion.render(arguments.bind("iterable").get("iterable"), depth + 1));
    }
}
