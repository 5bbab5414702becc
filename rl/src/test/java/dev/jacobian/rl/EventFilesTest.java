// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Jsonl;
import dev.jacobian.rl.config.ReportTo;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.tensor.DType;
import dev.jacobian.testing.TensorBoardFiles;
import dev.jacobian.testing.TensorBoardFiles.Event;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code report_to=tensorboard}: an event file with the metrics of metrics.jsonl, whatever happens to the run. */
class EventFilesTest {
    @TempDir
    Path folder;

    /** The event file has the numbers of metrics.jsonl, rounded to F32, at the same steps and in the same order. */
    private static void assertSame(Path run, int steps) throws IOException {
        List<JsonNode> lines = Jsonl.read(run.resolve("metrics.jsonl"));
        List<Event> events = TensorBoardFiles.readOnly(run);
        assertThat(events.getFirst().version()).isEqualTo("brain.Event:2");
        assertThat(events).hasSize(lines.size() + 1);
        assertThat(lines).hasSizeGreaterThanOrEqualTo(steps);
        for (int i = 0; i < lines.size(); i++) {
            Event event = events.get(i + 1);
            Map<String, Float> numbers = new HashMap<>();
            lines.get(i)
                    .properties()
                    .forEach(entry ->
                            numbers.put(entry.getKey(), entry.getValue().floatValue()));
            assertThat((float) event.step()).isEqualTo(numbers.remove("step"));
            assertThat(event.numbers()).isEqualTo(numbers).isNotEmpty();
            assertThat(event.wallTime()).isBetween(1.7e9, 1e11);
        }
    }

    @Test
    @DisplayName("of reinforcement learning, stopped between checkpoints and resumed")
    void online() throws IOException {
        RlConfig config = ResumeTest.config("grpo").toBuilder()
                .maxSteps(4)
                .evalSteps(0)
                .finalEvalProblems(5)
                .saveSteps(2)
                .reportTo(ReportTo.TENSORBOARD)
                .build();
        RunOrigin origin = new RunOrigin("addition", "addition", Optional.empty());
        RlTrainer begun = new RlTrainer(TestModels.addition(), new Addition(), config)
                .listener(TrainingListener.eachStep(metrics -> {
                    if (metrics.step() == 3) {
                        throw new IllegalStateException("stopped");
                    }
                }))
                .output(folder, origin, false);
        assertThatThrownBy(begun::train).hasMessage("stopped");
        assertThat(TensorBoardFiles.readOnly(folder)).extracting(Event::step).endsWith(2L, 3L);
        new RlTrainer(TestModels.addition(), new Addition(), config)
                .output(folder, origin, true)
                .train();
        assertSame(folder, 4);
    }

    @Test
    @DisplayName("of fine-tuning; and none where nobody asked")
    void offline() throws IOException {
        Path data = Files.writeString(
                folder.resolve("sums.jsonl"), "{\"prompt\": \"1+1=\", \"completion\": \"2\"}\n".repeat(8));
        OfflineConfig config = OfflineConfig.builder(Sft.DEFAULT)
                .maxSteps(3)
                .perDeviceTrainBatchSize(2)
                .build();
        RunOrigin origin = new RunOrigin("addition", "jsonl", Optional.of(data.toString()));
        Path without = folder.resolve("without");
        OfflineTrainer.sft(TestModels.addition(), SftDataset.jsonl(data), config)
                .output(without, origin, DType.F32, false)
                .train();
        assertThat(without.toFile().list()).noneMatch(name -> name.contains("tfevents"));
        Path with = folder.resolve("with");
        OfflineTrainer.sft(
                        TestModels.addition(),
                        SftDataset.jsonl(data),
                        config.toBuilder().reportTo(ReportTo.TENSORBOARD).build())
                .output(with, origin, DType.F32, false)
                .train();
        assertSame(with, 3);
        assertThat(Files.mismatch(with.resolve("model.safetensors"), without.resolve("model.safetensors")))
                .isEqualTo(-1);
    }
}
