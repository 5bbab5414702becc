// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static dev.jacobian.rl.observe.Span.Work.SAMPLING;
import static dev.jacobian.rl.observe.Span.Work.SCORING;

import dev.jacobian.rl.config.CurriculumConfig;
import dev.jacobian.rl.config.StepPlan;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.rl.method.RewardMix;
import dev.jacobian.rl.observe.Activity;
import dev.jacobian.rl.observe.Span;
import dev.jacobian.rl.recorded.RecordedRollouts;
import dev.jacobian.rl.reward.RewardRun;
import dev.jacobian.rl.rollout.Buffer;
import dev.jacobian.rl.rollout.Curriculum;
import dev.jacobian.rl.rollout.EarlyScoring;
import dev.jacobian.rl.rollout.ExtraSamples;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutListener;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.rollout.partial.GroupsUnderWay;
import dev.jacobian.rl.rollout.partial.RolloutCounts;
import dev.jacobian.rl.rollout.partial.SegmentMeasures;
import dev.jacobian.rl.rollout.partial.SegmentPolicy;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Makes batches, what rollouts give to learn from: <b>ask</b> for samples of the curriculum's next problems, <b>score</b> them, <b>admit</b> those that are learned
 * from, until there are enough.
 *
 * <p>Decision: a batch is a function of what was made before it and of the weights that it is told. Nothing here looks at a clock or at how
 * far training has come, so batches can be made ahead of time, in their order ({@link BatchesAhead}).
 */
final class Collector {
    private final RlConfig config;
    private final StepPlan plan;
    private final PolicyUpdates updates;
    private final RewardRun rewards;
    private final GroupsUnderWay underWay;
    private final SegmentPolicy segments;
    private BiFunction<List<Group>, Optional<EarlyScoring>, List<ScoredGroup>> scoring;
    private Optional<Function<List<Problem>, EarlyScoring>> early = Optional.empty();
    private final Optional<BiFunction<List<ScoredGroup>, List<Group>, List<ScoredGroup>>> comparing;
    private Rollouts rollouts;
    private Curriculum curriculum;
    private Buffer buffer;
    private final Activity activity = new Activity();
    private int waves;
    private int discarded;

