// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.io.Json;
import dev.jacobian.rl.judge.HeldModel;
import dev.jacobian.rl.judge.RewardModel;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.offline.Examples;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.offline.OutcomeValue;
import dev.jacobian.rl.reproduction.Claim;
import dev.jacobian.rl.reproduction.ClaimFacts;
import dev.jacobian.rl.reproduction.Measured;
import dev.jacobian.rl.reproduction.Paper;
import dev.jacobian.rl.reproduction.Rule;
import dev.jacobian.rl.reproduction.rig.ClaimedSums;
import dev.jacobian.rl.reproduction.rig.Skill;
import dev.jacobian.rl.reproduction.rig.TinyModel;
import dev.jacobian.rl.reproduction.rig.Trace;
import dev.jacobian.rl.reproduction.rig.Workshop;
import dev.jacobian.rl.reward.BatchReward;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.FinishReason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * E26: a reward model that says a number at once, or one that reasons first.
 *
 * @param hidden width of both, whose weights are random at first
 * @param minTerms fewest terms of the sums that are judged
 * @param maxTerms most
 * @param steps of training, of both
 * @param batch labelled answers of a step; none comes twice
 * @param problems held-out answers that both judge
 */
public record RewardModelKinds(int hidden, int minTerms, int maxTerms, int steps, int batch, int problems)
        implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E26",
                "Classic against reasoning reward model",
                "A reward model that reasons before its verdict judges answers better than one with a value head, from"
                        + " the same data.",
                new Paper("Kimi k1.5, arXiv 2501.12599", "98.5 % against 84.4 % in a spot check"),
                "The same labelled answers to sums, the same width and steps: a value head with a logistic loss, and a"
                        + " model that writes the sum and then yes or no, which also learns from more tokens of each."
                        + " Accuracy of both on the same held-out answers, half of them wrong.",
                "optimizer steps → answers judged rightly by the value head, before it learns from them",
                List.of("Nothing else was run in full. The value head was to be measured on training answers before it"
                        + " learned from them, the other on held-out ones."),
                2);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        ClaimedSums answers = new ClaimedSums(minTerms, maxTerms);
        TinyModel random = new TinyModel(hidden, 2, new Trace(minTerms, maxTerms, 0, 0, 1), 0, batch, 3e-3);
        Measured.Builder measured = Measured.builder();
        double classic = classic(random.fresh(seed), answers, seed, measured);
        CausalLM judge = TinyModel.tuned(random.fresh(seed), answers, steps, batch, 3e-3, seed);
        double reasoning = Skill.of(judge, answers, problems, 1, seed).get("pass@1");
        return measured.figure("accuracy, value head", classic)
                .figure("accuracy, reasoning", reasoning)
                .figure("accuracy, reasoning − value head", reasoning - classic)
                .build();
    }

    private double classic(CausalLM model, ClaimedSums answers, long seed, Measured.Builder measured) {
        OutcomeValue method = OutcomeValue.DEFAULT;
        CausalLM scoring = model.withFreshHead(method.scores(), seed);
        OfflineConfig config = OfflineConfig.builder(method)
                .numTrainEpochs(1)
                .perDeviceTrainBatchSize(batch)
                .learningRate(3e-3)
                .seed(seed)
                .build();
        List<StepMetrics> metrics = new ArrayList<>();
        try {
            Path file = Files.createTempFile("jacobian-answers", ".jsonl");
            try {
                List<String> rows = new ArrayList<>();
                for (int i = 0; i < steps * batch; i++) {
                    SftExample example = answers.example(seed, i);
                    rows.add(Json.compact(Json.object()
                            .put("prompt", question(example.prompt()))
                            .put("completion", ClaimedSums.claim(example.prompt()))
                            .put("label", ClaimedSums.isRight(example.prompt()))));
                }
                Files.write(file, rows);
                new OfflineTrainer<>(scoring, method, Examples.read(method, scoring, config, file, false), config)
                        .listener(TrainingListener.eachStep(metrics::add))
                        .train();
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write answers into the folder for temporary files", e);
        }
        double[] x = metrics.stream().mapToDouble(StepMetrics::step).toArray();
        double[] y = metrics.stream().mapToDouble(step -> step.get("accuracy")).toArray();
        measured.curve("value head", x, y);
        return judged(scoring, answers);
    }

    /** The share of held-out answers whose score is positive if they are right, and negative if not. */
    private double judged(CausalLM scoring, ClaimedSums answers) {
        List<Problem> asked = answers.evalProblems(problems);
        List<BatchReward.Samples> samples = asked.stream()
                .map(problem -> new Completion(
                        problem.id(),
                        question(problem.prompt()),
                        problem.columns(),
                        ClaimedSums.claim(problem.prompt()),
                        new int[0],
                        FinishReason.STOP))
                .map(completion -> new BatchReward.Samples(List.of(completion), new double[1]))
                .toList();
        List<List<Score>> scores = new RewardModel(HeldModel.resident(scoring)).score(samples);
        int right = 0;
        for (int i = 0; i < problems; i++) {
            boolean isLiked = scores.get(i).getFirst().orNaN() > 0;
            right += isLiked == ClaimedSums.isRight(asked.get(i).prompt()) ? 1 : 0;
        }
        return (double) right / problems;
    }

    private static String question(String prompt) {
        return prompt.substring(0, prompt.indexOf('=') + 1);
    }

    @Override
    public String varies() {
        return "the weights of both models and all answers that they learn from; held-out answers are the same for all";
    }

    @Override
    public Rule rule() {
        return Rule.above("accuracy, reasoning − value head", 0);
    }
}
