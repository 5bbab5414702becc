// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.autograd.LoadBalance;
import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Rows;
import dev.jacobian.autograd.TokenLogProbs.Measure;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.LabelledBatch;
import dev.jacobian.transformer.TokenScores;
import dev.jacobian.transformer.TrainingPass;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The passes of an optimizer step through a model, for losses that are closed forms over log-probabilities of tokens, or over
 * what else is {@linkplain Reading read} there.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>A batch that is too large for one pass comes in parts: these are scored, the loss of all says its derivative, and the parts
 *       are gone through again with it. So a loss that compares tokens of different parts is the same however they are cut. Where
 *       the derivative is known beforehand there is one pass.
 *   <li>What a model adds of its own is added here: the load-balancing loss of a mixture's experts, each part of the step by its share
 *       of the step's tokens, and what an adapter leaves out ({@code lora_dropout}), decided by the step and the place in it.
 * </ul>
 */
public final class LossPasses {
    private static final Reading LOG_PROBS = new Reading.LogProbs(Set.of());

    private final CausalLM model;
    private final long step;
    private final long tokens; // of the step
    private double balance; // loss of experts, before it is weighted
    private long segments; // that were passed

    /**
     * The passes of one step.
     *
     * @param step a number of its own for each optimizer step of a run, the same when the run is resumed
     * @param tokens of the whole step, for shares of the load-balancing loss
     */
    public LossPasses(CausalLM model, long step, long tokens) {
        this.model = model;
        this.step = step;
        this.tokens = tokens;
    }

    /** Whether rows that predict nothing count too, because there is a loss of the layers themselves. */
    public static boolean wantsAllRows(CausalLM model) {
        return model.routerAuxLossCoef() > 0;
    }

    /** The same of this model. */
    public boolean wantsAllRows() {
        return wantsAllRows(model);
    }

    /** The load-balancing loss of the step, as transformers' {@code aux_loss}; empty where there is none. */
    public OptionalDouble auxLoss() {
        return wantsAllRows() ? OptionalDouble.of(balance) : OptionalDouble.empty();
    }

    /** What the model's own losses add to that of the step. */
    public double ownLoss() {
        return model.routerAuxLossCoef() * balance;
    }

    /**
     * Adds the gradient of a loss whose derivatives are known beforehand.
     *
     * @param derivatives with respect to the log-probability of each target, part after part
     * @return what the model thinks of the targets
     */
    public TokenScores known(TrainingPass pass, List<LabelledBatch> parts, float[] derivatives) {
        return known(pass, parts, LOG_PROBS, derivatives);
    }

    /**
     * The same with a loss of other numbers.
     *
     * @param reading what it is a function of
     */
    public TokenScores known(TrainingPass pass, List<LabelledBatch> parts, Reading reading, float[] derivatives) {
        TokenScores all = TokenScores.NONE;
        int from = 0;
        for (LabelledBatch part : parts) {
            int count = part.targets().length * reading.perToken();
            float[] own = Arrays.copyOfRange(derivatives, from, from + count);
            TokenScores scores = inTraining(
                    part, () -> reading.isOfLogProbs() ? replayed(pass, part, own) : known(part, reading, own));
            all = from == 0 ? scores : TokenScores.joined(all, scores);
            from += count;
        }
        return all;
    }

    private TokenScores replayed(TrainingPass pass, LabelledBatch part, float[] derivatives) {
        TrainingPass.Scores scores = pass.score(part, derivatives, weight(part));
        balance += share(part) * scores.balance();
        return scores.tokens();
    }

    private TokenScores known(LabelledBatch part, Reading reading, float[] derivatives) {
        return Workspace.currentOrNew().compute(() -> {
            Pass forward = forward(part, reading);
            TokenScores scores = forward.read().scores().get();
            forward.backward(derivatives);
            return scores;
        });
    }

