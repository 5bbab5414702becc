// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.LoadBalance;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Rows;
import dev.jacobian.autograd.TokenLogProbs;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Replays;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Forward and backward passes of labelled micro-batches: adds the gradient of a weighted cross-entropy to every parameter, and
 * says the loss.
 *
 * <pre>{@code
 * try (TrainingPass pass = new TrainingPass(model)) {
 *     for (LabelledBatch batch : batches) {
 *         float[] weights = new float[batch.targets().length];
 *         Arrays.fill(weights, 1f / weights.length); // the mean
 *         double loss = pass.run(batch, weights);
 *         optimizer.step(1e-4);
 *         optimizer.zeroGrad();
 *     }
 * }
 * }</pre>
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>On a GPU a micro-batch whose shape came before is captured as a graph and replayed from then on ({@link Replays}): one
 *       launch for thousands, with the same bits. Its shape is the lengths of its sequences and which rows predict; token
 *       ids, targets and weights change freely. To keep a shape, give a target the weight 0 rather than leave it out.
 *   <li>A graph holds its activations until this is closed, or until something else needs the memory.
 *   <li>Every parameter has a gradient from the first pass on, and keeps its memory when it is cleared.
 *   <li>Data whose lengths do not repeat runs as without graphs. So does reinforcement learning, which has no use for this:
 *       completions end where the model ends them.
 * </ul>
 *
 * <p>Not thread-safe.
 */
public final class TrainingPass implements AutoCloseable {
    private final CausalLM model;
    private final Replays replays;
    private final Workspace workspace = new Workspace();
    private final Consumer<Var> listener;

    /**
     * Passes of a model.
     *
     * @throws IllegalStateException if its weights are not F32
     */
    public TrainingPass(CausalLM model) {
        this(model, state -> {});
    }

    /** The same with a listener, which is shown the states of the layers unless a device replays them. */
    TrainingPass(CausalLM model, Consumer<Var> listener) {
        model.requireTrainable("a training pass");
        this.model = model;
        this.listener = listener;
        this.replays = Backends.of(model.device()).replaying().newReplays(Replays.Use.TRAINING);
    }

    /**
     * What a micro-batch adds to the loss.
     *
     * @param crossEntropy the weighted sum, in nats
     * @param balance the load-balancing loss of its tokens' experts before it is weighted, as transformers' {@code aux_loss}; 0
     *     where its weight is
     */
    public record Loss(double crossEntropy, double balance) {}

    /** Equal for micro-batches whose passes do the same to other numbers. The buffers compare their contents. */
    private record Shape(IntBuffer segments, IntBuffer rows, boolean balances) {
        static Shape of(LabelledBatch batch, boolean balances) {
            Segments segments = batch.segments();
            IntBuffer all = IntBuffer.allocate(2 * segments.count());
            for (int s = 0; s < segments.count(); s++) {
                all.put(segments.length(s)).put(segments.parent(s));
            }
            return new Shape(all.flip(), IntBuffer.wrap(batch.rows().clone()), balances);
        }
    }

    /**
     * Adds the gradients of a micro-batch's cross-entropy.
     *
     * @param weights of each target's cross-entropy in the loss
     * @return the loss in nats, {@code Σ weights[i] · −log p(targets[i])}; 0 for a batch without targets, which adds nothing
     * @throws IndexOutOfBoundsException if a token or target is not in the vocabulary
     */
    public double run(LabelledBatch batch, float[] weights) {
        return run(batch, weights, 0f).crossEntropy();
    }

    /**
     * The same, and the gradient of the load-balancing loss of the batch's experts.
     *
     * @param balance weight of that loss, whose means are over the tokens of this batch; 0 for none
     * @throws IllegalArgumentException if the weight is not 0 and the model has no routers with such a loss
     */
    public Loss run(LabelledBatch batch, float[] weights, float balance) {
        float[] derivatives = new float[weights.length];
        for (int i = 0; i < derivatives.length; i++) {
            derivatives[i] = -weights[i];
        }
        Scores scores = score(batch, derivatives, balance);
        return new Loss(weightedSum(scores.tokens().logProbs(), derivatives), scores.balance());
    }

