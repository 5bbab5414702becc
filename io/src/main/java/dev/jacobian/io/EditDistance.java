// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import java.util.Arrays;

/** How many slips of the hand lie between two names: what an error about an unknown name proposes is near to it. */
public final class EditDistance {
    private EditDistance() {}

    /** Levenshtein's distance: the fewest characters that are put in, left out or replaced. */
    public static int between(String a, String b) {
        int[] row = new int[b.length() + 1]; // from the first i characters of a to the first j of b
        Arrays.setAll(row, j -> j);
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }

    /** Whether so few slips lie between them; looks no further at names whose lengths say that there are more. */
    public static boolean isAtMost(int slips, String a, String b) {
        return Math.abs(a.length() - b.length()) <= slips && between(a, b) <= slips;
    }
}
