// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * A set of Unicode characters as ranges that are sorted and do not touch. Surrogates are in none: they have no UTF-8 form.
 *
 * @param bounds first and last of each range
 */
record CodePointSet(List<Integer> bounds) {
    private static final int LAST = Character.MAX_CODE_POINT;

    static final CodePointSet ALL = of(List.of(new int[] {0, LAST}));

    CodePointSet {
        bounds = List.copyOf(bounds);
    }

    /** The union of ranges, each its first and last character. */
    static CodePointSet of(List<int[]> ranges) {
        List<int[]> sorted = new ArrayList<>();
        for (int[] range : ranges) {
            addWithoutSurrogates(sorted, range[0], range[1]);
        }
        sorted.sort(Comparator.comparingInt(range -> range[0]));
        List<Integer> bounds = new ArrayList<>();
        for (int[] range : sorted) {
            int last = bounds.size() - 1;
            if (last > 0 && range[0] <= bounds.get(last) + 1) {
                bounds.set(last, Math.max(bounds.get(last), range[1]));
            } else {
                bounds.add(range[0]);
                bounds.add(range[1]);
            }
        }
        return new CodePointSet(bounds);
    }

    private static void addWithoutSurrogates(List<int[]> to, int first, int last) {
        if (first < Character.MIN_SURROGATE && last >= Character.MIN_SURROGATE) {
            to.add(new int[] {first, Character.MIN_SURROGATE - 1});
            addWithoutSurrogates(to, Character.MIN_SURROGATE, last);
        } else if (first <= Character.MAX_SURROGATE && first >= Character.MIN_SURROGATE) {
            addWithoutSurrogates(to, Character.MAX_SURROGATE + 1, last);
        } else if (first <= last) {
            to.add(new int[] {first, last});
        }
    }

    static CodePointSet single(int codePoint) {
        return range(codePoint, codePoint);
    }

    static CodePointSet range(int first, int last) {
        return of(List.of(new int[] {first, last}));
    }

    static CodePointSet ofCharacters(String characters) {
        return of(characters.codePoints().mapToObj(c -> new int[] {c, c}).toList());
    }

    /** All characters for which something holds. */
    static CodePointSet where(IntPredicate holds) {
        List<int[]> ranges = new ArrayList<>();
        for (int c = 0; c <= LAST; c++) {
            int first = c;
            while (c <= LAST && holds.test(c)) {
                c++;
            }
            if (c > first) {
                ranges.add(new int[] {first, c - 1});
            }
        }
        return of(ranges);
    }

    CodePointSet or(CodePointSet other) {
        List<int[]> all = new ArrayList<>(ranges());
        all.addAll(other.ranges());
        return of(all);
    }

    CodePointSet not() {
        List<int[]> gaps = new ArrayList<>();
        int next = 0;
        for (int[] range : ranges()) {
            gaps.add(new int[] {next, range[0] - 1});
            next = range[1] + 1;
        }
        gaps.add(new int[] {next, LAST});
        return of(gaps);
    }

    CodePointSet and(CodePointSet other) {
        List<Integer> common = new ArrayList<>();
        for (int i = 0, j = 0; i < bounds.size() && j < other.bounds.size(); ) {
            int first = Math.max(bounds.get(i), other.bounds.get(j));
            int last = Math.min(bounds.get(i + 1), other.bounds.get(j + 1));
            if (first <= last) {
                common.add(first);
                common.add(last);
            }
            if (bounds.get(i + 1) < other.bounds.get(j + 1)) {
                i += 2;
            } else {
                j += 2;
            }
        }
        return new CodePointSet(common);
    }

    CodePointSet minus(CodePointSet other) {
        return and(other.not());
    }

    boolean contains(int codePoint) {
        return ranges().stream().anyMatch(range -> range[0] <= codePoint && codePoint <= range[1]);
    }

    boolean isEmpty() {
        return bounds.isEmpty();
    }

    /** How many characters are in it. */
    int size() {
        return ranges().stream().mapToInt(range -> range[1] - range[0] + 1).sum();
    }

    /** Every character in it. */
    int[] toArray() {
        return ranges().stream()
                .flatMapToInt(range -> java.util.stream.IntStream.rangeClosed(range[0], range[1]))
                .toArray();
    }

    /** First and last character of each range, in order. */
    List<int[]> ranges() {
        int[][] ranges = new int[bounds.size() / 2][];
        Arrays.setAll(ranges, i -> new int[] {bounds.get(2 * i), bounds.get(2 * i + 1)});
        return Arrays.asList(ranges);
    }
}
