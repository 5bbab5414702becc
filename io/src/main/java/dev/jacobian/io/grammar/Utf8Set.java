// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a set of characters as the bytes of their UTF-8 forms: a byte that leads and up to three that follow, each of which holds
 * six bits. The ways on from a byte never overlap, so reading a character is deterministic.
 */
final class Utf8Set {
    private static final int BITS = 6;

    /** First character of each length, and what the byte that leads it begins with. */
    private static final int[] FIRST = {0, 0x80, 0x800, 0x10000, Character.MAX_CODE_POINT + 1};

    private static final int[] LEAD = {0, 0xC0, 0xE0, 0xF0};

    private final ProgramBuilder out;
    private final int next;
    private final Map<Rest, Integer> written = new HashMap<>();

    /** Bytes that remain of a character, and the numbers that their bits may be. */
    private record Rest(int bytes, List<List<Integer>> ranges) {}

    private Utf8Set(ProgramBuilder out, int next) {
        this.out = out;
        this.next = next;
    }

    static int write(ProgramBuilder out, CodePointSet set, int next) {
        Utf8Set writer = new Utf8Set(out, next);
        List<int[]> table = new ArrayList<>();
        for (int more = 0; more < LEAD.length; more++) {
            List<List<Integer>> ranges = new ArrayList<>();
            for (int[] range : set.ranges()) {
                int low = Math.max(range[0], FIRST[more]);
                int high = Math.min(range[1], FIRST[more + 1] - 1);
                if (low <= high) {
                    ranges.add(List.of(low, high));
                }
            }
            table.addAll(writer.branches(ranges, more, LEAD[more]));
        }
        return out.bytes(table);
    }

    /** The ways on by the highest digit of numbers of several digits of six bits (the first may have more). */
    private List<int[]> branches(List<List<Integer>> ranges, int more, int mark) {
        int shift = BITS * more;
        Map<Integer, List<List<Integer>>> byDigit = new java.util.TreeMap<>();
        for (List<Integer> range : ranges) {
            for (int digit = range.get(0) >> shift; digit <= range.get(1) >> shift; digit++) {
                int base = digit << shift;
                int low = Math.max(range.get(0), base) - base;
                int high = Math.min(range.get(1), base + (1 << shift) - 1) - base;
                byDigit.computeIfAbsent(digit, d -> new ArrayList<>()).add(List.of(low, high));
            }
        }
        List<int[]> table = new ArrayList<>();
        byDigit.forEach((digit, rest) -> {
            int to = more == 0 ? next : rest(new Rest(more, rest));
            int b = mark | digit;
            int[] last = table.isEmpty() ? null : table.getLast();
            if (last != null && last[1] == b - 1 && last[2] == to) {
                last[1] = b;
            } else {
                table.add(new int[] {b, b, to});
            }
        });
        return table;
    }

    private int rest(Rest rest) {
        Integer known = written.get(rest);
        if (known == null) {
            known = out.bytes(branches(rest.ranges(), rest.bytes() - 1, 0x80));
            written.put(rest, known);
        }
        return known;
    }
}
