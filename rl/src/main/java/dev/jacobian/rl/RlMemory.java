// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.config.MeasuringConfig;
import dev.jacobian.rl.learn.PtxLoss;
import dev.jacobian.rl.rollout.ExtraSamples;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptCheck;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Segments;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.MemoryPlan;
import dev.jacobian.transformer.MemoryPlanner;
import dev.jacobian.transformer.generation.Generator;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Predicts the memory of a reinforcement-learning run and advises on it.
 *
 * <p>Decision: every completion is assumed to reach {@code max_completion_length}, because completions of a model that
 * learns may grow until they do, hours after the start. Prompts are assumed to be as long as the longest of the task's list, or,
 * where the task makes its problems up, of the first step's and the evaluation's. They are checked on the way
 * ({@link PromptCheck}), so that neither an impossible prompt nor a lack of evaluation problems ends a run later.
 */
final class RlMemory {
    /** What a sample takes at least, beside its tokens: the records and the heads of its arrays. */
    private static final long SAMPLE_BYTES = 200;

    /** What a problem takes at least: its texts, a map of columns and a place in lists. */
    private static final long PROBLEM_BYTES = 400;

    private final CausalLM model;
    private final RlConfig config;
    private final boolean reference;
    private final boolean onDevice;
    private final int promptTokens;
    private final boolean samples; // or learns from recorded ones
    private final Optional<PtxLoss> ptx;

    private RlMemory(
            CausalLM model,
            RlConfig config,
            boolean reference,
            boolean onDevice,
            int promptTokens,
            boolean samples,
            Optional<PtxLoss> ptx) {
        this.model = model;
        this.config = config;
        this.reference = reference;
        this.onDevice = onDevice;
        this.promptTokens = promptTokens;
        this.samples = samples;
        this.ptx = ptx;
    }

    /**
     * The run of a trainer with these settings.
     *
     * @param ptx demonstrations that are learned beside
     * @throws dev.jacobian.io.FormatException if the model cannot complete one of the prompts
     * @throws IllegalArgumentException if the task has too few evaluation problems and did not say so by its size
     */
    static RlMemory of(CausalLM model, Task task, RlConfig config, Optional<PtxLoss> ptx) {
        requireSamples(config);
        boolean reference =
                config.measuring().klSamples() > 0 || config.algorithm().needsReference();
        boolean onDevice = !model.device().equals(Device.CPU);
        if (task.recordedPromptTokens().isPresent()) {
            return new RlMemory(
                    model,
                    config,
                    reference,
                    onDevice,
                    task.recordedPromptTokens().getAsInt(),
                    false,
                    ptx);
        }
        List<Problem> problems = task.allProblems();
        if (problems.isEmpty()) {
            problems = new ArrayList<>();
            MeasuringConfig measuring = config.measuring();
            problems.addAll(task.trainProblems(config.seed(), 0, config.plan().groups()));
            int most = measuring.evalSteps() > 0
                    ? Math.max(measuring.evalProblems(), measuring.finalEvalProblems())
                    : measuring.finalEvalProblems();
            problems.addAll(task.evalProblems(Math.min(most, task.evalSize())));
        }
        int longest = new PromptCheck(model, config.rollout().maxCompletionLength()).longest(task, problems);
        return new RlMemory(model, config, reference, onDevice, longest, true, ptx);
    }

    /**
     * Refuses more samples at once than the heap could hold if they were empty, before the problems are made for them.
     *
     * @throws IllegalStateException saying which settings make so many
     */
    private static void requireSamples(RlConfig config) {
        int rollout = config.plan().groups();
        int underWay = Math.max(rollout, config.partial().inflight(rollout));
        int samples = config.rollout().numGenerations();
        int beside = config.algorithm().extraSamples().map(ExtraSamples::count).orElse(0);
        double least = underWay * (PROBLEM_BYTES + ((double) samples + beside) * SAMPLE_BYTES);
        long heap = Runtime.getRuntime().maxMemory();
        if (least > heap) {
            throw new IllegalStateException(underWay + " groups of " + samples + " samples at once ("
                    + (underWay > rollout
                            ? "inflight_groups"
                            : config.rollout().isTrl()
                                    ? "per_device_train_batch_size, steps_per_generation,"
                                            + " gradient_accumulation_steps"
                                    : "prompts_per_step")
                    + ", num_generations)"
                    + (beside > 0
                            ? ", each with " + beside + " others that "
                                    + config.method().name() + " compares with,"
                            : "")
                    + " take " + MemoryPlan.size((long) least)
                    + " without a single token. The heap may grow to " + MemoryPlan.size(heap) + ". What helps: less of"
                    + " either, or a larger heap");
        }
    }

