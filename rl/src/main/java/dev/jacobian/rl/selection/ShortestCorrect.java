// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.selection;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * Shortest rejection sampling: of several completions of a problem the shortest right one is the demonstration, in {@code sft}'s columns
 * {@code prompt} and {@code completion}. A completion that a limit cut is no demonstration, whatever its reward: it would teach to stop nowhere.
 *
 * <p>Beside them: {@code completion_tokens}, {@code mean_tokens} of all completions, and {@code solved} of {@code samples}.
 */
public record ShortestCorrect() implements Selection {
    @Override
    public String description() {
        return "shortest rejection sampling";
    }

    @Override
    public List<ObjectNode> rows(SampledProblem problem) {
        return problem
                .shortestCorrect()
                .map(shortest -> {
                    ObjectNode row = problem.row();
                    row.set("completion", problem.said(shortest));
                    row.put("completion_tokens", shortest.tokens());
                    row.put(
                            "mean_tokens",
                            problem.answers().stream()
                                    .mapToInt(SampledProblem.Answer::tokens)
                                    .average()
                                    .orElse(0));
                    row.put("solved", problem.correct());
                    return row.put("samples", problem.answers().size());
                })
                .stream()
                .toList();
    }
}
