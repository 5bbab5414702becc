// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Jsonl;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Scoring;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.Countdown;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.RepetitionConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The rule that docs/rollouts.md recommends stops what runs in circles, and nothing else that is known here. */
class RepetitionStopTest {
    private static final RepetitionConfig RECOMMENDED = new RepetitionConfig(32, 4);

    /** A rule that fits the bundled model's completions of 144 tokens at most. */
    private static final RepetitionConfig SHORT = new RepetitionConfig(16, 4);

    /** A text of a golden file, and what the file says it is. */
    private record Text(String category, String text) {}

    private static void collect(JsonNode node, String category, List<Text> into) {
        if (node.isTextual()) {
            into.add(new Text(category, node.textValue()));
        }
        node.forEach(child -> collect(child, category, into));
    }

    @Test
    @DisplayName("of 26,000 golden texts, a character a token, it stops nine: all of them bombs of brackets and digits,"
            + " made to do harm")
    void goldenTexts() throws IOException {
        List<Text> texts = new ArrayList<>();
        try (Stream<Path> files = Files.walk(TestPaths.testdata("rewards"))) {
            for (Path file : files.filter(path -> path.toString().endsWith(".jsonl"))
                    .sorted()
                    .toList()) {
                for (JsonNode row : Jsonl.read(file)) {
                    collect(row, row.path("category").asText(), texts);
                }
            }
        }
        assertThat(texts).hasSizeGreaterThan(25_000);
        List<Text> stopped = texts.stream()
                .filter(text -> RECOMMENDED.stops(text.text().chars().toArray()).isPresent())
                .toList();
        assertThat(stopped)
                .hasSize(9)
                .allSatisfy(text -> assertThat(text.category()).isEqualTo("adversarial"));
    }

    @Test
    @DisplayName("of the bundled model's answers to 128 problems it stops no right one, and changes none")
    void rightAnswers() {
        CausalLM model = CausalLM.load(TestPaths.project().resolve("models/countdown-0.6m"));
        Task task = Countdown.small();
        List<RolloutTask.Request> requests = new ArrayList<>();
        List<Problem> problems = task.evalProblems(128);
        for (int i = 0; i < problems.size(); i++) {
            requests.add(new RolloutTask.Request(problems.get(i), i, 2));
        }
        GenerationConfig free = GenerationConfig.sampling(144, 1f, 3);
        GenerationConfig ruled = GenerationConfig.builder()
                .maxNewTokens(144)
                .seed(3)
                .repetitionNgram(SHORT.ngram())
                .repetitionCount(SHORT.count())
                .build();
        List<Group> usual = Rollouts.local(model).run(new RolloutTask(requests, free, 0));
        List<Group> watched = Rollouts.local(model).run(new RolloutTask(requests, ruled, 0));
        List<ScoredGroup> scored = Scoring.score(usual, new CompletionText(model), task);
        int right = 0;
        for (int g = 0; g < usual.size(); g++) {
            for (int s = 0; s < 2; s++) {
                if (scored.get(g).solved()[s]) {
                    right++;
                    assertThat(watched.get(g).samples().get(s).finish()).isNotEqualTo(FinishReason.REPETITION);
                    assertThat(watched.get(g).completion(s))
                            .isEqualTo(usual.get(g).completion(s));
                }
            }
        }
        assertThat(right).isGreaterThan(50);
    }

    @Test
    @DisplayName(
            "a run of a model that knows no way out says how many it stopped, takes the penalty off their reward and"
                    + " learns on")
    void penalized() {
        List<Double> free = new ArrayList<>();
        List<Double> fined = new ArrayList<>();
        List<Double> stopped = new ArrayList<>();
        for (List<Double> rewards : List.of(free, fined)) {
            RlConfig.Builder config = RlConfig.builder()
                    .maxSteps(2)
                    .promptsPerStep(8)
                    .numGenerations(4)
                    .maxCompletionLength(5)
                    .temperature(2)
                    .evalSteps(0)
                    .finalEvalProblems(5)
                    .repetitionNgram(1)
                    .repetitionCount(2);
            if (rewards == fined) {
                config.repetitionStopPenalty(0.5);
            }
            new RlTrainer(TestModels.addition(), new Addition(), config.build())
                    .listener(TrainingListener.eachStep(step -> {
                        if (step.step() == 1) {
                            rewards.add(step.get("reward"));
                            stopped.add(step.get("rollout/repetition"));
                        }
                    }))
                    .train();
        }
        assertThat(stopped.getFirst()).isBetween(0.01, 0.9).isEqualTo(stopped.getLast());
        assertThat(fined.getFirst()).isCloseTo(free.getFirst() - 0.5 * stopped.getFirst(), Offset.offset(1e-9));
    }
}
