// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.selection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.selection.SampledProblem.Answer;
import dev.jacobian.rl.selection.SampledProblem.Verdict;
import dev.jacobian.rl.task.Problem;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Which completions become demonstrations and pairs. */
class SelectionTest {
    private static final Problem PROBLEM = new Problem("p", "1 + 1 =", Columns.NONE);

    private static Answer answer(String text, int tokens, Verdict verdict) {
        return new Answer(text, tokens, verdict, true);
    }

    private static final SampledProblem SAMPLED = new SampledProblem(
            PROBLEM,
            List.of(
                    answer("wrong and short", 4, Verdict.WRONG),
                    new Answer("right but cut", 5, Verdict.CORRECT, false),
                    answer("right", 10, Verdict.CORRECT),
                    answer("also right", 10, Verdict.CORRECT),
                    answer("a bit longer", 14, Verdict.CORRECT),
                    answer("half as long again", 15, Verdict.CORRECT),
                    answer("wrong, as long", 10, Verdict.WRONG),
                    answer("wrong and longer", 11, Verdict.WRONG),
                    answer("wrong and longer", 11, Verdict.WRONG),
                    answer("nobody knows", 99, Verdict.UNKNOWN)));

    @Test
    @DisplayName("the shortest right one that ended, of equal ones the first")
    void shortest() {
        JsonNode row = new ShortestCorrect().rows(SAMPLED).getFirst();
        assertThat(row.path("prompt").asText()).isEqualTo("1 + 1 =");
        assertThat(row.path("completion").asText()).isEqualTo("right");
        assertThat(row.path("completion_tokens").intValue()).isEqualTo(10);
        assertThat(row.path("solved").intValue()).isEqualTo(5);
        assertThat(row.path("samples").intValue()).isEqualTo(10);
        assertThat(row.path("mean_tokens").doubleValue()).isEqualTo(18.9);
    }

    @Test
    @DisplayName("rejected: wrong and longer, or right and 1.5 times as long; each text once")
    void pairs() {
        List<? extends JsonNode> rows = new ShorterPairs(1.5).rows(SAMPLED);
        assertThat(rows).extracting(row -> row.path("chosen").asText()).containsOnly("right");
        assertThat(rows)
                .extracting(row -> row.path("rejected").asText() + ": "
                        + row.path("rejected_because").asText())
                .containsExactly("half as long again: long", "wrong and longer: wrong");
        assertThat(rows)
                .extracting(row -> row.path("rejected_tokens").intValue())
                .containsExactly(15, 11);
        assertThat(new ShorterPairs(1.4).rows(SAMPLED)).hasSize(3);
        assertThatThrownBy(() -> new ShorterPairs(1)).hasMessageContaining("more than 1");
    }

    @Test
    void withoutARightCompletionThereIsNothing() {
        SampledProblem none =
                new SampledProblem(PROBLEM, List.of(answer("a", 3, Verdict.WRONG), answer("b", 9, Verdict.WRONG)));
        assertThat(new ShortestCorrect().rows(none)).isEmpty();
        assertThat(new ShorterPairs(1.5).rows(none)).isEmpty();
    }

    @Test
    void ofAConversationRowsAreConversations() {
        JsonNode row = Json.parse("""
            {"prompt": [{"role": "user", "content": "1 + 1?"}], "tools": [{"type": "function"}],
             "chat_template_kwargs": {"enable_thinking": false}}
            """.getBytes(StandardCharsets.UTF_8), "test");
        Problem problem = new Problem("p", "…", Columns.NONE, Optional.of(ChatRow.read(row, "prompt", "test")));
        SampledProblem sampled = new SampledProblem(
                problem, List.of(answer("2", 1, Verdict.CORRECT), answer("3, I think", 4, Verdict.WRONG)));
        JsonNode demonstration = new ShortestCorrect().rows(sampled).getFirst();
        assertThat(demonstration.path("prompt")).isEqualTo(row.path("prompt"));
        assertThat(demonstration.path("completion").toString())
                .isEqualTo("[{\"role\":\"assistant\",\"content\":\"2\"}]");
        assertThat(demonstration.path("tools")).isEqualTo(row.path("tools"));
        assertThat(demonstration.path("chat_template_kwargs")).isEqualTo(row.path("chat_template_kwargs"));
        JsonNode pair = new ShorterPairs(1.5).rows(sampled).getFirst();
        assertThat(pair.path("rejected").path(0).path("content").asText()).isEqualTo("3, I think");
    }
}
