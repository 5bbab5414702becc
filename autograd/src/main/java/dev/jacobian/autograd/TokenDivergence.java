// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How far the distributions of a student's next tokens are from a teacher's, without ever holding the logits of a batch of either: heads
 * and divergence fused and chunked as {@link TokenLogProbs} is, and computed again in backward.
 *
 * <p>With s and t the softmax of both, over the whole vocabulary, and M = (1 − β) s + β t (Agarwal et al., arXiv 2306.13649):
 *
 * <pre>
 * β = 0:  KL(t ‖ s)     forward: the student covers what the teacher does
 * β = 1:  KL(s ‖ t)     reverse: the student does only what the teacher does
 * else:   β KL(t ‖ M) + (1 − β) KL(s ‖ M)
 * </pre>
 *
 * <p>Decision: the divergence of a row is summed in double, in order, on the host, from probabilities and normalizers that the device's
 * softmax kernels make. A GPU's logits cross over for it, a chunk at a time, which costs as much as copying them.
 */
public final class TokenDivergence {
    private TokenDivergence() {}

    /**
     * One side: hidden states and the head that reads them.
     *
     * @param hidden [N, D]
     * @param weight [V, D]; D is each side's own
     * @param form what becomes of the products
     * @param rows [R] rows of {@code hidden}
     */
    public record Side(Var hidden, LinearWeight weight, LogitForm form, int[] rows) {}

    /**
     * Divergences and, beside them, the student's entropies.
     *
     * @param divergences [R] in nats, differentiable by what the student is made of
     * @param entropy [R] of the student, in nats, a plain tensor
     */
    public record Result(Var divergences, Tensor entropy) {}

    /**
     * The divergence of each pair of rows. With g = ∂D/∂s and G = Σ s g: dlogits = s (g − G)·d/temperature; nothing goes to the teacher.
     *
     * @param beta 0 to 1
     * @param temperature by which both logits are divided
     * @throws IllegalArgumentException if the vocabularies differ
     */
    public static Result divergence(Side student, Side teacher, double beta, float temperature) {
        int vocabulary = Linear.outputs(student.weight);
        require(
                Linear.outputs(teacher.weight) == vocabulary,
                "the student has " + vocabulary + " tokens and the teacher " + Linear.outputs(teacher.weight));
        require(student.rows.length == teacher.rows.length, "as many rows of both are compared");
        require(beta >= 0 && beta <= 1, "beta lies in [0, 1], got " + beta);
        require(temperature > 0, "temperature must be positive, got " + temperature);
        Tensor states = student.hidden.value(); // [N, D]
        int count = student.rows.length;
        int elements = Math.max(
                TokenLogProbs.CHUNK_ELEMENTS, student.hidden.backend().memory().chunkElements());
        int chunk = Math.clamp(elements / vocabulary, 1, Math.max(1, count));
        float[] divergences = new float[count];
        float[] entropies = new float[count];
        float inverse = 1f / temperature;
        for (int from = 0; from < count; from += chunk) {
            int n = Math.min(chunk, count - from);
            Logits s = Logits.of(student, from, n, inverse);
            Logits t = Logits.of(teacher, from, n, inverse);
            DivergenceRows.forward(s, t, beta, divergences, entropies, from);
            s.release();
            t.release();
        }
        Tensor out = Workspace.floatsBeside(states, count); // [R]
        out.copyFrom(Tensor.of(divergences, count));
        Tensor entropy = Workspace.floatsBeside(states, count); // [R]
        entropy.copyFrom(Tensor.of(entropies, count));
        List<Var> inputs = new ArrayList<>(List.of(student.hidden));
        inputs.addAll(Linear.inputs(student.weight));
        Var result = Operation.of("tokenDivergence", inputs.toArray(Var[]::new))
                .result(out, dOut -> backward(student, teacher, beta, inverse, dOut.toFloatArray(), chunk));
        return new Result(result, entropy);
    }

