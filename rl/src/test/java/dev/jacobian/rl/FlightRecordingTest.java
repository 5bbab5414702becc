// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.task.Addition;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A flight recording of a training run has its steps and rollouts, with the figures of the metrics. */
class FlightRecordingTest {
    @TempDir
    private Path folder;

    @Test
    void stepsAndRollouts() throws Exception {
        RlConfig config = RlConfig.builder()
                .maxSteps(2)
                .promptsPerStep(3)
                .numGenerations(4)
                .maxCompletionLength(4)
                .finalEvalProblems(2)
                .klSamples(0)
                .build();
        List<StepMetrics> metrics = new ArrayList<>();
        Path file = folder.resolve("run.jfr");
        try (Recording recording = new Recording()) {
            recording.start();
            new RlTrainer(TestModels.addition(), new Addition(), config)
                    .listener(TrainingListener.eachStep(metrics::add))
                    .train();
            recording.stop();
            recording.dump(file);
        }

        List<RecordedEvent> events = RecordingFile.readAllEvents(file);
        List<RecordedEvent> steps = named(events, "dev.jacobian.TrainingStep");
        List<RecordedEvent> all = named(events, "dev.jacobian.Rollout");
        assertThat(all)
                .extracting(e -> e.getInt("prompts"))
                .containsExactly(2, 3, 3, 2); // evaluations around the steps
        List<RecordedEvent> rollouts = all.subList(1, 3);
        assertThat(steps).extracting(e -> e.getInt("step")).containsExactly(1, 2);
        assertThat(rollouts).extracting(e -> e.getInt("samples")).containsOnly(12);
        metrics.removeIf(step -> step.step() == 0);
        double before = 0;
        for (int i = 0; i < 2; i++) {
            RecordedEvent step = steps.get(i);
            double tokens = metrics.get(i).get("num_tokens");
            assertThat((double) step.getLong("tokens")).isEqualTo(tokens - before);
            assertThat(rollouts.get(i).getLong("tokens")).isEqualTo(step.getLong("tokens"));
            assertThat(step.getInt("samples")).isEqualTo(12);
            assertThat(step.getDouble("loss")).isEqualTo(metrics.get(i).get("loss"));
            assertThat(step.getDuration()).isGreaterThan(rollouts.get(i).getDuration());
            before = tokens;
        }
    }

    private static List<RecordedEvent> named(List<RecordedEvent> events, String name) {
        return events.stream()
                .filter(event -> event.getEventType().getName().equals(name))
                .toList();
    }
}
