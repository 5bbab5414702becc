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
import dev.jacobian.tensor.Rng;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * E18: preferences that go round in a circle. Rock beats scissors, scissors beats paper, paper beats rock: a reward puts the three in an
 * order, which is wrong about one pair in three; a general preference model needs none. There are many things of each kind ({@code rock417}),
 * and no pair comes twice, so that accuracy is that of pairs that were not seen before.
 *
 * @param steps optimizer steps
 * @param batch pairs of a step
 * @param hidden width of the model, whose weights are random at first
 */
public record CyclicPreference(int steps, int batch, int hidden) implements Claim {
    private static final List<String> CIRCLE = List.of("rock>scissors", "scissors>paper", "paper>rock");
    private static final List<String> ORDER = List.of("rock>scissors", "scissors>paper", "rock>paper");
    private static final int OF_A_KIND = 1000;
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
                "Both kinds of reward model from the same random weights on rocks, papers and scissors, a thousand of"
                    + " each; share of new pairs that are ordered rightly over the last fifth of the steps. That the"
                    + " circle is what Bradley–Terry cannot represent shows where the same model learns the three in"
                    + " an order.",
                "optimizer steps → pairs ordered rightly",
                List.of("Three pairs, the same in training and measurement, and no order to compare with: reproduced;"
                        + " 1.000 against 0.442. That did not show that anything was learned beyond three pairs."),
                2);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        Measured.Builder measured = Measured.builder();
        double general = accuracy(GeneralPreference.DEFAULT, CIRCLE, "general preference model", seed, measured);
        double reward = accuracy(BradleyTerry.DEFAULT, CIRCLE, "Bradley–Terry", seed, measured);
        double ordered = accuracy(BradleyTerry.DEFAULT, ORDER, "Bradley–Terry, in an order", seed, measured);
        return measured.figure("accuracy, general preference model", general)
                .figure("accuracy, Bradley–Terry", reward)
                .figure("accuracy in an order, Bradley–Terry", ordered)
                .build();
    }

    @Override
    public String varies() {
        return "the weights of the model and all pairs";
    }

    private double accuracy(
            OfflineMethod<?> method, List<String> beats, String name, long seed, Measured.Builder measured) {
        CausalLM model = new TinyModel(hidden, 1, new Trace(2, 2, 0, 0, 1), 0, 1, 1e-3)
                .fresh(seed)
                .withFreshHead(method.head().orElseThrow(), seed);
        List<StepMetrics> metrics = new ArrayList<>();
        train(method, beats, model, seed, metrics);
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

    private <E> void train(
            OfflineMethod<E> method, List<String> beats, CausalLM model, long seed, List<StepMetrics> metrics) {
        OfflineConfig config = OfflineConfig.builder(method)
                .numTrainEpochs(1)
                .perDeviceTrainBatchSize(batch)
                .learningRate(1e-3)
                .seed(seed)
                .build();
        try {
            Path file = Files.createTempFile("jacobian-circle", ".jsonl");
            try {
                List<String> rows = new ArrayList<>();
                Rng rng = new Rng(seed, 18);
                for (int i = 0; i < steps * batch; i++) {
                    String[] two = beats.get(rng.nextInt(beats.size())).split(">");
                    rows.add(Json.compact(Json.object()
                            .put("chosen", two[0] + rng.nextInt(OF_A_KIND))
                            .put("rejected", two[1] + rng.nextInt(OF_A_KIND))));
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
        return Rule.given(
                Rule.above("accuracy in an order, Bradley–Terry", 0.95),
                Rule.all(
                        Rule.above("accuracy, general preference model", 0.95),
                        Rule.below("accuracy, Bradley–Terry", 0.7))); // two thirds at best, and chance
    }
}
