// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import dev.jacobian.rl.reward.RewardRun;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Rewards that failed or took too long: counted per reward, {@code rewards/NAME/failed} and {@code rewards/NAME/timed_out}, and said. A run
 * without any has no such metrics.
 *
 * @param tally what went wrong in the step that is observed
 * @param budget how many samples the run may leave out
 */
public record RewardTroubles(Supplier<RewardRun.Tally> tally, int budget) implements StepObserver {
    @Override
    public void observe(TrainingStep step, Measurements measured) {
        RewardRun.Tally run = tally.get();
        if (step.sampled().isEmpty() || run.troubles().isEmpty()) {
            return;
        }
        List<String> each = new ArrayList<>();
        run.troubles().forEach((name, trouble) -> {
            measured.put("rewards/" + name + "/failed", trouble.failed());
            measured.put("rewards/" + name + "/timed_out", trouble.timedOut());
            each.add("reward '" + name + "' failed on " + trouble.failed() + " samples and timed out on "
                    + trouble.timedOut());
        });
        measured.put("rewards/left_out", run.borne());
        measured.say("Step " + step.number() + ": " + String.join(", ", each) + ". They teach nothing; " + run.borne()
                + " of the " + budget + " samples that may go without a reward (reward_error_budget) have none");
    }
}
