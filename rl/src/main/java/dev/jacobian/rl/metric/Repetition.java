// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.metric;

/**
 * Rep-n: the share of a response's n-grams that repeat an earlier one, 1 - distinct/total. 0 is no repetition, near 1 a
 * loop.
 */
public final class Repetition {
    private Repetition() {}

    /**
     * Rep-n of one response.
     *
     * @param tokens its token ids
     * @param n at least 1; 5 is usual
     * @return 0 for a response shorter than n
     */
    public static double of(int[] tokens, int n) {
        if (n < 1) {
            throw new IllegalArgumentException("n must be at least 1, got " + n);
        }
        int total = tokens.length - n + 1;
        return total < 1 ? 0 : 1 - (double) NGrams.counts(tokens, n).size() / total;
    }

    /**
     * The other number that goes by the name: the share of the n-grams that occur more than once, the first occurrence included.
     *
     * @param tokens token ids of a response
     * @param n at least 1
     * @return 0 for a response shorter than n
     */
    public static double shareInRepeated(int[] tokens, int n) {
        int total = tokens.length - n + 1;
        int once = (int) NGrams.counts(tokens, n).values().stream()
                .filter(count -> count == 1)
                .count();
        return total < 1 ? 0 : 1 - (double) once / total;
    }

    /**
     * The mean over responses.
     *
     * @return NaN without responses
     */
    public static double mean(int[][] responses, int n) {
        double sum = 0;
        for (int[] response : responses) {
            sum += of(response, n);
        }
        return sum / responses.length;
    }
}
