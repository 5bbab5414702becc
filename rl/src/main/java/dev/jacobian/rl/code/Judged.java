// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

import java.util.List;

/**
 * A judge's findings.
 *
 * @param verdicts of the tests that were run, in order; where the program did not compile, of that alone
 * @param tests how many tests there are
 */
public record Judged(List<Verdict> verdicts, int tests) {
    /** Copies the list. */
    public Judged {
        verdicts = List.copyOf(verdicts);
    }

    /** The verdict of the first test that failed, or that it is accepted. */
    public Verdict verdict() {
        return verdicts.stream()
                .filter(verdict -> verdict != Verdict.ACCEPTED)
                .findFirst()
                .orElse(Verdict.ACCEPTED);
    }

    /** The share of the tests that were passed. */
    public double passed() {
        long accepted =
                verdicts.stream().filter(verdict -> verdict == Verdict.ACCEPTED).count();
        return (double) accepted / tests;
    }
}
