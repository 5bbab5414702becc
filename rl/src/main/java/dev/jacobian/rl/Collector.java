// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.config.StepPlan;
import dev.jacobian.rl.learn.Learner;
import dev.jacobian.rl.method.RewardMix;
import dev.jacobian.rl.observe.StepClock;
import dev.jacobian.rl.recorded.RecordedRollouts;
import dev.jacobian.rl.rollout.Buffer;
import dev.jacobian.rl.rollout.Curriculum;
import dev.jacobian.rl.rollout.ExtraSamples;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.ScoredGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * What a step learns from: <b>ask</b> for samples of the curriculum's next problems, <b>score</b> them, <b>admit</b> those that are learned
 * from, until there are enough.
 */
final class Collector {
    /** How often a step samples at most before enough groups must have been admitted. */
    private static final int MAX_WAVES = 20;

    private final RlConfig config;
    private final StepPlan plan;
    private final Learner learner;
    private final PolicyUpdates updates;
    private Function<List<Group>, List<ScoredGroup>> scoring;
    private final Optional<BiFunction<List<ScoredGroup>, List<Group>, List<ScoredGroup>>> comparing;
    private Rollouts rollouts;
    private Curriculum curriculum;
    private Buffer buffer = Buffer.none();

    /**
     * Of a run's own choices.
     *
     * @param updates which know the initial model, for samples that are compared with
     * @param comparing where a judge of pairs gives the rewards, what it says of groups and those other samples
     */
    Collector(
            RlConfig config,
            Learner learner,
            PolicyUpdates updates,
            Function<List<Group>, List<ScoredGroup>> scoring,
            Optional<BiFunction<List<ScoredGroup>, List<Group>, List<ScoredGroup>>> comparing,
            Rollouts rollouts,
            Curriculum curriculum) {
        this.config = config;
        this.plan = config.plan();
        this.learner = learner;
        this.updates = updates;
        this.scoring = scoring;
        this.comparing = comparing;
        this.rollouts = rollouts;
        this.curriculum = curriculum;
    }

    void rollouts(Rollouts sampler) {
        rollouts = sampler;
    }

    Rollouts rollouts() {
        return rollouts;
    }

    void curriculum(Curriculum choice) {
        curriculum = choice;
    }

    Curriculum curriculum() {
        return curriculum;
    }

    void buffer(Buffer choice) {
        buffer = choice;
    }

    Buffer buffer() {
        return buffer;
    }

    /** @throws IllegalArgumentException if the method needs what recorded samples lack */
    void recorded(RecordedRollouts recorded) {
        if (config.algorithm().extraSamples().isPresent()) {
            throw new IllegalArgumentException(config.algorithm().name()
                    + " compares with samples that it has drawn beside those that it learns from, and recorded rollouts"
                    + " cannot be asked for more; sample, or take another method");
        }
        if (config.algorithm().strictlyOnPolicy()) {
            throw new IllegalArgumentException(config.algorithm().name()
                    + " is strictly on-policy, and recorded samples were drawn by other weights; take a method with a"
                    + " ratio (grpo), or set strict_on_policy=false to learn from them as if they were its own");
        }
        if (config.algorithm().correctsSampler() && recorded.logProbs() == Rollouts.LogProbs.UNKNOWN) {
            throw new IllegalArgumentException("vllm_importance_sampling_correction=true corrects with the sampler's"
                    + " log-probabilities, but the recorded samples have no 'sampling_logps'; record them, or set it to"
                    + " false");
        }
        rollouts = recorded;
        curriculum = recorded;
        scoring = recorded::score;
    }

    /**
     * The groups of a step.
     *
     * @param sampled all that were sampled for it, with their rewards
     * @param admitted those that are learned from, perhaps sampled earlier
     */
    record Collected(List<ScoredGroup> sampled, List<ScoredGroup> admitted) {}

    /**
     * Samples until there is enough to learn from.
     *
     * @param step for messages
     * @throws IllegalStateException if too little is admitted of very much
     */
    Collected collect(int step, StepClock clock) {
        List<ScoredGroup> sampled = new ArrayList<>();
        List<ScoredGroup> admitted = List.of();
        while (admitted.isEmpty()) {
            List<ScoredGroup> scored = scored(clock.sampling(this::ask));
            Optional<ExtraSamples> extra = config.algorithm().extraSamples();
            List<ScoredGroup> compared =
                    extra.map(beside -> beside(scored, clock, beside)).orElse(scored);
            sampled.addAll(compared);
            admitted = admit(compared, step, sampled.size());
        }
        return new Collected(sampled, admitted);
    }

    private List<ScoredGroup> scored(List<Group> groups) {
        return scoring.apply(groups).stream().map(this::mixed).toList();
    }

    /** A group with rewards and samples as the method wants them. */
    private ScoredGroup mixed(ScoredGroup group) {
        RewardMix mix = config.algorithm().extras().rewards();
        List<Double> weights = mix.rewardWeights().values();
        ScoredGroup weighted = weights.isEmpty() ? group : group.weighted(weights);
        return mix.maskTruncatedCompletions() ? weighted.withoutTruncated() : weighted;
    }

    private List<Group> ask() {
        List<RolloutTask.Request> requests = curriculum.next(plan.groups()).stream()
                .map(draw -> new RolloutTask.Request(
                        draw.problem(), draw.key(), config.rollout().numGenerations()))
                .toList();
        List<Group> groups = run(requests);
        while (groups.stream().anyMatch(Group::isPaused)) {
            groups = run(groups.stream().map(RolloutTask.Request::continuing).toList());
        }
        return groups;
    }

    private List<Group> run(List<RolloutTask.Request> requests) {
        return rollouts.run(new RolloutTask(requests, config.rollout().sampling(config.seed()), learner.updates()));
    }

    /** The groups with what samples beside them earned. */
    private List<ScoredGroup> beside(List<ScoredGroup> scored, StepClock clock, ExtraSamples extra) {
        List<RolloutTask.Request> requests = scored.stream()
                .map(group -> new RolloutTask.Request(
                        group.group().problem(), group.group().key(), extra.count()))
                .toList();
        List<Group> groups = new ArrayList<>();
        updates.withInitial(reference -> groups.addAll(clock.sampling(() -> rollouts.run(new RolloutTask(
                requests, extra.sampling(config.rollout().sampling(config.seed()), reference), learner.updates())))));
        if (comparing.isPresent()) {
            return comparing.get().apply(scored, groups);
        }
        List<ScoredGroup> others = scored(groups);
        return IntStream.range(0, scored.size())
                .mapToObj(g -> scored.get(g).withExtra(others.get(g).rewards()))
                .toList();
    }

    /** What the step learns from, or nothing while too little has been admitted. */
    private List<ScoredGroup> admit(List<ScoredGroup> scored, int step, int sampledSoFar) {
        for (ScoredGroup group : scored) {
            curriculum.observe(group);
            if (curriculum.admits(group) && config.method().admits(group)) {
                buffer.add(group);
            }
        }
        List<ScoredGroup> drawn = buffer.draw(plan.groups(), learner.updates());
        if (drawn.isEmpty() && sampledSoFar >= MAX_WAVES * plan.groups()) {
            throw new IllegalStateException("step " + step + ": of " + sampledSoFar
                    + " groups the curriculum and the method admitted fewer than the "
                    + plan.groups()
                    + " that a step learns from; loosen its gate, or take problems that suit the model");
        }
        return drawn;
    }
}
