// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.optim.AdamW;
import dev.jacobian.autograd.optim.GradientClipping;
import dev.jacobian.autograd.optim.Schedule;
import dev.jacobian.rl.method.Algorithm;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.MemoryPlan;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Reinforcement learning of a language model on a task with verifiable rewards: the loop that all methods share.
 *
 * <pre>{@code
 * CausalLM model = CausalLM.load(folder);
 * RlResult result = new RlTrainer(model, task, RlConfig.builder().maxSteps(100).build()).train();
 * model.save(target);
 * }</pre>
 *
 * <p>One step: draw problems, sample a group of completions for each, score them, compute advantages within groups, make
 * one or several optimizer steps, measure. The model that trains is the model that samples, and both use the same kernels
 * in the same order, so a token's log-probability is the same number in both; the difference is measured all the same and
 * reported as {@code sampling/sampling_logp_difference/max}.
 *
 * <p>With an output folder the run can be killed at any moment and resumed to the same bits: all randomness is a function
 * of the seed and counters, so a checkpoint needs no generator state.
 */
public final class RlTrainer {
    private final CausalLM model;
    private final Task task;
    private final RlConfig config;
    private final Algorithm algorithm;
    private final AdamW optimizer;
    private final Schedule schedule;
    private final List<TrainingListener> listeners = new ArrayList<>();
    private final Workspace workspace = new Workspace();
    private final RlMemory memory;
    private Rollouts rollouts;
    private Optional<RunDirectory> directory = Optional.empty();
    private Optional<ReferencePolicy> initial = Optional.empty();
    private TrainerState state = TrainerState.START;

    /**
     * A trainer for the configuration's method.
     *
     * @throws IllegalStateException if the run cannot fit into the heap, with what would help
     */
    public RlTrainer(CausalLM model, Task task, RlConfig config) {
        Algorithm chosen = config.algorithm();
        model.requireTrainable("training");
        this.memory = RlMemory.of(model, task, config);
        if (model.device().equals(Device.CPU)) {
            memory.require();
        } else {
            memory.plan()
                    .requireTraining(model.device(), config.memory().offloadOptimizer(), config.offloadReference());
        }
        model.gradientCheckpointing(config.memory().gradientCheckpointing());
        this.model = model;
        this.task = task;
        this.config = config;
        this.algorithm = chosen;
        this.rollouts = Rollouts.local(model);
        this.optimizer = new AdamW(
                model.parameters(),
                config.optimization().adamW(),
                config.memory().offloadOptimizer());
        this.schedule = config.optimization().schedule(config.maxSteps() * chosen.updatesPerRollout());
    }

    /** The memory that the run will need at most, if completions grow to their limit. */
    public MemoryPlan memoryPlan() {
        return memory.plan();
    }

    /** Adds a listener. */
    public RlTrainer listener(TrainingListener listener) {
        listeners.add(listener);
        return this;
    }

    /** Replaces the sampler. */
    public RlTrainer rollouts(Rollouts sampler) {
        rollouts = sampler;
        return this;
    }

    /**
     * Writes metrics, completions, checkpoints and the trained model to a folder.
     *
     * @param origin recorded in run.json
     * @param resume continue from the last checkpoint there; otherwise the folder must not hold a run yet
     * @throws IllegalStateException if there is a run where none should be, or none where one should be, or if it was
     *     started with another configuration
     */
    public RlTrainer output(Path folder, RunOrigin origin, boolean resume) {
        RunDirectory run = RunDirectory.open(folder, config, origin, model, resume);
        keepInitial(); // before a checkpoint replaces the weights
        state = run.restore(model, optimizer);
        directory = Optional.of(run);
        return this;
    }

