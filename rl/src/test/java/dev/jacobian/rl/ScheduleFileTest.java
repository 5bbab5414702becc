// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.StaleRollouts;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.rl.task.Task;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A schedule that is not the run's, or cannot be carried out, is one clear error before the first step. */
class ScheduleFileTest {
    private static final Task TASK = new PromptTask(
            "sums",
            List.of("12+30=", "25+7=", "40+41="),
            RewardFunction.named("length", completion -> Score.of(completion.tokenIds().length)));

    @TempDir
    Path folder;

    private static RlConfig.Builder config(StaleRollouts stale) {
        return RlConfig.builder()
                .maxSteps(4)
                .promptsPerStep(1)
                .numGenerations(2)
                .maxCompletionLength(4)
                .finalEvalProblems(1)
                .saveSteps(0)
                .maxStaleness(2)
                .reproducible(false)
                .staleRollouts(stale);
    }

    private Path write(RlConfig config, String... decisions) throws IOException {
        List<String> lines = new ArrayList<>(List.of(Json.compact(ScheduleFile.header(config, 4))));
        lines.addAll(List.of(decisions));
        return Files.write(folder.resolve("schedule.jsonl"), lines);
    }

    private static RlTrainer replaying(RlConfig config, Path file) {
        return new RlTrainer(
                TestModels.addition(),
                TASK,
                config.toBuilder().replaySchedule(file).build());
    }

    private static final String[] WHOLE = {
        "{\"sample\":1,\"weights\":0}",
        "{\"sample\":2,\"weights\":1}",
        "{\"sample\":3,\"weights\":1}",
        "{\"sample\":4,\"weights\":3}",
        "{\"saved\":4}"
    };

    @Test
    @DisplayName("one that is whole and the run's own is carried out")
    void whole() throws IOException {
        RlConfig config = config(StaleRollouts.WAIT).build();
        List<Long> versions = new ArrayList<>();
        replaying(config, write(config, WHOLE))
                .observer((step, measured) -> versions.add(step.sampled()
                        .getFirst()
                        .group()
                        .samples()
                        .getFirst()
                        .versions()
                        .oldest()))
                .train();
        assertThat(versions).containsExactly(0L, 1L, 1L, 3L);
    }

    @Test
    @DisplayName(
            "of another seed, another length, other settings, other data or another model: refused with the difference")
    void others() throws IOException {
        RlConfig config = config(StaleRollouts.WAIT).build();
        Path file = write(config, WHOLE);
        assertThatThrownBy(() -> replaying(config.toBuilder().seed(5).build(), file))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("line 1")
                .hasMessageContaining("another seed: 0, now 5");
        assertThatThrownBy(() -> replaying(config.toBuilder().maxSteps(5).build(), file))
                .hasMessageContaining("another rollouts: 4, now 5");
        assertThatThrownBy(() -> replaying(config.toBuilder().learningRate(0.5).build(), file))
                .hasMessageContaining("another config: learning_rate was 1.0E-6, now 0.5");
        replaying(config.toBuilder().maxInflight(1).build(), file); // which changes no bit of a replay
        RunOrigin origin = new RunOrigin(TestModels.additionFolder().toString(), "sums", Optional.empty());
        Path recorded = folder.resolve("recorded");
        new RlTrainer(TestModels.addition(), TASK, config)
                .output(recorded, origin, false)
                .train();
        Path schedule = recorded.resolve("schedule.jsonl");
        RunOrigin other = new RunOrigin(folder.toString(), "sums", Optional.empty());
        assertThatThrownBy(() -> replaying(config, schedule).output(folder.resolve("a"), other, false))
                .hasMessageContaining("another inputs");
        assertThat(folder.resolve("a")).as("nothing is begun").doesNotExist();
        RunOrigin differences = new RunOrigin(origin.model(), "differences", Optional.empty());
        assertThatThrownBy(() -> replaying(config, schedule).output(folder.resolve("b"), differences, false))
                .hasMessageContaining("another task: \"sums\", now \"differences\"");
        Path own = Files.createDirectory(folder.resolve("c")).resolve("schedule.jsonl");
        Files.copy(schedule, own);
        assertThatThrownBy(() -> replaying(config, own).output(folder.resolve("c"), origin, false))
                .hasMessageContaining("where this run writes its own decisions");
    }

