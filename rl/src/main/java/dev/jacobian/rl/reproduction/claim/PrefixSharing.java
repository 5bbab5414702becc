// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.loop.Datum;
import dev.jacobian.rl.loop.LossFunctions;
import dev.jacobian.rl.loop.Trainer;
import dev.jacobian.rl.reproduction.Claim;
import dev.jacobian.rl.reproduction.ClaimFacts;
import dev.jacobian.rl.reproduction.Measured;
import dev.jacobian.rl.reproduction.Paper;
import dev.jacobian.rl.reproduction.Rule;
import dev.jacobian.rl.reproduction.rig.TinyModel;
import dev.jacobian.rl.reproduction.rig.Trace;
import dev.jacobian.rl.reproduction.rig.Workshop;
import dev.jacobian.tensor.Rng;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * E30: a prompt that a group shares is computed once.
 *
 * <pre>
 * tokens   G (P + R) without sharing, P + G R with it
 * </pre>
 *
 * <p>Both sides are batches of the same data. Neighbours with one prompt share it; where the samples of two prompts take turns, none does.
 *
 * @param hidden width of the model
 * @param layers of it
 * @param prompt tokens P
 * @param response tokens R
 * @param group samples G of each of two prompts
 * @param repeats of the measurement of time, of either in turns
 */
public record PrefixSharing(int hidden, int layers, int prompt, int response, int group, int repeats) implements Claim {
    private static final Duration LEAST = Duration.ofMillis(100); // the system counts in hundredths of a second

    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E30",
                "A shared prompt is computed once",
                "Training on a group with its prompt computed once gives the same gradients, up to rounding, and is"
                        + " faster by about G(P + R) / (P + G R).",
                new Paper(
                        "Unsloth; AReaL's tree training",
                        "2.55 × (Unsloth), up to 10 × fewer FLOPs and 7 × faster (AReaL)"),
                "The same data forward and backward, with the samples of two prompts one after the other (shared) and"
                        + " in turns (not shared): gradients over all parameters, processor time.",
                "with and without sharing → milliseconds of processor time",
                List.of(
                        "The same with a rule that asked for 1.5 times faster, whatever the formula says: reproduced;"
                            + " 3.953 times where the formula says 4. The rule now asks for the formula, to a quarter"
                            + " of it to both sides.",
                        "The same with that rule on a busy machine: inconclusive; 1.364 times the formula [0.419,"
                                + " 2.309]. It was the clock's time, the least of 30; now it is the processor's."),
                3);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        try (Trainer trainer =
                new Trainer(new TinyModel(hidden, layers, new Trace(2, 2, 0, 0, 1), 0, 1, 1e-3).fresh(seed))) {
            Rng rng = new Rng(seed, 30);
            List<Datum> first = samples(tokens(rng, prompt), rng);
            List<Datum> second = samples(tokens(rng, prompt), rng);
            List<Datum> shared = new ArrayList<>(first);
            shared.addAll(second);
            List<Datum> apart = new ArrayList<>();
            for (int i = 0; i < group; i++) {
                apart.add(first.get(i));
                apart.add(second.get(i));
            }
            float[] once = GradientDirection.of(trainer, shared, LossFunctions.crossEntropy());
            float[] often = GradientDirection.of(trainer, apart, LossFunctions.crossEntropy());
            spent(trainer, shared); // warm
            spent(trainer, apart);
            double fast = 0;
            double slow = 0;
            for (int r = 0; r < repeats; r++) {
                fast += spent(trainer, shared) / repeats;
                slow += spent(trainer, apart) / repeats;
            }
            double expected = group * (double) (prompt + response) / (prompt + group * (double) response);
            return Measured.builder()
                    .figure("relative difference of gradients", GradientDirection.difference(once, often))
                    .figure("fewer tokens, G(P + R) / (P + G R)", expected)
                    .figure("times less processor time", slow / fast)
                    .figure("times less time / fewer tokens", slow / fast / expected)
                    .curve("shared, not shared", new double[] {0, 1}, new double[] {fast, slow})
                    .build();
        }
    }

    @Override
    public String varies() {
        return "the weights of the model, which nothing trained, and all tokens";
    }

    private List<Datum> samples(int[] prompt, Rng rng) {
        List<Datum> samples = new ArrayList<>();
        for (int i = 0; i < group; i++) {
            samples.add(Datum.of(prompt, tokens(rng, response)).with("weights", (float) rng.nextGaussian()));
        }
        return samples;
    }

    private static int[] tokens(Rng rng, int count) {
        int[] tokens = new int[count];
        Arrays.setAll(tokens, i -> rng.nextInt(40));
        return tokens;
    }

    /**
     * Milliseconds of processor time of a pass, of all threads of this process: those of the clock grow with what else the machine does.
     */
    private static double spent(Trainer trainer, List<Datum> data) {
        Duration start = processor();
        Duration used;
        int passes = 0;
        do {
            trainer.forwardBackward(data, LossFunctions.crossEntropy());
            trainer.clearGradients();
            passes++;
            used = processor().minus(start);
        } while (used.compareTo(LEAST) < 0);
        return used.toNanos() / 1e6 / passes;
    }

    private static Duration processor() {
        return ProcessHandle.current()
                .info()
                .totalCpuDuration()
                .orElseThrow(() -> new IllegalStateException(
                        "this system does not say how much processor time a process has had, which E30"
                                + " measures; run it on Linux"));
    }

    @Override
    public Rule rule() {
        return Rule.all(
                Rule.below("relative difference of gradients", 1e-5),
                Rule.above("times less time / fewer tokens", 0.75),
                Rule.below("times less time / fewer tokens", 1.25));
    }
}
