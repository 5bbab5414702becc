// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static dev.jacobian.rl.config.Checks.require;

import dev.jacobian.rl.config.AsyncConfig;
import dev.jacobian.rl.config.BufferConfig;
import dev.jacobian.rl.config.LearnedSegments;
import dev.jacobian.rl.config.PartialConfig;
import dev.jacobian.rl.config.StepPlan;
import dev.jacobian.rl.method.Algorithm;

/**
 * Three settings let a run learn from what older weights chose: sampling ahead, samples that go on in a later rollout, and a replay buffer.
 * What each asks of the method, said before the run.
 */
final class OlderSamples {
    private OlderSamples() {}

    /** Refuses sampling ahead for a method that learns from the very weights that it changes. */
    static void requireAhead(Algorithm chosen, AsyncConfig async) {
        require(
                !async.isAhead() || !chosen.strictlyOnPolicy(),
                chosen.name()
                        + " is strictly on-policy: it learns from samples of the very weights that it changes, but"
                        + " max_staleness " + async.maxStaleness()
                        + " takes older ones; set it to 0, take a method with"
                        + " a ratio (grpo), or set strict_on_policy=false");
        require(
                !async.isAhead()
                        || !chosen.extras().reference().syncRefModel()
                        || chosen.extraSamples().isEmpty(),
                chosen.name() + " samples from its reference, which sync_ref_model=true changes while samples are drawn"
                        + " ahead (max_staleness); give up one of the two");
    }

    /** Refuses samples that several weights wrote where the method would take them for its own. */
    static void requirePartial(Algorithm chosen, PartialConfig partial) {
        require(
                !partial.isOn() || !chosen.strictlyOnPolicy(),
                "rollout_token_budget makes samples that several weights wrote, and " + chosen.name()
                        + " is strictly on-policy; leave it out, or take a method with a ratio (grpo)");
        require(
                !partial.isOn()
                        || chosen.objective().usesOldLogProbs()
                        || partial.learnFromSegments() == LearnedSegments.CURRENT,
                "rollout_token_budget makes samples that several weights wrote, and the loss of " + chosen.name()
                        + " has no ratio to them: it would take them for its own. Set learn_from_segments=current, or"
                        + " take a method with a ratio (grpo)");
    }

    /** Refuses a replay buffer for a method that has no use for it, or would count older samples wrongly. */
    static void requireReplay(
            Algorithm chosen, BufferConfig buffer, PartialConfig partial, StepPlan plan, AsyncConfig async) {
        if (!buffer.isReplay()) {
            return;
        }
        chosen.refusesOlderSamples().ifPresent(reason -> {
            throw new IllegalArgumentException("buffer=replay learns from samples of older weights, but " + reason);
        });
        boolean hasRatio = chosen.objective().usesOldLogProbs();
        require(
                !hasRatio || buffer.bufferImportance().isEmpty(),
                "buffer_importance would count twice: " + chosen.name()
                        + " has a ratio to the policy that sampled of its own; leave it out");
        require(
                hasRatio || buffer.bufferImportance().isPresent(),
                chosen.name()
                        + " has no ratio to the policy that sampled, so with buffer=replay older samples would count"
                        + " as if the policy that learns had drawn them; set buffer_importance (1, say), or take a"
                        + " method with a ratio (grpo)");
        long youngest = plan.updates() * (1L + async.maxStaleness());
        require(
                buffer.maxAge() >= youngest,
                "buffer_max_age is " + buffer.maxAge()
                        + " optimizer steps, but the youngest group of an earlier rollout is "
                        + youngest + " old when it could be learned from again (optimizer steps of a rollout, times 1 +"
                        + " max_staleness), so none ever would be; raise it");
        int groups = plan.groups();
        require(
                buffer.size(groups) >= groups,
                "buffer_size is " + buffer.size(groups) + ", less than the " + groups + " groups of a step");
        require(
                groups >= 2,
                "buffer=replay takes a part of a step's groups from earlier steps, but prompts_per_step makes a step of"
                        + " one group");
        int fresh = buffer.fresh(groups);
        require(
                fresh < groups,
                "buffer_fresh of the " + groups
                        + " groups of a step (prompts_per_step) is all of them, rounded up, so that"
                        + " none would ever be replayed; lower it to " + (groups - 1) / (double) groups
                        + " at most, or leave buffer=replay out");
        require(
                partial.learnFromSegments() != LearnedSegments.CURRENT,
                "learn_from_segments=current learns from no token that weights of an earlier rollout chose, so"
                        + " buffer=replay would have nothing to replay; take recent with max_segment_age, or leave one"
                        + " of the two out");
    }
}
