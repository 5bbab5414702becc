// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.selection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Jsonl;
import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.offline.Dpo;
import dev.jacobian.rl.offline.Examples;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.promptset.SampledPrompts;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.task.Countdown;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bundled model's own completions as data for sft and dpo. */
class SelectedDataTest {
    private static final CausalLM MODEL =
            CausalLM.load(TestPaths.project().resolve("models").resolve("countdown-0.6m"));
    private static final Countdown TASK = Countdown.small();

    @TempDir
    Path folder;

    private static AnswerSampler sampler(int samples, int maxNewTokens) {
        return new AnswerSampler(
                MODEL,
                TASK,
                samples,
                GenerationConfig.sampling(maxNewTokens, 1f, 7),
                RewardCallConfig.DEFAULT,
                SampledPrompts.Progress.NONE);
    }

    @Test
    @DisplayName("demonstrations are right, short, the same again, and read by sft")
    void demonstrations() throws IOException {
        List<Problem> problems = TASK.trainProblems(3, 0, 40);
        Path file = folder.resolve("short.jsonl");
        SelectedData data = SelectedData.write(sampler(8, 144), problems, new ShortestCorrect(), file);
        assertThat(data.problems()).isEqualTo(40);
        assertThat(data.rows()).isEqualTo(data.solved()).isGreaterThan(10);
        assertThat(data.shortestTokens()).isLessThan(data.correctTokens());
        assertThat(data.toJson().path("pass@1").doubleValue()).isBetween(0.1, 0.9);
        List<JsonNode> rows = Jsonl.read(file);
        assertThat(rows).hasSize(data.rows());
        int at = 0;
        for (JsonNode row : rows) {
            while (!problems.get(at).prompt().equals(row.path("prompt").asText())) {
                at++;
            }
            String completion = row.path("completion").asText();
            assertThat(completion).doesNotContain("<|endoftext|>");
            Completion judged = problems.get(at).completion(completion, new int[] {1}, FinishReason.STOP);
            assertThat(TASK.rewards()
                            .score(List.of(List.of(judged)))
                            .getFirst()
                            .getFirst()
                            .total()
                            .orNaN())
                    .isGreaterThanOrEqualTo(TASK.solvedThreshold());
            assertThat(row.path("completion_tokens").doubleValue())
                    .isLessThanOrEqualTo(row.path("mean_tokens").doubleValue() * 8);
        }
        Path again = folder.resolve("again.jsonl");
        SelectedData.write(sampler(8, 144), problems, new ShortestCorrect(), again);
        assertThat(Files.mismatch(file, again)).isEqualTo(-1);
        assertThat(SftDataset.jsonl(file).allExamples()).hasSize(data.rows());
    }

    @Test
    @DisplayName("pairs have a chosen that is shorter, and dpo reads them")
    void pairs() {
        Path file = folder.resolve("pairs.jsonl");
        SelectedData data =
                SelectedData.write(sampler(8, 144), TASK.trainProblems(3, 0, 40), new ShorterPairs(1.5), file);
        for (JsonNode row : Jsonl.read(file)) {
            int chosen = row.path("chosen_tokens").intValue();
            int rejected = row.path("rejected_tokens").intValue();
            boolean wrong = row.path("rejected_because").asText().equals("wrong");
            assertThat(rejected).isGreaterThanOrEqualTo(wrong ? chosen + 1 : (int) Math.ceil(1.5 * chosen));
        }
        assertThat(Examples.read(Dpo.DEFAULT, MODEL, OfflineConfig.of(Dpo.DEFAULT), file, false)
                        .rows())
                .isEqualTo(data.rows());
    }

    @Test
    void whereNothingIsRightNothingIsWritten() {
        Path file = folder.resolve("none.jsonl");
        assertThatThrownBy(() ->
                        SelectedData.write(sampler(2, 3), TASK.trainProblems(3, 0, 4), new ShortestCorrect(), file))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("no row comes of 4 problems with 2 completions each");
        assertThat(file).doesNotExist();
    }
}
