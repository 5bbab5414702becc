// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Rows;
import dev.jacobian.autograd.Var;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.Normalizer;
import dev.jacobian.rl.objective.ValueLoss;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.run.Checkpointed;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * PPO's value model: it says before every token how much reward is still to come, and learns it.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>V of a token is read off the row that predicts it, so the packed batch of the policy's log-probabilities serves both, a prompt
 *       once for its group. Its bits do not depend on what else is in the batch.
 *   <li>A model of its own has moments of its own and a step of its own after the policy's: neither gradient is clipped for the
 *       other's sake, and its activations are not held beside the policy's.
 *   <li>A head on the policy's layers is trained in the policy's pass and step.
 *   <li>In a checkpoint the model has a folder of its own, in the form of {@link CausalLM#save}: it can begin another run.
 * </ul>
 *
 * <p>Not thread-safe.
 */
public final class Critic implements Checkpointed {
    /** The model's folder in a checkpoint, and its place in the checkpoint's description. */
    public static final String NAME = "value_model";

    /** A model with an optimizer of its own. */
    private record Own(CausalLM model, Learner learner) {}

    private final Optional<Own> own;
    private final Optional<ValueHead> head;
    private final CausalLM layers;
    private final ValueLoss loss;
    private final double coefficient;
    private final int microBatchTokens;
    private double sum; // of the step's value loss
    private long clipped;
    private long tokens;

    private Critic(
            Optional<Own> own,
            Optional<ValueHead> head,
            CausalLM layers,
            ValueLoss loss,
            double coefficient,
            int microBatchTokens) {
        this.own = own;
        this.head = head;
        this.layers = layers;
        this.loss = loss;
        this.coefficient = coefficient;
        this.microBatchTokens = microBatchTokens;
    }

    /**
     * A model of its own.
     *
     * @param model whose head gives one number per position
     * @param learner of its parameters
     * @param coefficient what the loss is multiplied with
     * @throws IllegalArgumentException if the model has another head
     */
    public static Critic own(
            CausalLM model, Learner learner, ValueLoss loss, double coefficient, int microBatchTokens) {
        if (model.labels() != 1) {
            throw new IllegalArgumentException(
                    model.labels() == 0
                            ? "a value model needs a head that gives one number per position; this one predicts tokens"
                            : "a value model gives one number per position, this one " + model.labels());
        }
        return new Critic(
                Optional.of(new Own(model, learner)), Optional.empty(), model, loss, coefficient, microBatchTokens);
    }

    /** A head on the policy's layers, whose {@link #parameters} are to be trained with the policy's. */
    public static Critic shared(CausalLM policy, long seed, ValueLoss loss, double coefficient, int microBatchTokens) {
        return new Critic(
                Optional.empty(),
                Optional.of(new ValueHead(policy, seed)),
                policy,
                loss,
                coefficient,
                microBatchTokens);
    }

    /** What is to be trained with the policy. */
    public List<Parameter> parameters() {
        return head.map(one -> List.of(one.weight())).orElse(List.of());
    }

    /** Whether values are read off the policy's layers. */
    public boolean isShared() {
        return head.isPresent();
    }

    /** The layers that values are read off. */
    public CausalLM layers() {
        return layers;
    }

    /**
     * V of every token that the policy chose, without gradient.
     *
     * @return for each group [G][tokens that the policy chose in the sample]
     */
    public List<float[][]> values(List<Group> groups) {
        List<float[][]> values = new ArrayList<>();
        for (List<Group> part : PolicyScorer.microBatches(groups, microBatchTokens)) {
            PackedGroups packed = PackedGroups.of(part);
            float[] all = Workspace.currentOrNew()
                    .compute(() -> NoGrad.compute(() -> read(packed).value().toFloatArray()));
            int at = 0;
            for (Group group : part) {
                float[][] samples = new float[group.size()][];
                for (int i = 0; i < samples.length; i++) {
                    int from = at;
                    at += group.samples().get(i).choices();
                    samples[i] = Arrays.copyOfRange(all, from, at);
                }
                values.add(samples);
            }
        }
        return values;
    }

    private Var read(PackedGroups packed) {
        return read(layers.hidden(packed.tokens(), packed.segments()), packed.rows());
    }

    /**
     * V of chosen rows, [R].
     *
     * @param hidden [N, D] of {@link #layers}
     */
    Var read(Var hidden, int[] rows) {
        return head.map(one -> one.values(hidden, rows)).orElseGet(() -> Rows.flat(layers.scores(hidden, rows)));
    }

    /**
     * The gradient of the weighted loss by values, [R]; the loss itself is added to the step's.
     *
     * @param now [R] V of the packed groups' choices
     * @param groups with values and returns in their views
     * @param normalizer of the step
     */
    float[] gradient(float[] now, List<CreditedGroup> groups, int[] offsets, Normalizer normalizer) {
        float[] old = new float[now.length];
        double[] returns = new double[now.length];
        boolean[] mask = new boolean[now.length];
        int at = 0;
        for (CreditedGroup group : groups) {
            float[][] values = group.views().values().orElseThrow();
            double[][] targets = group.views().returns().orElseThrow();
            for (int i = 0; i < values.length; i++) {
                for (int t = 0; t < values[i].length; t++) {
                    old[at] = values[i][t];
                    returns[at] = targets[i][t];
                    mask[at++] = group.scored().counts()[i];
                }
            }
        }
        ValueLoss.Result result = loss.evaluate(now, old, returns, offsets, mask, normalizer);
        sum += result.loss();
        clipped += result.clipped();
        for (boolean counts : mask) {
            tokens += counts ? 1 : 0;
        }
        float[] gradient = result.gradient();
        for (int t = 0; t < gradient.length; t++) {
            gradient[t] *= (float) coefficient;
        }
        return gradient;
    }

    /** The weighted loss of the step so far. */
    double weightedLoss() {
        return coefficient * sum;
    }

    /** The mean over the tokens of an optimizer step, whose share of the loss does not depend on how it is cut. */
    static Normalizer normalizer(List<MicroBatch> step) {
        int[] lengths = step.stream()
                .flatMapToInt(part -> Arrays.stream(MicroBatch.lengths(part.groups())))
                .toArray();
        return Aggregation.tokenMean().normalizer(lengths);
    }

    /**
     * One optimizer step of a model of its own, towards the returns of the groups; nothing where the policy's layers are shared.
     *
     * @throws IllegalStateException if the loss or the gradient is not finite; the weights are left as they are
     */
    public void update(List<MicroBatch> step) {
        if (own.isEmpty()) {
            return;
        }
        Normalizer normalizer = normalizer(step);
        own.get().learner().update(() -> {
            step.forEach(part -> accumulate(part.groups(), normalizer));
            return weightedLoss();
        });
    }

    private void accumulate(List<CreditedGroup> groups, Normalizer normalizer) {
        List<Group> all = groups.stream().map(group -> group.scored().group()).toList();
        int from = 0;
        for (List<Group> part : PolicyScorer.microBatches(all, microBatchTokens)) {
            List<CreditedGroup> credited = groups.subList(from, from + part.size());
            from += part.size();
            Workspace.inner(() -> {
                PackedGroups packed = PackedGroups.of(part);
                Var now = read(packed); // [R]
                float[] gradient = gradient(now.value().toFloatArray(), credited, packed.offsets(), normalizer);
                now.backward(Tensor.of(gradient, gradient.length));
            });
        }
    }

    /** The metrics of the step that has just been made, under TRL's names; what is measured next belongs to another. */
    public Map<String, Double> endStep() {
        Map<String, Double> measures =
                Map.of("loss/value_avg", sum, "val/clipfrac_avg", clipped / (double) Math.max(1, tokens));
        sum = 0;
        clipped = 0;
        tokens = 0;
        return measures;
    }

    @Override
    public void save(Path checkpoint, ObjectNode state) {
        head.ifPresent(one -> one.save(checkpoint));
        own.ifPresent(one -> {
            Path folder = checkpoint.resolve(NAME);
            one.model().save(folder);
            one.learner().save(folder, state.putObject(NAME));
        });
    }

    @Override
    public void restore(Path checkpoint, JsonNode state) {
        head.ifPresent(one -> one.restore(checkpoint));
        own.ifPresent(one -> {
            Path folder = checkpoint.resolve(NAME);
            one.model().restore(folder);
            one.learner().restore(folder, state.path(NAME));
        });
    }
}