    private static void backward(Side student, Side teacher, double beta, float inverse, float[] dOut, int chunk) {
        for (int from = 0; from < dOut.length; from += chunk) {
            int n = Math.min(chunk, dOut.length - from);
            float[] d = Arrays.copyOfRange(dOut, from, from + n);
            Logits s = Logits.of(student, from, n, inverse);
            Logits t = Logits.of(teacher, from, n, inverse);
            give(student, s, DivergenceRows.backward(s, t, beta, inverse, d), from);
            s.release();
            t.release();
        }
    }

    /** Gradients of a chunk's logits to hidden states and head. */
    private static void give(Side student, Logits logits, Tensor gradients, int from) {
        Backend backend = student.hidden.backend();
        int n = logits.logits().extent(0);
        Tensor dLogits =
                Workspace.floatsBeside(logits.logits(), n, logits.logits().extent(1)); // [n, V]
        dLogits.copyFrom(gradients);
        TokenLogProbs.throughForm(backend, student.form, dLogits, student.form.softCap() > 0 ? logits.logits() : null);
        Tensor states = student.hidden.value(); // [N, D]
        if (states.dtype() != dLogits.dtype()) {
            Tensor rounded = Workspace.like(states, n, dLogits.extent(1)); // [n, V]
            rounded.convertFrom(dLogits);
            Workspace.release(dLogits);
            dLogits = rounded;
        }
        if (student.hidden.requiresGrad()) {
            Tensor dH = Workspace.like(states, n, states.extent(1)); // [n, D]
            Linear.timesWeight(dLogits, student.weight, dH);
            int[] rows = Arrays.copyOfRange(student.rows, from, from + n);
            backend.rows().scatterAddRows(dH, rows, student.hidden.gradToAddInto());
            Workspace.release(dH);
        }
        Linear.addGradients(dLogits, logits.hidden(), student.weight);
        Workspace.release(dLogits);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalArgumentException("tokenDivergence: " + what);
        }
    }

    /**
     * The logits of a chunk's rows.
     *
     * @param hidden [n, D]
     * @param logits [n, V] under the form, before the temperature
     * @param probabilities [n · V] on the host
     * @param values [n · V] the logits on the host
     * @param normalizers [n] max z + log Σ exp(z − max), so that log p = z − that
     * @param entropies [n] in nats
     */
    record Logits(
            Tensor hidden,
            Tensor logits,
            float[] probabilities,
            float[] values,
            double[] normalizers,
            float[] entropies) {
        static Logits of(Side side, int from, int n, float inverse) {
            Tensor states = side.hidden.value(); // [N, D]
            int vocabulary = Linear.outputs(side.weight);
            Backend backend = side.hidden.backend();
            Tensor h = Workspace.like(states, n, states.extent(1)); // [n, D]
            Tensor logits = Workspace.floatsBeside(states, n, vocabulary); // [n, V]
            TokenLogProbs.logitsOf(
                    states, side.weight, side.form, Arrays.copyOfRange(side.rows, from, from + n), h, logits);
            Tensor first = Workspace.floatsBeside(states, n); // [n], of token 0; not wanted
            Tensor entropy = Workspace.floatsBeside(states, n); // [n]
            Tensor stats = Workspace.floatsBeside(states, n, 2); // [n, 2]
            backend.softmax().logProbs(logits, inverse, new int[n], first, entropy, stats);
            Tensor p = Workspace.floatsBeside(states, n, vocabulary); // [n, V]
            backend.softmax().softmax(logits, inverse, p);
            float[] ends = stats.toFloatArray();
            double[] normalizers = new double[n];
            for (int i = 0; i < n; i++) {
                normalizers[i] = ends[2 * i] + StrictMath.log(ends[2 * i + 1]);
            }
            float[] values = logits.toFloatArray();
            for (int i = 0; i < values.length; i++) {
                values[i] *= inverse;
            }
            Logits made = new Logits(h, logits, p.toFloatArray(), values, normalizers, entropy.toFloatArray());
            List.of(first, entropy, stats, p).forEach(Workspace::release);
            return made;
        }

        void release() {
            Workspace.release(hidden);
            Workspace.release(logits);
        }
    }
}
