// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.evaluation.ProblemResult;
import dev.jacobian.rl.evaluation.SampleResult;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.OnlineDpo;
import dev.jacobian.rl.method.Sppo;
import dev.jacobian.rl.reproduction.Claim;
import dev.jacobian.rl.reproduction.ClaimFacts;
import dev.jacobian.rl.reproduction.Measured;
import dev.jacobian.rl.reproduction.Paper;
import dev.jacobian.rl.reproduction.Rule;
import dev.jacobian.rl.reproduction.rig.Arm;
import dev.jacobian.rl.reproduction.rig.Budget;
import dev.jacobian.rl.reproduction.rig.RunningSums;
import dev.jacobian.rl.reproduction.rig.Skill;
import dev.jacobian.rl.reproduction.rig.TinyModel;
import dev.jacobian.rl.reproduction.rig.Workshop;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.reward.WeightedRewards;
import java.util.List;

/**
 * E17: iterations of self-play against an oracle of preferences: right answers before wrong ones, then shorter ones before longer.
 *
 * @param policy to begin with
 * @param budget of an arm, a rollout of which is an iteration
 * @param updates optimizer steps of an iteration
 * @param beta 1 / η
 * @param dpoBeta β of DPO
 */
public record SelfPlayIterations(TinyModel policy, Budget budget, int updates, double beta, double dpoBeta)
        implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E17",
                "Iterations of SPPO",
                "Each iteration of self-play raises the win rate against the first policy, beyond what DPO gets from"
                        + " the same samples.",
                new Paper(
                        "SPPO, arXiv 2405.00675",
                        "length-controlled win rates 17.1 → 28.5, 22.9 → 38.8, 45.1 → 53.3 in three iterations"),
                "Three iterations with an oracle that prefers right answers, then shorter ones; win rate against the"
                    + " first policy on held-out problems after one and after all iterations, and after online DPO.",
                "iterations → win rate against the first policy",
                List.of(
                        "Nothing else was run in full. The rule had the last against the first iteration; the claim is"
                                + " about each.",
                        "How it reads: win rates rise over three iterations in every seed, not at each of them, and"
                                + " DPO is now behind, now ahead."),
                2);
    }

    /** What the oracle compares: a right answer is worth more than any length. */
    private static Score liked(Completion completion) {
        double right = RunningSums.ACCURACY.score(completion).orNaN();
        return Score.of(right - completion.tokenIds().length / (double) (4 * Budget.LONGEST));
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        Method sppo = Sppo.DEFAULT.with("beta", beta).with("updates_per_rollout", updates);
        Method dpo = OnlineDpo.DEFAULT.with("beta", dpoBeta).with("updates_per_rollout", updates);
        Skill first = skill(new Arm(workshop.model(policy, seed), List.of()), seed + 1000);
        double[] wins = new double[budget.steps() + 1];
        double[] x = new double[wins.length];
        wins[0] = 0.5;
        for (int iteration = 1; iteration < wins.length; iteration++) {
            x[iteration] = iteration;
            wins[iteration] = against(first, skill(train(sppo, iteration, seed, workshop), seed));
        }
        double byDpo = against(first, skill(train(dpo, budget.steps(), seed, workshop), seed));
        double last = wins[wins.length - 1];
        return Measured.builder()
                .figure("win rate, SPPO, first iteration", wins[1])
                .figure("win rate, SPPO, last iteration", last)
                .figure("win rate, SPPO, least raise by an iteration", leastRaise(wins))
                .figure("win rate, DPO", byDpo)
                .figure("win rate, SPPO − DPO", last - byDpo)
                .curve("SPPO", x, wins)
                .build();
    }

    private static double leastRaise(double[] wins) {
        double least = Double.POSITIVE_INFINITY;
        for (int i = 1; i < wins.length; i++) {
            least = Math.min(least, wins[i] - wins[i - 1]);
        }
        return least;
    }

    private Arm train(Method method, int iterations, long seed, Workshop workshop) {
        RewardFunction oracle = RewardFunction.named("oracle", SelfPlayIterations::liked);
        return Arm.train(
                workshop.model(policy, seed),
                new RunningSums(3, 6, WeightedRewards.of(oracle)),
                budget.steps(iterations).config(seed).method(method).build());
    }

    private Skill skill(Arm arm, long seed) {
        return Arms.skill(arm, new RunningSums(3, 6), budget, seed);
    }

    /** How often a sample of one is preferred to one of the other, problem by problem. */
    private static double against(Skill first, Skill now) {
        double wins = 0;
        int pairs = 0;
        for (int p = 0; p < now.evaluation().problems(); p++) {
            ProblemResult ours = now.evaluation().results().get(p);
            ProblemResult theirs = first.evaluation().results().get(p);
            for (SampleResult our : ours.samples()) {
                for (SampleResult their : theirs.samples()) {
                    double mine = (our.solved() ? 1 : 0) - our.tokens() / (4.0 * Budget.LONGEST);
                    double other = (their.solved() ? 1 : 0) - their.tokens() / (4.0 * Budget.LONGEST);
                    wins += mine > other ? 1 : mine == other ? 0.5 : 0;
                    pairs++;
                }
            }
        }
        return wins / pairs;
    }

    @Override
    public Rule rule() {
        return Rule.all(
                Rule.above("win rate, SPPO, last iteration", 0.5),
                Rule.above("win rate, SPPO, least raise by an iteration", 0),
                Rule.above("win rate, SPPO − DPO", 0));
    }
}
