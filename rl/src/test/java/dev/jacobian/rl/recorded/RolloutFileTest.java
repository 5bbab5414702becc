// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recorded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.TestModels;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every fault of a file of rollouts is told before a run, with file and line. */
class RolloutFileTest {
    private static final CausalLM MODEL = TestModels.addition();

    @TempDir
    Path folder;

    private static String line(int row, String more) {
        return "{\"generation\": 0, \"row\": " + row + ", \"prompt_ids\": [3, 4], \"completion_ids\": [5, 6]"
                + ", \"rewards\": {\"a\": 1.0}" + more + "}";
    }

    private RecordedRollouts read(int steps, String... lines) throws IOException {
        Path file = folder.resolve("rollouts.jsonl");
        Files.write(file, List.of(lines));
        Path data = folder.resolve("data.jsonl");
        Files.write(data, List.of("{}", "{}"));
        RlConfig config = RlConfig.builder()
                .maxSteps(steps)
                .promptsPerStep(1)
                .numGenerations(2)
                .maxCompletionLength(4)
                .build();
        return RecordedRollouts.read(file, Optional.of(Rows.of(data)), MODEL, config.rollout(), config.plan(), steps);
    }

    private void refused(String what, String... lines) {
        assertThatThrownBy(() -> read(1, lines))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("rollouts.jsonl")
                .hasMessageContaining(what);
    }

    @Test
    @DisplayName("a complete file is groups of samples, in order")
    void complete() throws IOException {
        assertThat(read(2, line(0, ""), line(0, ""), line(1, ""), line(1, "")).size())
                .isEqualTo(2);
    }

    @Test
    @DisplayName("faults of a line")
    void lines() {
        refused(
                "line 2: 'completion_ids' must be a list",
                line(0, ""),
                "{\"prompt_ids\": [3], \"rewards\": {\"a\": 1}}");
        refused("line 1: 'prompt_ids' has 99999", line(0, "").replace("[3, 4]", "[3, 99999]"));
        refused("line 1: 'sampling_logps' must be a list of 2 numbers", line(0, ", \"sampling_logps\": [-1]"));
        refused("line 1: 'sampling_logps' has 1.5", line(0, ", \"sampling_logps\": [-1, 1.5]"));
        refused("line 1: 'sampling_logps' has", line(0, ", \"sampling_logps\": [-1, 1e999]"));
        refused("line 1", line(0, ", \"sampling_logps\": [-1, NaN]"));
        refused("line 1: 'env_mask' has 2", line(0, ", \"env_mask\": [1, 2]"));
        refused("line 1: 'row' is 7, but the data has 2 rows", line(7, ""));
        refused("line 1: the completion has 5 tokens", line(0, "").replace("[5, 6]", "[5, 6, 5, 6, 5]"));
        refused("line 1: 'rewards' must be an object", line(0, "").replace("{\"a\": 1.0}", "3"));
        refused("line 1: the reward 'a' is", line(0, "").replace("1.0", "1e300"));
        refused("line 2: 'rewards' has [b]", line(0, ""), line(0, "").replace("\"a\"", "\"b\""));
        refused("line 2: 'sampling_logps' is there", line(0, ""), line(0, ", \"sampling_logps\": [-1, -1]"));
    }

    @Test
    @DisplayName("groups of another size, and a file that ends before the run")
    void groups() {
        refused("has 1 samples of one prompt, but num_generations is 2", line(0, ""), line(1, ""));
        refused("has more than 2 samples", line(0, ""), line(0, ""), line(0, ""), line(0, ""));
        refused("has 1 samples of one prompt", line(0, ""));
        assertThatThrownBy(() -> read(3, line(0, ""), line(0, "")))
                .hasMessageContaining("the file has 1 groups of samples, and max_steps=3 needs 3")
                .hasMessageContaining("Lower max_steps to 1 at most");
    }
}