    /**
     * Of a run's own choices.
     *
     * @param updates which know the initial model, for samples that are compared with
     * @param rewards how the run calls its rewards
     * @param comparing where a judge of pairs gives the rewards, what it says of groups and those other samples
     */
    Collector(
            RlConfig config,
            PolicyUpdates updates,
            RewardRun rewards,
            BiFunction<List<Group>, Optional<EarlyScoring>, List<ScoredGroup>> scoring,
            Optional<BiFunction<List<ScoredGroup>, List<Group>, List<ScoredGroup>>> comparing,
            Rollouts rollouts,
            Curriculum curriculum,
            Buffer buffer) {
        this.config = config;
        this.plan = config.plan();
        this.updates = updates;
        this.rewards = rewards;
        this.underWay = new GroupsUnderWay(
                config.partial(), plan.groups(), config.rollout().numGenerations());
        this.segments = SegmentPolicy.of(config.partial(), plan.updates());
        this.scoring = scoring;
        this.comparing = comparing;
        this.rollouts = rollouts;
        this.curriculum = curriculum;
        this.buffer = buffer;
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

    GroupsUnderWay underWay() {
        return underWay;
    }

    /** What is being sampled and scored. */
    Activity activity() {
        return activity;
    }

    /** @throws IllegalArgumentException if the method or a setting needs what recorded samples lack */
    void recorded(RecordedRollouts recorded) {
        if (config.partial().isOn() || config.repetition().isOn()) {
            throw new IllegalArgumentException((config.partial().isOn() ? "rollout_token_budget" : "repetition_ngram")
                    + " is about samples that this run draws, and recorded ones are drawn already; leave it out");
        }
        if (config.lengths().isOn()) {
            throw new IllegalArgumentException("completion_length_schedule is about samples that this run draws, and"
                    + " recorded ones are drawn already; leave it out");
        }
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
        if (config.curriculum().curriculum() != CurriculumConfig.Kind.IN_ORDER
                || config.buffer().isReplay()) {
            throw new IllegalArgumentException("recorded samples are learned from in their order and once, so neither a"
                    + " curriculum nor buffer=replay has a say; leave them out");
        }
        rollouts = recorded;
        curriculum = recorded;
        scoring = (groups, early) -> recorded.score(groups);
    }

    /** Shows the weights that tasks are sampled with from now on to whoever samples. */
    void publish(CausalLM policy, long version) {
        rollouts.publish(policy, version);
    }

    /** The first step of the run that learns from a batch. */
    private int stepOf(int batch) {
        return plan.stepsBefore(batch) + 1;
    }

    /** Optimizer steps that weights have seen which have learned from so many batches. */
    long version(int batches) {
        return (long) batches * plan.updates();
    }

    /**
     * Whether what is sampled for a batch does not depend on what the batches before it earned, and one wave always makes a batch: then
     * a batch may be sampled while rewards of earlier ones are still asked.
     */
    boolean foresees() {
        return curriculum.foresees()
                && buffer.foresees()
                && segments.isAll()
                && Methods.contains(config.method())
                && config.method().admitsAll()
                && !config.samplesDynamically();
    }

    /**
     * Makes a batch: samples until there is enough to learn from.
     *
     * @param number 1 for the first
     * @param weights batches that the published weights have learned from
     * @throws IllegalStateException if too little is admitted of very much
     */
    Batch collect(int number, int weights) {
        List<ScoredGroup> sampled = new ArrayList<>();
        List<ScoredGroup> admitted = List.of();
        List<Span> spans = new ArrayList<>();
        RolloutCounts counts = RolloutCounts.NONE;
        rewards.beginStep(stepOf(number));
        if (!segments.isAll()) {
            buffer.forget(group -> segments.of(group, version(weights)).isEmpty());
        }
        while (admitted.isEmpty()) {
            Wave wave = noted(spans, Span.of(SAMPLING, number, () -> sample(number, weights)));
            List<ScoredGroup> scored = noted(spans, Span.of(SCORING, number, () -> score(wave)));
            activity.scored(number);
            sampled.addAll(scored);
            counts = counts.plus(wave.counts());
            admitted = admit(scored, number, weights, sampled.size());
        }
        return new Batch(
                number,
                weights,
                sampled,
                admitted,
                measures(number, counts, sampled, admitted, weights),
                rewards.tally(),
                spans);
    }

    /** Metrics of how a batch was sampled. */
    private Map<String, Double> measures(
            int number, RolloutCounts counts, List<ScoredGroup> sampled, List<ScoredGroup> admitted, int weights) {
        Map<String, Double> measures = new TreeMap<>(curriculum.measures());
        measures.putAll(buffer.measures());
        if (config.lengths().isOn()) {
            int limit = config.sampling(plan.stepsBefore(number)).maxNewTokens();
            measures.put("rollout/max_completion_length", (double) limit);
        }
        if (waves > 1 || discarded > 0) {
            measures.put("rollout/waves", (double) waves);
            measures.put("rollout/discarded", (double) discarded);
        }
        waves = 0;
        discarded = 0;
        if (config.partial().isOn()) {
            measures.putAll(SegmentMeasures.of(counts, sampled, admitted, version(weights), plan.updates()));
        }
        if (config.repetition().isOn()) {
            measures.put("rollout/repetition", SegmentMeasures.repetitions(sampled));
        }
        return measures;
    }

    private static <T> T noted(List<Span> spans, Span.Timed<T> timed) {
        spans.add(timed.span());
        return timed.result();
    }

    /**
     * What is sampled at once.
     *
     * @param groups what may be learned from
     * @param others samples beside them, one group for each, of a method that compares with such
     * @param counts what sampling them came to
     * @param early what rewards have been asked about the groups already
     */
    record Wave(List<Group> groups, List<Group> others, RolloutCounts counts, Optional<EarlyScoring> early) {
        /** Gives up what is asked about it. */
        void giveUp() {
            early.ifPresent(EarlyScoring::close);
        }

        /** Whether all that could be asked about its samples is answered. */
        boolean isAnswered() {
            return early.map(EarlyScoring::isAnswered).orElse(true);
        }

        /** What would sample it anew. */
        List<RolloutTask.Request> requests() {
            return groups.stream()
                    .map(group -> new RolloutTask.Request(group.problem(), group.key(), group.size()))
                    .toList();
        }
    }

    /** Asks rewards about samples as they end: of a run whose threads have nothing else to do. */
    void scoreEarly(Function<List<Problem>, EarlyScoring> asking) {
        early = Optional.of(asking);
    }

    /** Samples a wave: the first half of a batch that {@link #foresees}. */
    Wave sample(int number, int weights) {
        return sample(number, weights, sampling -> ask(number, sampling));
    }

    /** Samples again what was sampled before, with other weights. */
    Wave sample(int number, int weights, List<RolloutTask.Request> again) {
        return sample(number, weights, sampling -> sampling.sample(again, RolloutTask.NEVER));
    }

    /** What is asked for. */
    private interface Asking {
        List<Group> ask(GroupsUnderWay.Wave sampling);
    }

    private Wave sample(int number, int weights, Asking what) {
        List<EarlyScoring> asking = new ArrayList<>(); // of samples that wait for a later wave nobody asks rewards
        try {
            GenerationConfig sampling = config.sampling(plan.stepsBefore(number));
            long version = version(weights);
            List<Group> groups = what.ask((requests, pauseAfter) -> {
                activity.sampling(
                        number,
                        weights,
                        requests.stream().mapToInt(RolloutTask.Request::samples).sum());
                RolloutTask task = new RolloutTask(requests, sampling, pauseAfter, version);
                if (early.isEmpty() || config.partial().isOn()) {
                    return rollouts.run(task, counted(RolloutListener.NONE));
                }
                asking.add(early.get()
                        .apply(requests.stream()
                                .map(RolloutTask.Request::problem)
                                .toList()));
                return rollouts.run(task, counted(asking.getLast()));
            });
            List<Group> others = config.algorithm()
                    .extraSamples()
                    .map(extra -> beside(groups, extra, sampling, version))
                    .orElse(List.of());
            activity.sampled();
            return new Wave(groups, others, underWay.counted(), asking.stream().findFirst());
        } catch (RuntimeException | Error e) {
            asking.forEach(EarlyScoring::close);
            throw e;
        }
    }

    /** Tells somebody of samples, and whoever looks how many have ended. */
    private RolloutListener counted(RolloutListener listener) {
        return new RolloutListener() {
            @Override
            public void onSample(int request, int sample, Trajectory trajectory) {
                activity.ended();
                listener.onSample(request, sample, trajectory);
            }

            @Override
            public void onGroup(int request, Group group) {
                listener.onGroup(request, group);
            }
        };
    }

    /** Samples until enough groups are whole. */
    private List<Group> ask(int number, GroupsUnderWay.Wave sampling) {
        int wanted = buffer.wanted(plan.groups(), version(number - 1));
        return underWay.next(wanted, number, curriculum::next, sampling);
    }

    /** Scores a wave, and makes a batch of it that {@link #foresees}: the second half. */
    Batch finish(int number, int weights, Wave wave, Span sampling) {
        rewards.beginStep(stepOf(number));
        Span.Timed<List<ScoredGroup>> scored = Span.of(SCORING, number, () -> score(wave));
        List<ScoredGroup> admitted =
                admit(scored.result(), number, weights, wave.groups().size());
        if (admitted.isEmpty()) {
            throw new IllegalStateException("one wave was to make batch " + number + ", but a curriculum or a buffer"
                    + " keeps groups back that says of itself that it foresees; mend its foresees()");
        }
        return new Batch(
                number,
                weights,
                scored.result(),
                admitted,
                measures(number, wave.counts(), scored.result(), admitted, weights),
                rewards.tally(),
                List.of(sampling, scored.span()));
    }

    private List<ScoredGroup> score(Wave wave) {
        double penalty = config.repetition().repetitionStopPenalty();
        List<ScoredGroup> compared = compared(wave);
        return penalty == 0
                ? compared
                : compared.stream()
                        .map(group -> group.withRepetitionPenalty(penalty))
                        .toList();
    }

    private List<ScoredGroup> compared(Wave wave) {
        List<ScoredGroup> scored = scored(wave.groups(), wave.early());
        if (wave.others().isEmpty()) {
            return scored;
        }
        if (comparing.isPresent()) {
            return comparing.get().apply(scored, wave.others());
        }
        List<ScoredGroup> others = scored(wave.others(), Optional.empty());
        return IntStream.range(0, scored.size())
                .mapToObj(g -> scored.get(g).withExtra(others.get(g).rewards()))
                .toList();
    }

    private List<ScoredGroup> scored(List<Group> groups, Optional<EarlyScoring> asked) {
        return scoring.apply(groups, asked).stream().map(this::mixed).toList();
    }

    /** A group with rewards and samples as the method wants them. */
    private ScoredGroup mixed(ScoredGroup group) {
        RewardMix mix = config.algorithm().extras().rewards();
        List<Double> weights = mix.rewardWeights().values();
        ScoredGroup weighted = weights.isEmpty() ? group : group.weighted(weights);
        return mix.maskTruncatedCompletions() ? weighted.withoutTruncated() : weighted;
    }

    /** Samples beside groups, of the same prompts. */
    private List<Group> beside(List<Group> sampled, ExtraSamples extra, GenerationConfig sampling, long version) {
        List<RolloutTask.Request> requests = sampled.stream()
                .map(group -> new RolloutTask.Request(group.problem(), group.key(), extra.count()))
                .toList();
        List<Group> groups = new ArrayList<>();
        updates.withInitial(reference ->
                groups.addAll(rollouts.run(new RolloutTask(requests, extra.sampling(sampling, reference), version))));
        return groups;
    }

    /** What the step learns from, as it is learned from, or nothing while too little has been admitted. */
    private List<ScoredGroup> admit(List<ScoredGroup> scored, int batch, int weights, int sampledSoFar) {
        waves++;
        for (ScoredGroup group : scored) {
            curriculum.observe(group);
            boolean admitted = curriculum.admits(group) && config.admits(group);
            if (admitted && segments.of(group, version(weights)).isPresent()) {
                buffer.add(group); // whole: a later step may learn from less of it
            } else {
                discarded++;
            }
        }
        List<ScoredGroup> drawn = buffer.draw(plan.groups(), version(batch - 1));
        int most = config.dynamicSampling().dynamicSamplingMaxWaves();
        if (drawn.isEmpty() && sampledSoFar >= (long) most * plan.groups()) {
            throw new IllegalStateException("step " + stepOf(batch) + ": of " + sampledSoFar
                    + " groups the curriculum and the method admitted fewer than the "
                    + plan.groups()
                    + " that a step learns from; loosen its gate, or take problems that suit the model (it asked for "
                    + most + " steps' worth, which is dynamic_sampling_max_waves)");
        }
        return drawn.stream().map(group -> learnedFrom(group, version(weights))).toList();
    }

    private ScoredGroup learnedFrom(ScoredGroup group, long version) {
        return segments.of(group, version)
                .orElseThrow(() -> new IllegalStateException("the buffer gave a group of which learn_from_segments="
                        + segments.learnFromSegments().name().toLowerCase(Locale.ROOT)
                        + " leaves nothing to learn from; mend its forget()"));
    }
}