    /** Trains to the last step and, if there is an output folder, writes the trained model. */
    public RlResult train() {
        long begin = System.nanoTime();
        double before = state.seconds();
        keepInitial();
        if (state.step() == 0) {
            evaluateBefore();
        }
        while (state.step() < config.maxSteps()) {
            workspace.run(this::step);
            state = state.withSeconds(before + (System.nanoTime() - begin) / 1e9);
            boolean last = state.step() == config.maxSteps();
            if (last
                    || config.saving().saveSteps() > 0
                            && state.step() % config.saving().saveSteps() == 0) {
                directory.ifPresent(run -> run.checkpoint(state, model, optimizer));
            }
        }
        double after = evaluate(config.measuring().finalEvalProblems());
        double seconds = before + (System.nanoTime() - begin) / 1e9;
        RlResult result = new RlResult(
                state.passAt1Before(),
                after,
                state.step(),
                state.samples(),
                seconds,
                ProcessMemory.peakBytes(),
                state.differenceMax());
        directory.ifPresent(run -> run.finish(result, model));
        return result;
    }

    private void keepInitial() {
        if (initial.isEmpty()
                && (config.measuring().klSamples() > 0 || algorithm.objective().needsReference())) {
            initial = Optional.of(ReferencePolicy.of(model, config.offloadReference()));
        }
    }

    private void evaluateBefore() {
        say("Measuring pass@1 on " + config.measuring().finalEvalProblems() + " held-out problems before training ...");
        double passAt1 = evaluate(config.measuring().finalEvalProblems());
        state = state.withPassAt1Before(passAt1);
        say(String.format(java.util.Locale.ROOT, "pass@1 before training: %.1f %%", 100 * passAt1));
        Measurements measurements = new Measurements();
        measurements.put("pass@1", passAt1);
        publish(new StepMetrics(0, config.maxSteps(), measurements.values()), List.of());
    }

    private double evaluate(int problems) {
        GenerationConfig sampling = config.rollout().sampling(0);
        return workspace.compute(() -> Evaluation.passAt1(model, task, problems, sampling));
    }

    private void say(String message) {
        listeners.forEach(listener -> listener.onMessage(message));
    }

    // One step

