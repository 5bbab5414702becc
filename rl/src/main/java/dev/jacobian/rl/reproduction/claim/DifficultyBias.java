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
import dev.jacobian.rl.reproduction.rig.DirectSums;
import dev.jacobian.rl.reproduction.rig.Draws;
import dev.jacobian.rl.reproduction.rig.RunningSums;
import dev.jacobian.rl.reproduction.rig.TinyModel;
import dev.jacobian.rl.reproduction.rig.Workshop;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.task.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * E12: what division by the standard deviation does to very easy and very hard problems.
 *
 * <pre>
 * share of a kind = Σ ‖gradient of a group‖ over groups of problems of that kind / the same over all
 * easy, hard      = solved at least 4 times in 5, at most once in 5, by other samples than those of the group
 * </pre>
 *
 * <p>Half of the problems are asked with and half without reasoning, so that there are both kinds.
 *
 * @param policy frozen
 * @param most terms of a problem
 * @param problems that are sampled
 * @param samples of a group
 * @param tries further samples, which say how hard a problem is
 */
public record DifficultyBias(TinyModel policy, int most, int problems, int samples, int tries) implements Claim {
    private static final double EASY = 0.8;
    private static final double HARD = 0.2;
    private static final int BUCKETS = 5;

    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E12",
                "The bias of dividing by the deviation",
                "Dividing advantages by the deviation of a group gives more weight to problems that are nearly always"
                        + " or nearly never solved.",
                new Paper("Dr.GRPO, arXiv 2503.20783", "a derivation and curves"),
                "A frozen policy on problems of mixed difficulty, which other samples than the group's measure; the"
                    + " true gradient of each group with both kinds of advantages; the share that problems solved at"
                    + " least four times in five have of all gradients, by norm, and those solved at most once in"
                    + " five. The bias by length, the other half of the paper's derivation, is E11.",
                "share of solved samples → share of the gradient",
                List.of(
                        "Sums with reasoning alone and one first model for all seeds, and the share of groups with a"
                            + " single right or a single wrong answer: reproduced; +0.020. That says something of"
                            + " groups, which the deviation is a function of, and nothing of problems; easy and hard"
                            + " ones were one figure.",
                        "How it reads: deviations of eight samples lie between 0.35 and 0.53, so that dividing by them"
                                + " moves little weight, and first models differ in what is easy to them."),
                2);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        Shares divided = new Shares();
        Shares plain = new Shares();
        try (Trainer trainer = new Trainer(workshop.model(policy, seed))) {
            List<ScoredGroup> drawn = new ArrayList<>();
            for (Task task : List.of(new RunningSums(2, most), new DirectSums(2, most))) {
                drawn.addAll(Draws.of(trainer.model(), task, problems / 2, samples + tries, seed));
            }
            for (ScoredGroup all : drawn) {
                double rate = Arrays.stream(all.rewards(), samples, samples + tries)
                        .average()
                        .orElseThrow();
                double[] rewards = Arrays.copyOf(all.rewards(), samples); // [G]
                double mean = Arrays.stream(rewards).average().orElseThrow();
                if (mean == 0 || mean == 1) {
                    continue; // no gradient either way
                }
                double deviation = Math.sqrt(samples * mean * (1 - mean) / (samples - 1));
                double norm = norm(trainer, all.group(), rewards, mean);
                plain.add(rate, norm);
                divided.add(rate, norm / (deviation + 1e-4));
            }
        }
        double[] x = new double[BUCKETS];
        Arrays.setAll(x, i -> (i + 0.5) / BUCKETS);
        return Measured.builder()
                .figure("share of easy problems, divided by the deviation", divided.easy / divided.all)
                .figure("share of easy problems, not divided", plain.easy / plain.all)
                .figure(
                        "share of easy problems, divided − not divided",
                        divided.easy / divided.all - plain.easy / plain.all)
                .figure("share of hard problems, divided by the deviation", divided.hard / divided.all)
                .figure("share of hard problems, not divided", plain.hard / plain.all)
                .figure(
                        "share of hard problems, divided − not divided",
                        divided.hard / divided.all - plain.hard / plain.all)
                .curve("divided by the deviation", x, normalized(divided.buckets))
                .curve("not divided", x, normalized(plain.buckets))
                .build();
    }

    /** Norms by how hard their problems are. */
    private static final class Shares {
        private final double[] buckets = new double[BUCKETS];
        private double easy;
        private double hard;
        private double all;

        void add(double rate, double norm) {
            buckets[Math.min(BUCKETS - 1, (int) (rate * BUCKETS))] += norm;
            easy += rate >= EASY ? norm : 0;
            hard += rate <= HARD ? norm : 0;
            all += norm;
        }
    }

    private double norm(Trainer trainer, Group group, double[] rewards, double mean) {
        List<Datum> data = new ArrayList<>();
        for (int i = 0; i < samples; i++) {
            data.add(Datum.of(group.prompt(), group.completion(i))
                    .with("logprobs", group.samples().get(i).chosenLogProbs())
                    .with("advantages", (float) (rewards[i] - mean)));
        }
        return GradientDirection.norm(GradientDirection.of(trainer, data, GradientDirection.loss(new Reinforce())));
    }

    private static double[] normalized(double[] values) {
        double sum = Arrays.stream(values).sum();
        return Arrays.stream(values).map(v -> v / sum).toArray();
    }

    @Override
    public Rule rule() {
        return Rule.all(
                Rule.above("share of easy problems, divided − not divided", 0),
                Rule.above("share of hard problems, divided − not divided", 0));
    }
}
