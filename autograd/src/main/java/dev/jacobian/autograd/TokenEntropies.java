// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.util.Arrays;

/**
 * The entropies that {@link TokenLogProbs} measures, as something that a loss may depend on: a bonus for undecided policies.
 *
 * <p>With z the logits over the temperature T, p their softmax and H the entropy: dlogits = −p (log p + H)·dH/T.
 *
 * <p>Decisions: its own operation beside the log-probabilities', so that whoever needs no gradient of entropies pays nothing; in backward
 * it computes the logits once more, by chunks, so that those of a batch never exist. Made of kernels that every backend has.
 */
public final class TokenEntropies {
    private TokenEntropies() {}

    /**
     * {@code H[i]} of the distribution that predicts {@code rows[i]}, [R], differentiable.
     *
     * @param hidden [N, D]
     * @param weight [V, D]
     * @param rows [R] rows of {@code hidden}, as the log-probabilities were asked for
     * @param scored the log-probabilities of these rows, before their backward
     */
    public static Var of(
            Var hidden,
            LinearWeight weight,
            LogitForm form,
            int[] rows,
            float temperature,
            TokenLogProbs.Result scored) {
        float[] entropies = scored.entropy().toFloatArray(); // [R]
        float[] stats = scored.normalizers().toFloatArray(); // [R, 2]
        float[] shifts = new float[rows.length]; // m + log l − H: z minus it is log p + H
        for (int i = 0; i < shifts.length; i++) {
            shifts[i] = (float) ((double) stats[2 * i] + StrictMath.log(stats[2 * i + 1]) - entropies[i]);
        }
        Tensor out = Workspace.floatsBeside(hidden.value(), rows.length); // [R]
        out.copyFrom(scored.entropy());
        Var[] inputs = TokenLogProbs.inputs(hidden, weight);
        return Operation.of("tokenEntropies", inputs)
                .result(out, dOut -> backward(hidden, weight, form, rows, 1f / temperature, shifts, dOut));
    }

    private static void backward(
            Var hidden,
            LinearWeight weight,
            LogitForm form,
            int[] rows,
            float inverseTemperature,
            float[] shifts,
            Tensor dOut) {
        Tensor states = hidden.value(); // [N, D]
        Backend backend = Backends.of(states.device());
        float[] slopes = dOut.toFloatArray();
        int d = states.extent(1);
        int vocabulary = Linear.outputs(weight);
        int chunk = TokenLogProbs.chunk(hidden, rows.length, vocabulary);
        Tensor ones = Workspace.floatsBeside(states, 1, vocabulary); // [1, V]
        ones.fill(1f);
        for (int from = 0; from < rows.length; from += chunk) {
            int to = Math.min(rows.length, from + chunk);
            int n = to - from;
            int[] chunkRows = Arrays.copyOfRange(rows, from, to);
            Tensor h = Workspace.like(states, n, d); // [n, D]
            Tensor logits = Workspace.floatsBeside(states, n, vocabulary); // [n, V]
            Tensor surprise = Workspace.floatsBeside(states, n, vocabulary); // [n, V]
            Tensor factors = Workspace.floatsBeside(states, n, vocabulary); // [n, V]
            TokenLogProbs.logitsOf(states, weight, form, chunkRows, h, logits);
            Tensor capped = form.softCap() > 0 ? Workspace.floatsBeside(states, n, vocabulary) : null; // [n, V]
            if (capped != null) {
                capped.copyFrom(logits);
            }
            backend.elementwise().scale(logits, inverseTemperature, surprise);
            column(backend, negated(shifts, from, to, 1), ones, surprise, true); // log p + H
            backend.softmax().softmax(logits, inverseTemperature, logits); // p
            backend.elementwise().multiply(logits, surprise, logits);
            column(backend, negated(slopes, from, to, inverseTemperature), ones, factors, false);
            backend.elementwise().multiply(logits, factors, logits); // dlogits
            TokenLogProbs.throughForm(backend, form, logits, capped);
            TokenLogProbs.giveGradients(hidden, weight, chunkRows, h, logits);
        }
    }

    private static float[] negated(float[] of, int from, int to, float factor) {
        float[] negated = new float[to - from];
        for (int i = from; i < to; i++) {
            negated[i - from] = -of[i] * factor;
        }
        return negated;
    }

    /** One number for each row of {@code out}, set or added. */
    private static void column(Backend backend, float[] numbers, Tensor ones, Tensor out, boolean add) {
        Tensor column = Workspace.floatsBeside(out, numbers.length, 1); // [n, 1]
        column.copyFrom(Tensor.of(numbers, numbers.length, 1));
        backend.matrices().matmul(column, ones, out, add);
    }
}
