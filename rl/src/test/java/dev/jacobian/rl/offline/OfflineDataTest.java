// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What recorded-data runs make of their rows and of the settings that decide how these are gone through. */
class OfflineDataTest {
    @TempDir
    Path folder;

    private static CausalLM model() {
        return CausalLM.load(TestPaths.model("arith-qwen3"));
    }

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("data.jsonl"), text);
    }

    /** A configuration from settings, as a file would hold them. */
    private static <E> OfflineConfig config(OfflineMethod<E> method, Object... settings) {
        Given given = new Given();
        for (int i = 0; i < settings.length; i += 2) {
            given.set((String) settings[i], settings[i + 1], "the test");
        }
        return OfflineConfig.of(method).with(given);
    }

    @SuppressWarnings("unchecked") // the configuration's method
    private static <E> List<Double> losses(OfflineConfig config, Path data) {
        CausalLM model = model();
        OfflineMethod<E> method = (OfflineMethod<E>) config.method();
        List<Double> losses = new ArrayList<>();
        new OfflineTrainer<>(model, method, Examples.read(method, model, config, data, false), config)
                .listener(TrainingListener.eachStep((StepMetrics step) -> losses.add(step.get("loss"))))
                .train();
        return losses;
    }

    @ParameterizedTest
    @ValueSource(strings = {"kto", "bco"})
    @DisplayName("scores of the reference that are made before training change no bit of a run, KTO's reference point"
            + " included")
    void precomputed(String name) throws IOException {
        Path data = file(IntStream.range(0, 12)
                .mapToObj(i -> "{\"prompt\": \"" + i + "+1=\", \"completion\": \"" + (i + 1 + i % 2) + "\", \"label\": "
                        + (i % 2 == 0) + "}\n")
                .collect(Collectors.joining()));
        OfflineMethod<?> method = OfflineMethods.find(name).orElseThrow();
        Object[] settings = {
            "max_steps", 6, "per_device_train_batch_size", 4, "learning_rate", 1e-2, "precompute_ref_log_probs", false
        };
        List<Double> before = losses(config(method, settings), data);
        settings[settings.length - 1] = true;
        assertThat(losses(config(method, settings), data)).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[1, 2]", "5", "\"text\"", "null", "true"})
    @DisplayName("a row that is no object is refused with file and row, by every method")
    void noObject(String row) throws IOException {
        for (OfflineMethod<?> method : OfflineMethods.all()) {
            Path data = file("\n" + row + "\n");
            assertThatThrownBy(() -> Examples.read(method, model(), OfflineConfig.of(method), data, false))
                    .as(method.name())
                    .isInstanceOf(FormatException.class)
                    .hasMessageContaining("data.jsonl, row 1 (line 2): a JSON object is expected");
        }
    }

    @Test
    @DisplayName("a max_length that leaves nothing to learn says so")
    void nothingLeft() throws IOException {
        Path data = file("{\"prompt\": \"10+20=\", \"completion\": \"30\"}\n");
        OfflineConfig config = config(Sft.DEFAULT, "max_length", 2);
        assertThatThrownBy(() -> Examples.read(Sft.DEFAULT, model(), config, data, false))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("max_length 2 leaves no token to learn from");
    }

    @Test
    @DisplayName("a stream of examples is cut into rows that the model has positions for, or refused")
    void wrappedBeyondPositions() throws IOException {
        Path data = file("{\"prompt\": \"10+20=\", \"completion\": \"30\"}\n".repeat(200));
        int positions = model().config().maxPositions();
        for (int length : new int[] {positions, positions + 1}) {
            OfflineConfig config =
                    config(Sft.DEFAULT, "packing", true, "packing_strategy", "wrapped", "max_length", length);
            Sft method = (Sft) config.method();
            if (length == positions) {
                assertThat(Examples.read(method, model(), config, data, false).listed())
                        .isNotEmpty();
            } else {
                assertThatThrownBy(() -> Examples.read(method, model(), config, data, false))
                        .isInstanceOf(FormatException.class)
                        .hasMessageContaining("more than the model's " + positions + " positions");
            }
        }
    }

    @Test
    @DisplayName("KTO's mismatched completions fill max_length behind the prompt that they are put behind, as in TRL")
    void mismatched() throws IOException {
        Path data = file("{\"prompt\": \"1+1=\", \"completion\": \"2\", \"label\": true}\n"
                + "{\"prompt\": \"10+20=\", \"completion\": \"301234\", \"label\": false}\n");
        OfflineConfig config = config(Kto.DEFAULT, "max_length", 9);
        List<Judged> rows =
                Examples.read(Kto.DEFAULT, model(), config, data, false).listed();
        assertThat(rows.get(1).completion()).hasSize(9 - rows.get(1).prompt().length);
        List<Span> spans = Kto.DEFAULT.aside(rows);
        assertThat(spans.get(0).tokens()).isEqualTo(rows.get(0).prompt());
        assertThat(spans.get(1).tokens()) // of the row before, in a circle
                .hasSize(9 - rows.get(0).prompt().length)
                .startsWith(rows.get(1).completion());
        assertThat(spans.get(3).tokens()).isEqualTo(rows.get(0).completion());
    }

    @Test
    @DisplayName("more passes than steps can be counted are refused")
    void endless() {
        assertThatThrownBy(() -> config(Dpo.DEFAULT, "num_train_epochs", 1e12).steps(24))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("num_train_epochs");
    }

    @Test
    @DisplayName("warmup_steps below 1 are a part of the run")
    void partOfRun() {
        OfflineConfig part = config(Dpo.DEFAULT, "warmup_steps", 0.25);
        assertThat(ConfigTree.toJson(part)).isEqualTo(ConfigTree.toJson(config(Dpo.DEFAULT, "warmup_ratio", 0.25)));
        assertThat(part.optimization().schedule(8).factor(1)).isEqualTo(0.5);
    }
}
