// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.selection;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.selection.SampledProblem.Answer;
import dev.jacobian.rl.selection.SampledProblem.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Pairs for DPO that prefer short answers: chosen is the shortest right completion; rejected is each that is wrong and longer, and each that
 * is right and at least {@code ratio} times as long. Columns are {@code dpo}'s: {@code prompt}, {@code chosen}, {@code rejected}; beside them
 * {@code chosen_tokens}, {@code rejected_tokens} and {@code rejected_because}, {@code wrong} or {@code long}.
 *
 * <p>A wrong completion that is shorter is no pair: what would be preferred there is length. Of two rejected completions with the same text
 * the first counts.
 *
 * @param ratio how many times longer a right completion is that is rejected, more than 1; k1.5 has 1.5
 */
public record ShorterPairs(double ratio) implements Selection {
    /** Kimi k1.5's. */
    public static final double USUAL_RATIO = 1.5;

    public ShorterPairs {
        if (!(ratio > 1 && ratio < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "the ratio of lengths must be more than 1, or a right answer would be rejected that is no longer;"
                            + " got " + ratio);
        }
    }

    @Override
    public String description() {
        return "pairs of short and long";
    }

    @Override
    public List<ObjectNode> rows(SampledProblem problem) {
        Optional<Answer> chosen = problem.shortestCorrect();
        List<ObjectNode> rows = new ArrayList<>();
        List<String> rejected = new ArrayList<>();
        for (Answer answer : chosen.isPresent() ? problem.answers() : List.<Answer>of()) {
            Answer shortest = chosen.orElseThrow();
            boolean wrong = answer.verdict() == Verdict.WRONG && answer.tokens() > shortest.tokens();
            boolean isLong = answer.verdict() == Verdict.CORRECT && answer.tokens() >= ratio * shortest.tokens();
            if ((wrong || isLong) && !rejected.contains(answer.text())) {
                rejected.add(answer.text());
                ObjectNode row = problem.row();
                row.set("chosen", problem.said(shortest));
                row.set("rejected", problem.said(answer));
                row.put("chosen_tokens", shortest.tokens());
                row.put("rejected_tokens", answer.tokens());
                rows.add(row.put("rejected_because", wrong ? "wrong" : "long"));
            }
        }
        return rows;
    }
}
