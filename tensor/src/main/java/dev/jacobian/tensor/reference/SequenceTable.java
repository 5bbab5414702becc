// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.Nullable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The sequences of a cache by their handles. A handle's place is another's when its sequence has gone, so that a cache can live for
 * ever; its upper bits count how often that came to pass, so that a handle of a sequence that has gone is noticed.
 *
 * @param <S> what a cache knows of a sequence
 */
public final class SequenceTable<S> {
    private static final int PLACE_BITS = 22;
    private static final int PLACE_MASK = (1 << PLACE_BITS) - 1;

    private final List<@Nullable S> sequences = new ArrayList<>(); // by place; null where there is none
    private final ArrayDeque<Integer> free = new ArrayDeque<>();
    private int[] handles = new int[16]; // by place, the last one given out or the next

    /**
     * Adds a sequence and returns its handle.
     *
     * @throws IllegalStateException if there are four million
     */
    public int add(S sequence) {
        if (!free.isEmpty()) {
            int place = free.pop();
            sequences.set(place, sequence);
            return handles[place];
        }
        int place = sequences.size();
        if (place > PLACE_MASK) {
            throw new IllegalStateException("a cache holds " + place + " sequences at most; release some");
        }
        if (place == handles.length) {
            handles = Arrays.copyOf(handles, 2 * place);
        }
        handles[place] = place;
        sequences.add(sequence);
        return place;
    }

    /**
     * The sequence of a handle.
     *
     * @throws NullPointerException if it was released
     */
    public S get(int handle) {
        int place = handle & PLACE_MASK;
        S sequence = sequences.get(place);
        if (sequence == null || handles[place] != handle) {
            throw new NullPointerException("sequence was released");
        }
        return sequence;
    }

    /** Takes a sequence out. */
    public void remove(int handle) {
        int place = handle & PLACE_MASK;
        sequences.set(place, null);
        handles[place] = (handle + (1 << PLACE_BITS)) & Integer.MAX_VALUE;
        free.push(place);
    }

    /** Those that are there. */
    public Stream<S> all() {
        return sequences.stream().flatMap(Stream::ofNullable);
    }
}
