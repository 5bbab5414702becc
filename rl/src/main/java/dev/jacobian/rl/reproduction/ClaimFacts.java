// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction;

import java.util.List;

/**
 * What a claim is about, in words.
 *
 * @param id its number in the list of experiments, such as E13
 * @param title a line
 * @param claim what the paper says, in our words
 * @param source who says so, with which numbers
 * @param experiment what is done and measured for each seed
 * @param axes what the chart's axes are: {@code steps → entropy}
 * @param tried what else was tried before these settings, or ran with them; "nothing else" is an entry too
 * @param revision raised when the experiment changes in a way that settings do not show, so that it is measured again
 */
public record ClaimFacts(
        String id,
        String title,
        String claim,
        Paper source,
        String experiment,
        String axes,
        List<String> tried,
        int revision) {
    public ClaimFacts {
        tried = List.copyOf(tried);
        if (!id.matches("E[0-9]+")) {
            throw new IllegalArgumentException("a claim's id is E and a number, got '" + id + "'");
        }
    }
}
