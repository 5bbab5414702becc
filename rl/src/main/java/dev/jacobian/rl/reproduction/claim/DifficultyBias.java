// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.loop.Datum;
import dev.jacobian.rl.loop.Trainer;
import dev.jacobian.rl.objective.Reinforce;
import dev.jacobian.rl.reproduction.Claim;
import dev.jacobian.rl.reproduction.ClaimFacts;
import dev.jacobian.rl.reproduction.Measured;
import dev.jacobian.rl.reproduction.Paper;
import dev.jacobian.rl.reproduction.Rule;
import dev.jacobian.rl.reproduction.rig.Draws;
import dev.jacobian.rl.reproduction.rig.RunningSums;
import dev.jacobian.rl.reproduction.rig.TinyModel;
import dev.jacobian.rl.reproduction.rig.Workshop;
import dev.jacobian.rl.rollout.ScoredGroup;
import java.util.Arrays;
import java.util.List;

/**
 * E12: what division by the standard deviation does to very easy and very hard problems.
 *
 * <pre>
 * share = Σ ‖gradient of a group‖ over extreme groups / the same over all      extreme: one right or one wrong
 * </pre>
 *
 * @param policy frozen
 * @param most terms of a problem
 * @param problems that are sampled
 * @param samples of each
 */
public record DifficultyBias(TinyModel policy, int most, int problems, int samples) implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E12",
                "The bias of dividing by the deviation",
                "Dividing advantages by the deviation of a group gives more weight to problems that are nearly always"
                        + " or nearly never solved.",
                new Paper("Dr.GRPO, arXiv 2503.20783", "a derivation and curves"),
                "A frozen policy on problems of mixed difficulty; the true gradient of each group with both kinds of"
                        + " advantages; the share that groups with a single right or a single wrong answer have of all"
                        + " gradients, by norm.",
                "right answers of a group → share of the gradient",
                List.of("Nothing else; these were the first settings."),
                1);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        double[] divided = new double[samples + 1];
        double[] plain = new double[samples + 1];
        try (Trainer trainer = new Trainer(workshop.model(policy))) {
            for (ScoredGroup group : Draws.of(trainer.model(), new RunningSums(3, most), problems, samples, seed)) {
                int right =
                        (int) Arrays.stream(group.rewards()).filter(r -> r == 1).count();
                if (right == 0 || right == samples) {
                    continue; // no gradient either way
                }
                double mean = (double) right / samples;
                double deviation = Math.sqrt(samples * mean * (1 - mean) / (samples - 1));
                double norm = norm(trainer, group, mean);
                plain[right] += norm;
                divided[right] += norm / (deviation + 1e-4);
            }
        }
        double[] x = new double[samples + 1];
        Arrays.setAll(x, i -> i);
        double byDeviation = share(divided);
        double without = share(plain);
        return Measured.builder()
                .figure("share of extreme groups, divided by the deviation", byDeviation)
                .figure("share of extreme groups, not divided", without)
                .figure("share of extreme groups, divided − not divided", byDeviation - without)
                .curve("divided by the deviation", x, normalized(divided))
                .curve("not divided", x, normalized(plain))
                .build();
    }

    private static double norm(Trainer trainer, ScoredGroup group, double mean) {
        double[] advantages = Arrays.stream(group.rewards()).map(r -> r - mean).toArray();
        List<Datum> data = GradientDirection.data(List.of(group), List.of(advantages));
        return GradientDirection.norm(GradientDirection.of(trainer, data, GradientDirection.loss(new Reinforce())));
    }

    private double share(double[] byRight) {
        return (byRight[1] + byRight[samples - 1]) / Arrays.stream(byRight).sum();
    }

    private static double[] normalized(double[] values) {
        double sum = Arrays.stream(values).sum();
        return Arrays.stream(values).map(v -> v / sum).toArray();
    }

    @Override
    public Rule rule() {
        return Rule.above("share of extreme groups, divided − not divided", 0);
    }
}
