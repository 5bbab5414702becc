// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.spill;

import java.util.AbstractList;
import java.util.List;
import java.util.Objects;
import java.util.RandomAccess;
import java.util.function.Function;
import java.util.function.IntFunction;

/** An unmodifiable list whose elements are made when they are asked for, each time anew: of what is too much to have at once. */
public final class ListView<T> extends AbstractList<T> implements RandomAccess {
    private final int size;
    private final IntFunction<T> element;

    private ListView(int size, IntFunction<T> element) {
        this.size = size;
        this.element = element;
    }

    /** A list of what a function says of the places from 0 on. */
    public static <T> List<T> of(int size, IntFunction<T> element) {
        return new ListView<>(size, element);
    }

    /** What a function makes of a list's elements. */
    public static <S, T> List<T> mapped(List<S> list, Function<? super S, ? extends T> function) {
        return new ListView<>(list.size(), i -> function.apply(list.get(i)));
    }

    /** The elements at some places of a list, in their order. */
    public static <T> List<T> at(List<T> list, int[] places) {
        return new ListView<>(places.length, i -> list.get(places[i]));
    }

    @Override
    public T get(int index) {
        return element.apply(Objects.checkIndex(index, size));
    }

    @Override
    public int size() {
        return size;
    }
}
