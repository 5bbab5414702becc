// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Jsonl;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.tensor.DType;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Fine-tuning checkpoints and resumes like reinforcement learning, and looks at all rows before its first step. */
class SftResumeTest {
    private static final OfflineConfig CONFIG = OfflineConfig.builder(Sft.DEFAULT)
            .maxSteps(7)
            .perDeviceTrainBatchSize(4)
            .learningRate(1e-3)
            .warmupSteps(2)
            .loggingSteps(2)
            .saveSteps(3)
            .build();

    @TempDir
    Path folder;

    private Path data() throws IOException {
        return Files.writeString(
                folder.resolve("sums.jsonl"),
                IntStream.range(0, 30)
                        .mapToObj(i -> "{\"prompt\": \"" + i + "+1=\", \"completion\": \"" + (i + 1) + "\"}\n")
                        .collect(Collectors.joining()));
    }

    private static OfflineTrainer<Demonstration> trainer(Path data, OfflineConfig config) {
        return OfflineTrainer.sft(CausalLM.load(TestPaths.model("arith-qwen3")), SftDataset.jsonl(data), config);
    }

    private static RunOrigin origin(Path data) {
        return new RunOrigin(TestPaths.model("arith-qwen3").toString(), "jsonl", Optional.of(data.toString()));
    }

    private static double train(Path data, Path run, boolean resume) {
        return trainer(data, CONFIG)
                .output(run, origin(data), DType.F32, resume)
                .train();
    }

    @Test
    @DisplayName("stopped at any step and resumed, it ends with the weights, the loss and the metrics of the whole run")
    void resumed() throws IOException {
        Path data = data();
        Path whole = folder.resolve("whole");
        double loss = train(data, whole, false);
        assertThat(loss).isEqualTo(trainer(data, CONFIG).train()); // a folder changes nothing
        assertThat(metrics(whole)).extracting(line -> line.path("step").asInt()).containsExactly(2, 4, 6, 7);
        for (int stop = 1; stop <= 7; stop++) {
            Path run = folder.resolve("stopped-" + stop);
            int last = stop;
            OfflineTrainer<Demonstration> stopped =
                    trainer(data, CONFIG.toBuilder().build()).output(run, origin(data), DType.F32, false);
            stopped.listener(TrainingListener.eachStep(step -> {
                if (step.step() >= last) {
                    throw new IllegalStateException("stopped");
                }
            }));
            assertThatThrownBy(stopped::train).hasMessage("stopped");
            assertThat(train(data, run, true)).isEqualTo(loss);
            assertThat(Files.mismatch(run.resolve("model.safetensors"), whole.resolve("model.safetensors")))
                    .as("weights after a stop at %s", stop)
                    .isEqualTo(-1);
            assertThat(metrics(run)).isEqualTo(metrics(whole));
        }
        assertThat(train(data, whole, true)).isEqualTo(loss); // there is nothing left to do
    }

    private static List<JsonNode> metrics(Path run) {
        return Jsonl.read(run.resolve("metrics.jsonl")).stream()
                .map(line -> (JsonNode) ((ObjectNode) line).without("tokens_per_s"))
                .toList();
    }

    @Test
    @DisplayName("other settings, other data, and a folder in use are refused")
    void misuse() throws IOException {
        Path data = data();
        Path run = folder.resolve("run");
        assertThatThrownBy(() -> train(data, run, true)).hasMessageContaining("no run to resume");
        OfflineTrainer<Demonstration> holder = trainer(data, CONFIG).output(run, origin(data), DType.F32, false);
        assertThatThrownBy(() -> train(data, run, true))
                .hasMessageContaining("process " + ProcessHandle.current().pid());
        holder.train();
        assertThatThrownBy(() -> train(data, run, false)).hasMessageContaining("already holds a run");
        OfflineConfig other = CONFIG.toBuilder().learningRate(0.5).build();
        assertThatThrownBy(() -> trainer(data, other).output(run, origin(data), DType.F32, true))
                .hasMessageContaining("learning_rate was 0.001, now 0.5");
        Files.writeString(data, Files.readString(data) + "{\"prompt\": \"1+1=\", \"completion\": \"2\"}\n");
        assertThatThrownBy(() -> train(data, run, true)).hasMessageContaining("sums.jsonl has other content");
        Path state = run.resolve("checkpoint-7").resolve("trainer_state.json");
        data();
        Files.writeString(state, Files.readString(state).replace("\"tokens\":", "\"tokens\": -1, \"was\":"));
        assertThatThrownBy(() -> train(data, run, true))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("'tokens' must be a count");
    }

    @Test
    @DisplayName("a row that is too long is named before the first step, wherever it stands, or left out")
    void longRow() throws IOException {
        Path data = data();
        Files.writeString(
                data,
                Files.readString(data) + "{\"prompt\": \"" + "1".repeat(70) + "\", \"completion\": \"2\"}\n"
                        + "{\"prompt\": \"\", \"completion\": \"\"}\n");
        assertThatThrownBy(() -> trainer(data, CONFIG))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("sums.jsonl, row 31")
                .hasMessageContaining("72 tokens")
                .hasMessageContaining("64 positions");
        CausalLM model = CausalLM.load(TestPaths.model("arith-qwen3"));
        Examples<Demonstration> usable = Examples.read(Sft.DEFAULT, model, CONFIG, data, true);
        assertThat(usable.skipped()).hasSize(2);
        assertThat(usable.listed()).hasSize(30);
        new OfflineTrainer<>(model, Sft.DEFAULT, usable, CONFIG).train();
    }
}