    @Test
    @DisplayName("no file, no schedule, a broken line, or an early end")
    void broken() throws IOException {
        RlConfig config = config(StaleRollouts.WAIT).build();
        assertThatThrownBy(() -> replaying(config, folder.resolve("none"))).hasMessageContaining("No such file");
        for (String first : List.of("", "{\"sample\":1,\"weights\":0}", "[]")) {
            Path file = Files.writeString(folder.resolve("other.jsonl"), first);
            assertThatThrownBy(() -> replaying(config, file)).hasMessageContaining("which run its decisions are of");
        }
        for (String line :
                List.of("{\"sample\":1", "7", "{\"sample\":1}", "{\"sample\":1,\"weights\":0,\"more\":1}", "{}")) {
            assertThatThrownBy(() -> replaying(config, write(config, line)))
                    .isInstanceOf(FormatException.class)
                    .hasMessageContaining("line 2");
        }
        assertThatThrownBy(() -> replaying(
                        config, write(config, Stream.of(WHOLE).limit(2).toArray(String[]::new))))
                .hasMessageContaining("its decisions end when 2 of 4 rollouts were made")
                .hasMessageContaining("--resume");
        assertThatThrownBy(() -> replaying(
                        config, write(config, Stream.of(WHOLE).limit(4).toArray(String[]::new))))
                .hasMessageContaining("its decisions end when 4 of 4");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "WAIT | s2:0             | rollout 2 cannot begin: 1 is the next one",
                "WAIT | s1:1             | with the weights after rollout 1: there are those after 0 to 0",
                "WAIT | s1:0 s2:0 s3:0 s4:0 | rollout 4 would be 3 rollouts old",
                "WAIT | s1:0 s2:1 s3:0   | there are those after 1 to 1",
                "WAIT | s1:0 l1          | the order of rollouts is no decision with stale_rollouts=wait",
                "WAIT | s1:0 v1          | there is no checkpoint after rollout 1: the next one is after 2",
                "WAIT | s1:0 s2:1 s3:2   | there are those after 1 to 1", // the trainer waits for the checkpoint first
                "WAIT | s1:0 s2:1 v2 s3:1 | there are those after 2 to 2",
                "DROP | s1:0 s2:0 s3:0 s4:0 | rollout 4 would be 3 rollouts old",
                "DROP | s1:0 v2          | needs its samples, and nothing under way",
                "DROP | s1:0 l2          | rollout 2 cannot be learned from: under way are [1]",
                "DROP | s1:0 s2:0 l2 s3:1 s1:1 | rollout 1 cannot begin: 4 is the next one",
                "DROP | s1:0 s2:0 s3:0 l2 s4:1 l3 l4 v2 | needs its samples, and nothing under way",
                "DROP | s1:0 s2:0 s3:0 l2 s4:1 l3 l4 s2:1 | [1] were thrown away",
            })
    @DisplayName(
            "a decision that could not be made there, so that a run would wait for ever, or learn from what is too old")
    void impossible(StaleRollouts stale, String decisions, String message) {
        Schedule schedule =
                new Schedule(new Schedule.Rules(2, stale == StaleRollouts.DROP, 4, saved -> saved < 2 ? 2 : 4), 0, 0);
        assertThatThrownBy(() -> {
                    for (String one : decisions.strip().split(" ")) {
                        int number = one.charAt(1) - '0';
                        schedule.apply(
                                switch (one.charAt(0)) {
                                    case 's' -> new Decision.Sample(number, one.charAt(3) - '0');
                                    case 'l' -> new Decision.Learn(number);
                                    default -> new Decision.Saved(number);
                                });
                    }
                })
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    @DisplayName("decisions are lines that are read as they are written")
    void lines() {
        for (Decision decision : List.of(new Decision.Sample(7, 5), new Decision.Learn(6), new Decision.Saved(6))) {
            ObjectNode line = decision.toJson();
            assertThat(Decision.read(Json.parse(Json.compact(line), "line"), "line"))
                    .isEqualTo(decision);
        }
    }
}