    /** The plan of the run as it is configured. */
    MemoryPlan plan() {
        return plan(config);
    }

    private MemoryPlan plan(RlConfig settings) {
        MemoryPlanner planner = MemoryPlanner.training(model);
        if (reference && onDevice) {
            planner.referenceOnDevice();
        } else if (reference) {
            planner.reference();
        }
        ValueModels.config(model, settings).ifPresent(planner::trainedBeside);
        int perGroup = settings.rollout().numGenerations();
        if (samples) {
            planSampling(planner, settings);
        }
        Segments batch = largestMicroBatch(settings);
        int targets = batch.rows() - promptRows(batch) + perGroup;
        if (reference) {
            planner.scoring(batch, targets);
        }
        boolean checkpointing = settings.memory().gradientCheckpointing();
        ptx.map(loss -> loss.largest(settings.memory().microBatchTokens()))
                .ifPresent(part -> planner.step(part.segments(), part.targets().length, checkpointing));
        return planner.step(batch, targets, checkpointing).plan();
    }

    private void planSampling(MemoryPlanner planner, RlConfig settings) {
        planner.generation(
                Math.min(settings.measuring().finalEvalProblems(), together(settings)),
                1,
                promptTokens,
                settings.rollout().maxCompletionLength());
        planner.swapped(settings.cache().kvSwapBytes());
        if (settings.async().isAhead()) {
            MemoryPlanner sampler = MemoryPlanner.inference(model);
            planRollout(sampler, settings);
            int rollouts =
                    settings.plan().rollouts(Math.max(1, settings.maxSteps())); // there are no more weights than these
            planner.sampledAhead(sampler.plan(), Math.min(settings.async().maxStaleness(), rollouts));
        } else {
            planRollout(planner, settings);
        }
    }

    private void planRollout(MemoryPlanner planner, RlConfig settings) {
        int perGroup = settings.rollout().numGenerations();
        int together = together(settings);
        planner.generation(
                Math.clamp(
                        together / perGroup,
                        1,
                        settings.partial().inflight(settings.rollout().promptsPerStep())),
                Math.min(perGroup, together),
                promptTokens,
                settings.rollout().maxCompletionLength());
    }

    /** How many sequences of full length run at a time: as many as the cache may hold, of those that go together. */
    private int together(RlConfig settings) {
        OptionalLong limit = settings.cache().kvCacheBytes();
        if (limit.isEmpty()) {
            return Generator.DEFAULT_MAX_BATCH;
        }
        return (int) Math.clamp(limit.getAsLong() / longestSample(settings), 1, (long) Generator.DEFAULT_MAX_BATCH);
    }

    /** Bytes of the keys and values of a sample of full length. */
    private long longestSample(RlConfig settings) {
        return Generator.leastCacheBytes(
                model, promptTokens + settings.rollout().maxCompletionLength());
    }

    /** Groups of full length, the last one cut so that the batch has the tokens allowed; at least one whole group. */
    private Segments largestMicroBatch(RlConfig settings) {
        int samples = settings.rollout().numGenerations();
        long group = promptTokens + (long) samples * settings.rollout().maxCompletionLength();
        long all = group * settings.rollout().promptsPerStep();
        long rows = Math.min(all, Math.max(group, settings.memory().microBatchTokens()));
        List<Integer> lengths = new ArrayList<>();
        List<Integer> parents = new ArrayList<>();
        while (rows > 0) {
            int parent = lengths.size();
            rows -= add(lengths, parents, Math.min(rows, promptTokens), -1);
            for (int s = 0; s < samples && rows > 0; s++) {
                rows -= add(lengths, parents, Math.min(rows, settings.rollout().maxCompletionLength()), parent);
            }
        }
        return Segments.of(
                lengths.stream().mapToInt(Integer::intValue).toArray(),
                parents.stream().mapToInt(Integer::intValue).toArray());
    }