    /**
     * What the model thinks of a micro-batch.
     *
     * @param tokens of its targets
     * @param balance as in {@link Loss}
     */
    public record Scores(TokenScores tokens, double balance) {}

    /**
     * Adds the gradients of any loss whose derivative is known beforehand, and says what the model thinks of the targets.
     *
     * @param derivatives of the loss with respect to each target's log-probability
     * @param balance weight of the load-balancing loss
     * @throws IndexOutOfBoundsException if a token or target is not in the vocabulary
     * @throws IllegalArgumentException if the weight is not 0 and the model has no routers with such a loss
     */
    public Scores score(LabelledBatch batch, float[] derivatives, float balance) {
        int[] tokens = batch.tokens();
        int[] targets = batch.targets().clone(); // an input of its own, even if it is the tokens' array
        if (derivatives.length != targets.length) {
            throw new IllegalArgumentException(
                    derivatives.length + " weights for " + targets.length + " targets; give one for each");
        }
        if (targets.length == 0) {
            return new Scores(TokenScores.NONE, 0);
        }
        model.requireTokens(tokens);
        model.requireTokens(targets);
        boolean balances = balance != 0;
        float[] factors = Arrays.copyOf(derivatives, derivatives.length + (balances ? 1 : 0));
        if (balances) {
            factors[derivatives.length] = balance;
        }
        Workspace here = Workspace.isActive() ? Workspace.currentOrNew() : workspace;
        return here.compute(() -> {
            List<Object> constants = new ArrayList<>(List.of(model.passConstants(batch.segments())));
            for (Parameter parameter : model.parameters()) {
                parameter.refreshCopies();
                parameter.provideGrad();
                parameter.grad().ifPresent(constants::add);
            }
            model.adapter().ifPresent(adapter -> {
                adapter.refresh();
                constants.add(adapter.dropout().passing());
            });
            float[] scores = replays.run(
                            Shape.of(batch, balances),
                            constants,
                            List.of(tokens, targets),
                            factors,
                            gradient -> scores(batch, targets, gradient, balances))
                    .toFloatArray();
            return new Scores(TokenScores.of(scores, targets.length), balances ? scores[4 * targets.length] : 0);
        });
    }

    /** Log-probabilities, entropies, normalizers and perhaps the load-balancing loss, [4R] or [4R + 1]. */
    private Tensor scores(LabelledBatch batch, int[] targets, Tensor gradient, boolean balances) {
        Optional<LoadBalance> balance = balances ? Optional.of(model.newLoadBalance()) : Optional.empty();
        Var hidden = model.hidden(batch.tokens(), batch.segments(), listener, balance); // [N, D]
        TokenLogProbs.Result result = model.logProbs(hidden, batch.rows(), targets, 1f);
        int count = targets.length;
        Tensor all = Workspace.floatsBeside(hidden.value(), 4 * count + (balances ? 1 : 0));
        all.slice(0, 0, count).copyFrom(result.logProbs().value());
        all.slice(0, count, 2 * count).copyFrom(result.entropy());
        all.slice(0, 2 * count, 4 * count).copyFrom(result.normalizers().reshape(2 * count));
        if (balance.isEmpty()) {
            result.logProbs().backward(gradient);
            return all;
        }
        Var own = balance.get().loss(hidden); // [1]
        all.slice(0, 4 * count, 4 * count + 1).copyFrom(own.value());
        Rows.joined(result.logProbs(), own).backward(gradient);
        return all;
    }

    /** {@code Reduction.weightedSum} of numbers on the host: a replay can wait for nothing. */
    private static double weightedSum(float[] values, float[] factors) {
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
            sum += (double) factors[i] * values[i];
        }
        return (float) sum;
    }

    /** Gives back what a device kept for replaying. */
    @Override
    public void close() {
        replays.close();
    }
}