    /**
     * Adds the gradient of a loss.
     *
     * @param measures what it wants to know of the logits beside
     * @param lossOf the loss of the scores of all targets, part after part
     * @return its value
     */
    public double run(List<LabelledBatch> parts, Set<Measure> measures, Function<TokenScores, LossValue> lossOf) {
        return run(parts, new Reading.LogProbs(measures), lossOf);
    }

    /**
     * The same with a loss of other numbers.
     *
     * @param reading what it is a function of
     */
    public double run(List<LabelledBatch> parts, Reading reading, Function<TokenScores, LossValue> lossOf) {
        if (parts.size() == 1) {
            LabelledBatch whole = parts.getFirst();
            return inTraining(
                    whole,
                    () -> Workspace.currentOrNew().compute(() -> {
                        Pass pass = forward(whole, reading);
                        LossValue loss = lossOf.apply(pass.read().scores().get());
                        pass.backward(loss, 0);
                        return loss.value();
                    }));
        }
        long begin = segments;
        LossValue loss = lossOf.apply(parts.stream()
                .map(part -> inTraining(part, () -> score(model, part, reading)))
                .reduce(TokenScores::joined)
                .orElse(TokenScores.NONE));
        segments = begin; // what is left out of an adapter is the same both times
        int from = 0;
        for (LabelledBatch part : parts) {
            int first = from;
            inTraining(
                    part,
                    () -> Workspace.currentOrNew().compute(() -> {
                        forward(part, reading.again()).backward(loss, first);
                        return first;
                    }));
            from += part.targets().length * reading.perToken();
        }
        return loss.value();
    }

    /** What a model thinks of a batch's targets, without gradient. */
    public static TokenScores score(CausalLM model, LabelledBatch batch, Reading reading) {
        return batch.targets().length == 0
                ? TokenScores.NONE
                : Workspace.currentOrNew()
                        .compute(() -> NoGrad.compute(
                                () -> reading.read(model, model.hidden(batch.tokens(), batch.segments()), batch)
                                        .scores()
                                        .get()));
    }

    private <T> T inTraining(LabelledBatch part, Supplier<T> pass) {
        model.beginDropout((step << 32) + segments);
        try {
            return pass.get();
        } finally {
            model.endDropout();
            segments += part.segments().count();
        }
    }

    private double share(LabelledBatch part) {
        return (double) part.tokens().length / (double) tokens;
    }

    private float weight(LabelledBatch part) {
        return (float) (share(part) * model.routerAuxLossCoef());
    }

    /** A forward pass that waits for its gradient. */
    private record Pass(Reading.Read read, Optional<Var> balance, float weight) {
        /** @param from the first of the part's numbers in the loss */
        void backward(LossValue loss, int from) {
            backward(loss.part(from, read.numbers().value().elements()));
        }

        /** @param gradient of each number */
        void backward(float[] gradient) {
            Var numbers = read.numbers();
            int count = gradient.length;
            if (balance.isEmpty()) {
                if (count > 0) {
                    numbers.backward(Tensor.of(gradient, numbers.value().shape().toArray()));
                }
                return;
            }
            float[] both = Arrays.copyOf(gradient, count + 1);
            both[count] = weight;
            Rows.joined(Rows.flat(numbers), balance.get()).backward(Tensor.of(both, count + 1));
        }
    }

    private Pass forward(LabelledBatch part, Reading reading) {
        if (!wantsAllRows()) {
            Var hidden = model.hidden(part.tokens(), part.segments()); // [N, D]
            return new Pass(reading.read(model, hidden, part), Optional.empty(), 0);
        }
        LoadBalance counted = model.newLoadBalance();
        Var hidden = model.hidden(part.tokens(), part.segments(), counted); // [N, D]
        Reading.Read read = reading.read(model, hidden, part);
        Var own = counted.loss(hidden); // [1]
        balance += share(part) * own.value().toFloatArray()[0];
        return new Pass(read, Optional.of(own), weight(part));
    }
}
