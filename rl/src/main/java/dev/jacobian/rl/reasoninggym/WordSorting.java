// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.util.List;

/** word_sorting: the share of words that stand where they belong. */
record WordSorting() implements GymScorer {
    @Override
    public double score(Columns row, String answer) {
        List<?> expected = Row.list(row, "sorted_words");
        List<String> given = words(answer);
        long right = 0;
        for (int i = 0; i < Math.min(expected.size(), given.size()); i++) {
            right += given.get(i).equals(expected.get(i)) ? 1 : 0;
        }
        return (double) right / expected.size();
    }

    /** The sorted words, and no more. */
    @Override
    public boolean isRight(Columns row, String answer) {
        return words(answer).equals(Row.list(row, "sorted_words"));
    }

    private static List<String> words(String answer) {
        return Python.split(answer, ",").stream().map(String::strip).toList();
    }
}
