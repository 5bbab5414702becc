// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.loop;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonFields;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.MemoryConfig;
import dev.jacobian.rl.config.OptimizationConfig;
import dev.jacobian.rl.learn.Learner;
import dev.jacobian.rl.learn.LossPasses;
import dev.jacobian.rl.learn.LossValue;
import dev.jacobian.rl.learn.Reading;
import dev.jacobian.rl.learn.Update;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.LabelledBatch;
import dev.jacobian.transformer.TokenScores;
import dev.jacobian.transformer.TrainingPass;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The verbs of a training loop of one's own.
 *
 * <pre>{@code
 * try (Trainer trainer = new Trainer(model)) {
 *     for (int step = 0; step < 100; step++) {
 *         List<Generation> samples = trainer.sample(prompt, 8, sampling.withSeed(step));
 *         List<Datum> batch = ...; // Datum.of(prompt, tokens).with("logprobs", …).with("advantages", …)
 *         trainer.forwardBackward(batch, LossFunctions.importanceSampling());
 *         trainer.optimStep(1e-5);
 *     }
 *     trainer.saveState(folder);
 * }
 * }</pre>
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Gradients add up over {@link #forwardBackward} until {@link #optimStep} applies and clears them. Nothing is averaged: what a
 *       loss says is what is learned.
 *   <li>Sampling and learning are one model: the log-probability of a token that was just sampled is the same number in both, so its
 *       ratio is exactly 1.
 *   <li>A batch may have any size. What exceeds {@code micro_batch_tokens} goes through the model in parts, and a loss still
 *       sees all of it.
 *   <li>A prompt that data one behind the other have in common is computed once in each part, forward and backward.
 *   <li>{@link #saveState} and {@link #loadState} are exact: a loop that goes on from a state computes the bits of one that was not
 *       interrupted, if its own seeds and order are a matter of its step.
 * </ul>
 *
 * <p>Not thread-safe.
 */
public final class Trainer implements AutoCloseable {
    private static final String STATE = "trainer_state.json";
    private static final int FORMAT = 1;

    private final CausalLM model;
    private final MemoryConfig memory;
    private final Learner learner;
    private final TrainingPass pass;
    private final Workspace workspace = new Workspace();
    private long calls; // of forwardBackward, ever
    private int pending; // since the last optimizer step
    private double loss; // of these

    /** A trainer of all of a model's parameters, by AdamW with its usual numbers. */
    public Trainer(CausalLM model) {
        this(model, ConfigTree.defaults(OptimizationConfig.class), ConfigTree.defaults(MemoryConfig.class));
    }

    /**
     * A trainer of all of a model's parameters, or of its adapter's where it has one.
     *
     * @param optimization the optimizer and the limit of the gradient's norm; rates are those of {@link #optimStep}
     * @param memory how much is computed at a time
     * @throws IllegalStateException if the weights cannot be trained
     */
    public Trainer(CausalLM model, OptimizationConfig optimization, MemoryConfig memory) {
        model.requireTrainable("a training loop");
        this.model = model;
        this.memory = memory;
        model.gradientCheckpointing(memory.gradientCheckpointing());
        optimization.balanceExperts(model);
        this.learner = new Learner(model.parameters(), optimization, 1, memory.offloadOptimizer());
        this.pass = new TrainingPass(model);
    }

    /** The model, as it is now. */
    public CausalLM model() {
        return model;
    }

    /** Optimizer steps so far. */
    public int steps() {
        return learner.updates();
    }

    /** What the model thinks of a batch's targets, without gradient. */
    public Scored forward(List<Datum> batch) {
        float[] logProbs = new float[targets(batch)]; // [N]
        int at = 0;
        for (LabelledBatch part : PackedData.cut(batch, memory.microBatchTokens(), false)) {
            float[] own = LossPasses.score(model, part, new Reading.LogProbs(Set.of()))
                    .logProbs();
            System.arraycopy(own, 0, logProbs, at, own.length);
            at += own.length;
        }
        return new Scored(batch, logProbs);
    }

    /**
     * What a call of {@link #forwardBackward} saw.
     *
     * @param loss as the loss said, with the model's own load-balancing loss where it has one
     * @param scored log-probabilities before the step
     */
    public record Result(double loss, Scored scored) {}

    /**
     * Adds the gradient of a loss to what the parameters have.
     *
     * @throws IllegalArgumentException if there is no target, or the loss gives another number of derivatives than there are targets
     * @throws IndexOutOfBoundsException if a token or a target is not in the vocabulary
     */
    public Result forwardBackward(List<Datum> batch, LossFunction function) {
        int count = targets(batch);
        if (count == 0) {
            throw new IllegalArgumentException("no target counts; give at least one");
        }
        model.parameters().forEach(Parameter::provideGrad);
        boolean allRows = LossPasses.wantsAllRows(model);
        List<LabelledBatch> parts = PackedData.cut(batch, memory.microBatchTokens(), allRows);
        long tokens = parts.stream().mapToLong(part -> part.tokens().length).sum();
        LossPasses passes = new LossPasses(model, calls, tokens);
        Seen seen = new Seen(batch, function);
        double value = workspace.compute(() -> {
            if (!function.isLinear()) {
                return passes.run(parts, Set.of(), seen::of);
            }
            LossValue anywhere = seen.of(new float[count]);
            float[] slopes = new float[count];
            for (int t = 0; t < count; t++) {
                slopes[t] = (float) anywhere.derivatives()[t];
            }
            return seen.of(passes.known(pass, parts, slopes)).value();
        });
        calls++;
        pending++;
        value += passes.ownLoss();
        loss += value;
        return new Result(value, seen.scored);
    }

    /** A loss, and the log-probabilities that it was asked at last. */
    private static final class Seen {
        private final List<Datum> batch;
        private final LossFunction loss;
        private Scored scored;

        Seen(List<Datum> batch, LossFunction loss) {
            this.batch = batch;
            this.loss = loss;
            this.scored = new Scored(batch, new float[targets(batch)]);
        }

        LossValue of(TokenScores scores) {
            return of(scores.logProbs());
        }

        LossValue of(float[] logProbs) {
            scored = new Scored(batch, logProbs);
            LossValue value = loss.of(scored);
            if (value.derivatives().length != logProbs.length) {
                throw new IllegalArgumentException("the loss gave " + value.derivatives().length + " derivatives for "
                        + logProbs.length + " log-probabilities; give one for each");
            }
            return value;
        }
    }

    private static int targets(List<Datum> batch) {
        return batch.stream().mapToInt(Datum::count).sum();
    }

    /**
     * Changes the weights by the gradients that have added up, and clears them.
     *
     * @throws IllegalStateException if there are none, or if they or the loss are not finite; the weights are left as they are then,
     *     and the gradients are cleared
     */
    public Update optimStep(double learningRate) {
        return optimStep(() -> learner.step(loss, learningRate));
    }

    /**
     * The same with all of the optimizer's numbers given anew.
     *
     * @throws IllegalStateException also if the optimizer is another than AdamW
     */
    public Update optimStep(AdamParams params) {
        return optimStep(() -> learner.step(loss, params.learningRate(), params.gradClipNorm(), params.adamW()));
    }

    private Update optimStep(Supplier<Update> step) {
        if (pending == 0) {
            throw new IllegalStateException("there is no gradient to step by; call forwardBackward first");
        }
        try {
            return workspace.compute(step);
        } finally {
            clearGradients();
        }
    }

    /** Forgets the gradients that have added up. */
    public void clearGradients() {
        workspace.run(() -> model.parameters().forEach(Parameter::clearGrad));
        pending = 0;
        loss = 0;
    }

    /** Continues a prompt several times, with the weights of now. */
    public List<Generation> sample(int[] prompt, int count, GenerationConfig config) {
        return sample(List.of(prompt), count, config).getFirst();
    }

    /** Continues each prompt several times, with the weights of now. */
    public List<List<Generation>> sample(List<int[]> prompts, int count, GenerationConfig config) {
        return new Generator(model).generate(prompts, count, config);
    }

    /**
     * Writes the weights, what the optimizer remembers and where the trainer stands into a folder, which is replaced whole. The weights
     * are a checkpoint that other software loads.
     *
     * @throws IllegalStateException between {@link #forwardBackward} and {@link #optimStep}, whose gradients are not saved
     */
    public void saveState(Path folder) {
        requireNothingPending("saved");
        AtomicFiles.writeDirectory(folder, directory -> {
            model.saveInto(directory, DType.F32);
            ObjectNode state = Json.object().put("format", FORMAT).put("calls", calls);
            learner.save(directory, state);
            Json.write(directory.resolve(STATE), state);
        });
    }

    /**
     * Goes on from what {@link #saveState} wrote.
     *
     * @throws dev.jacobian.io.FormatException if a file is missing or broken
     * @throws IllegalArgumentException if it is the state of another model or optimizer
     * @throws IllegalStateException between {@link #forwardBackward} and {@link #optimStep}
     */
    public void loadState(Path folder) {
        requireNothingPending("loaded");
        Path file = folder.resolve(STATE);
        JsonFields state = JsonFields.of(Json.read(file), file.toString());
        if (state.integer("format") != FORMAT) {
            throw new IllegalArgumentException(file + " was written by another version; load it with that one");
        }
        long saved = state.count("calls");
        model.restore(folder);
        learner.restore(folder, state.node());
        calls = saved;
    }

    private void requireNothingPending(String what) {
        if (pending > 0) {
            throw new IllegalStateException("gradients of " + pending
                    + " calls of forwardBackward wait for optimStep, and a state without them would be no state; call"
                    + " it before the state is " + what);
        }
    }

    /** Gives back what a device kept for replaying. */
    @Override
    public void close() {
        pass.close();
    }
}
