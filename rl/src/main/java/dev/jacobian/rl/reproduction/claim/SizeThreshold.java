// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.method.Grpo;
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
import dev.jacobian.rl.reproduction.rig.Trace;
import dev.jacobian.rl.reproduction.rig.Workshop;
import java.util.List;

/**
 * E28: how large a model must be for reinforcement learning to take hold.
 *
 * @param sizes widths, ascending
 * @param layers of all
 * @param budget of an arm
 * @param warmup steps of fine-tuning, the same for all
 */
public record SizeThreshold(List<Integer> sizes, int layers, Budget budget, int warmup) implements Claim {
    private static final Trace DATA = new Trace(3, 6, 0.1, 0.3, 3);

    /** Copies the sizes. */
    public SizeThreshold {
        sizes = List.copyOf(sizes);
    }

    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E28",
                "A threshold of size",
                "Below some size reinforcement learning on verifiable rewards gains little; above it the same recipe"
                        + " works.",
                new Paper("TinyZero", "on Countdown 0.5B fails, 1.5B to 3B works"),
                "The same warm-up and the same GRPO at several widths, on sums instead of Countdown: held-out pass@1"
                        + " before and after.",
                "width → pass@1",
                List.of("Nothing else; these were the first settings."),
                1);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        RunningSums task = new RunningSums(3, 6);
        double[] x = new double[sizes.size()];
        double[] before = new double[x.length];
        double[] after = new double[x.length];
        Measured.Builder measured = Measured.builder();
        for (int i = 0; i < x.length; i++) {
            x[i] = sizes.get(i);
            TinyModel policy = new TinyModel(sizes.get(i), layers, DATA, warmup, 64, 3e-3);
            before[i] = Skill.of(workshop.model(policy, seed), task, budget.problems(), budget.tries(), seed)
                    .get("pass@1");
            Arm arm = Arm.train(
                    workshop.model(policy, seed),
                    task,
                    budget.config(seed).method(Grpo.DEFAULT).build());
            after[i] = Arms.skill(arm, task, budget, seed).get("pass@1");
            measured.figure("gain, width " + sizes.get(i), after[i] - before[i]);
            measured.figure("pass@1 after, width " + sizes.get(i), after[i]);
        }
        int last = x.length - 1;
        return measured.figure("gain, largest − smallest", after[last] - before[last] - after[0] + before[0])
                .figure("gain, smallest", after[0] - before[0])
                .figure("gain, largest", after[last] - before[last])
                .curve("before", x, before)
                .curve("after", x, after)
                .build();
    }

    @Override
    public Rule rule() {
        return Rule.all(
                Rule.below("gain, smallest", 0.05),
                Rule.above("gain, largest", 0.1),
                Rule.above("gain, largest − smallest", 0));
    }
}
