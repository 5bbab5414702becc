// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A set of instructions, each with the frame that it runs in, in the order in which they were added. */
final class Ways {
    /** An instruction in a frame; frames are equal if they are the same object. */
    record Way(int pc, Frame frame) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Way way && pc == way.pc && frame == way.frame;
        }

        @Override
        public int hashCode() {
            return 31 * pc + System.identityHashCode(frame);
        }
    }

    private final Set<Way> seen = new HashSet<>();
    private final List<Way> list = new ArrayList<>();

    boolean add(int pc, Frame frame) {
        Way way = new Way(pc, frame);
        return seen.add(way) && list.add(way);
    }

    int size() {
        return list.size();
    }

    /** The ways in an order that depends on what they are and not on how they were found, as far as instructions tell. */
    List<Way> sorted() {
        List<Way> sorted = new ArrayList<>(list);
        sorted.sort(
                Comparator.<Way>comparingInt(Way::pc).thenComparingInt(way -> System.identityHashCode(way.frame())));
        return sorted;
    }

    static boolean sameObjects(Frame[] a, Frame[] b) {
        if (a.length != b.length) {
            return false;
        }
        for (int i = 0; i < a.length; i++) {
            if (a[i] != b[i]) {
                return false;
            }
        }
        return true;
    }
}