    private void step() {
        long begin = System.nanoTime();
        TrainingStepEvent event = new TrainingStepEvent();
        event.begin();
        Measurements measurements = new Measurements();
        List<Group> groups = sample();
        double sampled = (System.nanoTime() - begin) / 1e9;
        List<ScoredGroup> scored = groups.stream()
                .map(g -> Scoring.score(g, model.tokenizer(), task.rewards(), algorithm.advantages()))
                .toList();
        measurements.rewards(scored, task.solvedThreshold());
        measurements.lengths(groups);
        List<PolicyGradient> gradients = gradients(scored);
        initial.ifPresent(reference -> reference.use(policy -> score(policy, groups, gradients, measurements)));
        update(gradients, measurements);
        int step = state.step() + 1;
        long tokens = groups.stream().mapToLong(Group::tokens).sum();
        int samples = groups.stream().mapToInt(g -> g.samples().size()).sum();
        state = state.advanced(tokens, samples);
        measurements.put("num_tokens", state.tokens());
        event.commit(step, samples, tokens, measurements.values().get("loss"));
        if (config.measuring().evalSteps() > 0
                && step % config.measuring().evalSteps() == 0
                && step < config.maxSteps()) {
            measurements.put("pass@1", evaluate(config.measuring().evalProblems()));
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        measurements.put("step_time", seconds);
        measurements.put("sampling_time", sampled);
        measurements.put("tokens_per_s", tokens / seconds);
        publish(new StepMetrics(step, config.maxSteps(), measurements.values()), completions(step, scored));
    }

    private List<Group> sample() {
        long first = (long) state.step() * config.rollout().promptsPerStep();
        List<Problem> problems =
                task.trainProblems(config.seed(), first, config.rollout().promptsPerStep());
        long[] keys = new long[problems.size()];
        Arrays.setAll(keys, i -> first + i);
        GenerationConfig sampling = config.rollout().sampling(config.seed());
        return rollouts.run(
                new RolloutTask(problems, keys, config.rollout().numGenerations(), sampling, state.weightVersion()));
    }

    /** One gradient for each of the step's updates, over equal parts of the rollout. */
    private List<PolicyGradient> gradients(List<ScoredGroup> scored) {
        int updates = algorithm.updatesPerRollout();
        List<PolicyGradient> gradients = new ArrayList<>();
        for (int u = 0; u < updates; u++) {
            gradients.add(new PolicyGradient(
                    model,
                    algorithm,
                    (float) config.rollout().temperature(),
                    config.memory().microBatchTokens(),
                    scored.subList(u * scored.size() / updates, (u + 1) * scored.size() / updates)));
        }
        return gradients;
    }

    /** All that a step wants to know of the initial model, at once: it may be far away. */
    private void score(
            CausalLM reference, List<Group> groups, List<PolicyGradient> gradients, Measurements measurements) {
        if (config.measuring().klSamples() > 0) {
            measurements.put("kl_to_init", klToInitial(reference, groups));
        }
        if (algorithm.objective().needsReference()) {
            gradients.forEach(gradient -> gradient.scoreReference(reference));
        }
    }

    /** One optimizer step per gradient. */
    private void update(List<PolicyGradient> gradients, Measurements measurements) {
        if (algorithm.resetsOptimizer()) {
            optimizer.reset();
        }
        for (PolicyGradient gradient : gradients) {
            gradient.accumulate();
            if (gradient == gradients.getFirst()) {
                // later parts are scored by weights that have moved on: their difference is learning, not a mismatch
                state = state.withDifference(gradient.differenceMax());
                measurements.put("sampling/sampling_logp_difference/mean", gradient.differenceMean());
                measurements.put("sampling/sampling_logp_difference/max", gradient.differenceMax());
                measurements.put("entropy", gradient.entropy());
                requireOnPolicy(gradient.differenceMax());
            }
            List<Parameter> parameters = model.parameters();
            GradientClipping.Norm norm =
                    GradientClipping.measure(parameters, config.optimization().maxGradNorm());
            if (!Double.isFinite(norm.norm()) || !Double.isFinite(gradient.loss())) {
                throw new IllegalStateException("step " + (state.step() + 1) + ": the loss is " + gradient.loss()
                        + " and the gradient norm " + norm.norm()
                        + "; the run diverged. Resume from the last checkpoint with a lower learning_rate");
            }
            double learningRate = config.optimization().learningRate() * schedule.factor(state.updates());
            optimizer.step(learningRate, norm.scale());
            optimizer.zeroGrad();
            state = state.updated();
            measurements.update(gradient, norm.norm(), learningRate, gradients.size());
        }
    }

    private void requireOnPolicy(double difference) {
        if (algorithm.strictlyOnPolicy() && difference != 0) {
            throw new IllegalStateException(algorithm.name()
                    + " is strictly on-policy, but log-probabilities differ from the sampler's by " + difference
                    + "; sample with the weights that train (Rollouts.local)");
        }
    }

    /** The k3 estimate of KL(policy || initial model) per token, on the first completions of the batch. */
    private double klToInitial(CausalLM reference, List<Group> groups) {
        List<Group> some = new ArrayList<>();
        int samples = 0;
        for (Group group : groups) {
            if (samples < config.measuring().klSamples()) {
                some.add(group);
                samples += group.samples().size();
            }
        }
        float[] logProbs = PolicyScorer.logProbs(
                reference,
                some,
                (float) config.rollout().temperature(),
                config.memory().microBatchTokens());
        double sum = 0;
        int at = 0;
        for (Group group : some) {
            for (Trajectory sample : group.samples()) {
                for (float logProb : sample.logProbs()) {
                    double d = (double) logProb - logProbs[at++];
                    sum += StrictMath.exp(-d) + d - 1;
                }
            }
        }
        return sum / Math.max(1, at);
    }

    private List<CompletionRecord> completions(int step, List<ScoredGroup> scored) {
        List<CompletionRecord> records = new ArrayList<>();
        for (int i = 0; i < Math.min(config.measuring().logCompletions(), scored.size()); i++) {
            ScoredGroup group = scored.get(i);
            Trajectory sample = group.group().samples().get(0);
            records.add(new CompletionRecord(
                    step,
                    group.group().problem().prompt(),
                    group.texts().get(0),
                    group.rewards()[0],
                    group.advantages()[0],
                    sample.finishReason().label()));
        }
        return records;
    }

    private void publish(StepMetrics metrics, List<CompletionRecord> completions) {
        directory.ifPresent(run -> run.log(metrics, completions));
        listeners.forEach(listener -> {
            listener.onStep(metrics);
            if (!completions.isEmpty()) {
                listener.onCompletions(completions);
            }
        });
    }
}
