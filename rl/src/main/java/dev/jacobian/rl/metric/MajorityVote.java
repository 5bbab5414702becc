// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.metric;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * maj@k: the most frequent answer among k samples. Of answers that are equally frequent the one that occurred first
 * wins, so the result depends on the samples' order only, not on chance.
 */
public final class MajorityVote {
    private MajorityVote() {}

    /**
     * The winner.
     *
     * @param answers one per sample, already in canonical form (equal answers are equal strings); empty if the sample
     *     has no answer. Those do not vote
     * @return empty if no sample has an answer
     */
    public static Optional<String> winner(List<Optional<String>> answers) {
        Map<String, Integer> votes = new LinkedHashMap<>();
        answers.forEach(answer -> answer.ifPresent(text -> votes.merge(text, 1, Integer::sum)));
        Map.Entry<String, Integer> winner = null;
        for (Map.Entry<String, Integer> entry : votes.entrySet()) {
            winner = winner == null || entry.getValue() > winner.getValue() ? entry : winner;
        }
        return Optional.ofNullable(winner).map(Map.Entry::getKey);
    }

    /**
     * The share of problems whose winner is right.
     *
     * @param answers [P][k] answers of each problem's samples
     * @param right [P] the right answers, in the same canonical form
     * @return NaN without problems
     */
    public static double accuracy(List<List<Optional<String>>> answers, List<String> right) {
        if (answers.size() != right.size()) {
            throw new IllegalArgumentException(
                    "answers for " + answers.size() + " problems but " + right.size() + " right answers");
        }
        int hits = 0;
        for (int p = 0; p < answers.size(); p++) {
            hits += winner(answers.get(p)).filter(right.get(p)::equals).isPresent() ? 1 : 0;
        }
        return (double) hits / answers.size();
    }
}