    private static long add(List<Integer> lengths, List<Integer> parents, long length, int parent) {
        lengths.add(Math.toIntExact(length));
        parents.add(parent);
        return length;
    }

    private static int promptRows(Segments batch) {
        int rows = 0;
        for (int s = 0; s < batch.count(); s++) {
            rows += batch.parent(s) < 0 ? batch.length(s) : 0;
        }
        return rows;
    }

    /**
     * Refuses a run that cannot fit.
     *
     * @throws IllegalStateException with what would help
     */
    void require() {
        requireCache();
        plan().require(
                        "training with completions of up to " + config.rollout().maxCompletionLength() + " tokens",
                        this::advice);
    }

    /**
     * Refuses a cache in which not even one sample would fit.
     *
     * @throws IllegalArgumentException saying how large it must be
     */
    void requireCache() {
        OptionalLong limit = config.cache().kvCacheBytes();
        if (!samples || limit.isEmpty() || longestSample(config) <= limit.getAsLong()) {
            return;
        }
        throw new IllegalArgumentException("kv_cache_gb is "
                + BigDecimal.valueOf(config.cache().kvCacheGb().getAsDouble()).toPlainString()
                + ", but the keys and values of one sample take " + MemoryPlan.size(longestSample(config))
                + " when it has "
                + promptTokens + " tokens of the prompt and max_completion_length "
                + config.rollout().maxCompletionLength() + " new ones. What helps: kv_cache_gb="
                + BigDecimal.valueOf(longestSample(config))
                        .divide(BigDecimal.valueOf(1L << 30), 4, RoundingMode.UP)
                        .toPlainString()
                + " or more, fewer new tokens");
    }

    private List<String> advice() {
        List<String> advice = new ArrayList<>();
        int group = promptTokens
                + config.rollout().numGenerations() * config.rollout().maxCompletionLength();
        if (config.memory().microBatchTokens() > group) {
            MemoryPlan.largestThatFits(
                            config.memory().microBatchTokens() - 1,
                            tokens -> plan(
                                    config.toBuilder().microBatchTokens(tokens).build()))
                    .ifPresent(tokens -> advice.add("micro_batch_tokens=" + Math.max(tokens, group)));
        }
        if (!config.memory().gradientCheckpointing()) {
            advice.add("gradient_checkpointing=true (then "
                    + size(config.toBuilder().gradientCheckpointing(true).build()) + ")");
        }
        if (config.async().isAhead()) {
            RlConfig inTurn = config.toBuilder()
                    .set("max_staleness", 0)
                    .set("max_inflight", OptionalInt.empty())
                    .build();
            advice.add("max_staleness=0 (then " + size(inTurn) + ")");
        }
        int updates = config.algorithm().updatesPerRollout();
        int fewer = Math.max(updates, config.rollout().promptsPerStep() / 2);
        if (!config.rollout().isTrl() && fewer < config.rollout().promptsPerStep()) {
            advice.add("prompts_per_step=" + fewer + " (then "
                    + size(config.toBuilder().promptsPerStep(fewer).build()) + ")");
        }
        if (config.measuring().finalEvalProblems() > 64) {
            RlConfig few = config.toBuilder().finalEvalProblems(64).build();
            advice.add("final_eval_problems=64 (then " + size(few) + ")");
        }
        if (config.rollout().maxCompletionLength() > 1) {
            int half = config.rollout().maxCompletionLength() / 2;
            advice.add("max_completion_length=" + half + " (then "
                    + size(config.toBuilder().maxCompletionLength(half).build()) + ")");
        }
        return advice;
    }

    private String size(RlConfig settings) {
        return MemoryPlan.size(plan(settings).bytes());
    }
}
