// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.io.Json;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.offline.BradleyTerry;
import dev.jacobian.rl.offline.Examples;
import dev.jacobian.rl.offline.GeneralPreference;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineMethod;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.reproduction.Claim;
import dev.jacobian.rl.reproduction.ClaimFacts;
import dev.jacobian.rl.reproduction.Measured;
import dev.jacobian.rl.reproduction.Paper;
import dev.jacobian.rl.reproduction.Rule;
import dev.jacobian.rl.reproduction.rig.TinyModel;
import dev.jacobian.rl.reproduction.rig.Trace;
import dev.jacobian.rl.reproduction.rig.Workshop;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * E18: preferences that go round in a circle. Rock beats scissors, scissors beats paper, paper beats rock: a reward puts the three in an
 * order, which is wrong about one pair in three; a general preference model needs none.
 *
 * @param steps optimizer steps over all pairs
 * @param hidden width of the model, whose weights are random at first
 */
public record CyclicPreference(int steps, int hidden) implements Claim {
    private static final List<String> BEATS = List.of("rock>scissors", "scissors>paper", "paper>rock");
    private static final int END = 5; // of so many parts of the run the last is its end

    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E18",
                "Preferences in a circle",
                "A general preference model learns intransitive preferences, which a Bradley–Terry reward cannot"
                        + " represent.",
                new Paper(
                        "GPM, arXiv 2410.02197", "100 % on cyclic preferences, where Bradley–Terry stays near chance"),
                "Both kinds of reward model from the same random weights on rock, paper, scissors; share of pairs that"
                        + " are ordered rightly over the last fifth of the steps.",
                "optimizer steps → pairs ordered rightly",
                List.of("Nothing else; these were the first settings."),
                1);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        Measured.Builder measured = Measured.builder();
        double general = accuracy(GeneralPreference.DEFAULT, "general preference model", seed, measured);
        double reward = accuracy(BradleyTerry.DEFAULT, "Bradley–Terry", seed, measured);
        return measured.figure("accuracy, general preference model", general)
                .figure("accuracy, Bradley–Terry", reward)
                .build();
    }

    private double accuracy(OfflineMethod<?> method, String name, long seed, Measured.Builder measured) {
        CausalLM model = new TinyModel(hidden, 1, new Trace(2, 2, 0, 0, 1), 0, 1, 1e-3, seed)
                .fresh()
                .withFreshHead(method.head().orElseThrow(), seed);
        List<StepMetrics> metrics = new ArrayList<>();
        train(method, model, seed, metrics);
        double[] x = new double[metrics.size()];
        double[] y = new double[metrics.size()];
        double last = 0;
        int from = metrics.size() - Math.max(1, metrics.size() / END);
        for (int i = 0; i < x.length; i++) {
            x[i] = metrics.get(i).step();
            y[i] = metrics.get(i).get("accuracy");
            last += i >= from ? y[i] / (x.length - from) : 0;
        }
        measured.curve(name, x, y);
        return last;
    }

    private <E> void train(OfflineMethod<E> method, CausalLM model, long seed, List<StepMetrics> metrics) {
        OfflineConfig config = OfflineConfig.builder(method)
                .maxSteps(steps)
                .perDeviceTrainBatchSize(BEATS.size())
                .learningRate(1e-3)
                .seed(seed)
                .build();
        try {
            Path file = Files.createTempFile("jacobian-circle", ".jsonl");
            try {
                List<String> rows = new ArrayList<>();
                for (String pair : BEATS) {
                    String[] two = pair.split(">");
                    rows.add(Json.compact(Json.object().put("chosen", two[0]).put("rejected", two[1])));
                }
                Files.write(file, rows);
                Examples<E> examples = Examples.read(method, model, config, file, false);
                new OfflineTrainer<>(model, method, examples, config)
                        .listener(TrainingListener.eachStep(metrics::add))
                        .train();
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write pairs into the folder for temporary files", e);
        }
    }

    @Override
    public Rule rule() {
        return Rule.all(
                Rule.above("accuracy, general preference model", 0.99), Rule.below("accuracy, Bradley–Terry", 0.67));
    }
}
