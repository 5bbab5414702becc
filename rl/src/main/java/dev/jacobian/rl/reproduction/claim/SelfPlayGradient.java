// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.loop.Datum;
import dev.jacobian.rl.loop.Trainer;
import dev.jacobian.rl.objective.Reinforce;
import dev.jacobian.rl.objective.SquaredLogRatio;
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
import java.util.ArrayList;
import java.util.List;

/**
 * E19: SPPO at the beginning of an iteration is a policy gradient.
 *
 * <pre>
 * SPPO        ∇ (Δ − η (P − ½))²  = 2 (Δ − η (P − ½)) ∇Δ
 * at θ = θ_t  Δ = 0               = −2η (P − ½) ∇ log π:  REINFORCE with reward P and baseline ½, times 2η
 * </pre>
 *
 * @param policy at θ_t
 * @param problems sampled
 * @param samples of each, that play against each other
 * @param eta η
 * @param steps optimizer steps after which the two are compared again, where Δ is no longer 0
 */
public record SelfPlayGradient(TinyModel policy, int problems, int samples, double eta, int steps) implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E19",
                "SPPO as a semi-online policy gradient",
                "At the policy that sampled, SPPO's gradient is that of REINFORCE with the win rate as reward and the"
                        + " baseline one half; within an iteration it goes on from there.",
                new Paper("SPPO, arXiv 2405.00675, and an article on it", "a derivation; no number"),
                "Both gradients over all parameters on the same samples: their angle and lengths at θ_t, and the angle"
                        + " after some optimizer steps on the same samples.",
                "optimizer steps → cosine of the two gradients",
                List.of("Nothing else; the same ran with one first model for all seeds before: reproduced."),
                1);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        try (Trainer trainer = new Trainer(workshop.model(policy, seed))) {
            List<ScoredGroup> groups = Draws.of(trainer.model(), new RunningSums(3, 6), problems, samples, seed);
            List<double[]> wins = new ArrayList<>();
            groups.forEach(group -> wins.add(winsAboveHalf(group)));
            List<Datum> data = GradientDirection.data(groups, wins);
            SquaredLogRatio sppo = SquaredLogRatio.sppo(eta);
            double[] x = new double[steps + 1];
            double[] cosines = new double[steps + 1];
            double lengths = Double.NaN;
            for (int step = 0; step <= steps; step++) {
                float[] byPreference = GradientDirection.of(trainer, data, GradientDirection.loss(sppo));
                float[] byReward = GradientDirection.of(trainer, data, GradientDirection.loss(new Reinforce()));
                x[step] = step;
                cosines[step] = GradientDirection.cosine(byPreference, byReward);
                if (step == 0) {
                    lengths = GradientDirection.norm(byPreference) / GradientDirection.norm(byReward) / (2 * eta);
                }
                trainer.forwardBackward(data, GradientDirection.loss(sppo));
                trainer.optimStep(1e-3);
            }
            return Measured.builder()
                    .figure("1 − cosine at θ_t", 1 - cosines[0])
                    .figure("ratio of lengths / 2η at θ_t", lengths)
                    .figure("cosine after " + steps + " steps", cosines[steps])
                    .curve("cosine", x, cosines)
                    .build();
        }
    }

    /** The share of a group that a sample beats, itself included as a draw, less one half. */
    private static double[] winsAboveHalf(ScoredGroup group) {
        double[] rewards = group.rewards();
        double[] wins = new double[rewards.length];
        for (int i = 0; i < wins.length; i++) {
            for (double other : rewards) {
                wins[i] += (rewards[i] > other ? 1 : rewards[i] == other ? 0.5 : 0) / rewards.length;
            }
            wins[i] -= 0.5;
        }
        return wins;
    }

    @Override
    public Rule rule() {
        return Rule.all(
                Rule.below("1 − cosine at θ_t", 1e-6),
                Rule.above("ratio of lengths / 2η at θ_t", 0.999),
                Rule.below("ratio of lengths / 2η at θ_t", 1.001));
    }
}
