// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The head of a language model fused with log-softmax: log-probabilities of given tokens without ever holding the logits
 * of a batch.
 *
 * <p>Decisions: rows are processed in chunks of about {@value #CHUNK_ELEMENTS} logits (more on a device), forward and again in backward, so
 * memory does not grow with the number of tokens. Chunking cannot change a bit: every log-probability depends on its own
 * row, and weight gradients continue one chain of additions from chunk to chunk. Rows whose gradient is zero are skipped in
 * backward, unless nothing may be read back ({@link dev.jacobian.tensor.Replaying#readsBack}).
 */
public final class TokenLogProbs {
    static final int CHUNK_ELEMENTS = 1 << 21;

    private TokenLogProbs() {}

    /** What can be measured of a row's logits beside, without gradient; each costs a pass over them. */
    public enum Measure {
        /** The mean of the logits over the vocabulary. */
        MEAN_LOGIT,
        /** The chance that two draws agree, Σ p². */
        COLLISION
    }

    /**
     * Log-probabilities and, beside them, entropies.
     *
     * @param logProbs [R], differentiable
     * @param entropy [R] in nats, a plain tensor
     * @param normalizers [R, 2] the largest logit m and l = Σ exp(z − m), so that −log l is the log-probability of the most likely
     *     token; good until backward
     * @param measures [R] each of what was asked for
     */
    public record Result(Var logProbs, Tensor entropy, Tensor normalizers, Map<Measure, Tensor> measures) {}

    /**
     * {@code logProbs[i] = log softmax(form(hidden[rows[i]] · Wᵀ) / temperature)[targets[i]]}.
     *
     * <p>With p the softmax and z the products: dlogits = (1[v = target] − p)·d/temperature, dz = scale·(1 − (logits/cap)²)·dlogits
     * (cap and scale where there are any), dhidden = dz·W, dW = dzᵀ·hidden.
     *
     * @param hidden [N, D]
     * @param weight [V, D]
     * @param rows [R] rows of {@code hidden}; a row may occur several times
     * @param targets [R] token ids
     */
    public static Result tokenLogProbs(Var hidden, LinearWeight weight, int[] rows, int[] targets, float temperature) {
        return tokenLogProbs(hidden, weight, LogitForm.PLAIN, rows, targets, temperature);
    }

    /** The same with logits of a form. */
    public static Result tokenLogProbs(
            Var hidden, LinearWeight weight, LogitForm form, int[] rows, int[] targets, float temperature) {
        return tokenLogProbs(hidden, weight, form, rows, targets, temperature, Set.of());
    }

    /** The same with further measures of the logits. */
    public static Result tokenLogProbs(
            Var hidden,
            LinearWeight weight,
            LogitForm form,
            int[] rows,
            int[] targets,
            float temperature,
            Set<Measure> measured) {
        Shapes.requireRank("tokenLogProbs", "hidden", hidden.value(), 2);
        int d = hidden.value().extent(1);
        int vocabulary = Linear.outputs(weight);
        Linear.requireInputs("tokenLogProbs", weight, d);
        if (rows.length != targets.length) {
            throw new IllegalArgumentException(
                    "tokenLogProbs: " + rows.length + " rows, " + targets.length + " targets");
        }
        if (!(temperature > 0)) {
            throw new IllegalArgumentException("tokenLogProbs: temperature must be positive, got " + temperature);
        }
        for (int i = 0; i < rows.length; i++) {
            Shapes.requireIndex(
                    "tokenLogProbs", "hidden", rows[i], hidden.value().extent(0));
            Shapes.requireIndex("tokenLogProbs", "weight " + weight.name(), targets[i], vocabulary);
        }
        float inverseTemperature = 1f / temperature;
        Tensor states = hidden.value(); // [N, D]
        Tensor logProbs = Workspace.floatsBeside(states, rows.length); // [R]
        Tensor entropy = Workspace.floatsBeside(states, rows.length); // [R]
        Tensor stats = Workspace.floatsBeside(states, rows.length, 2); // [R, 2]
        int chunk = chunk(hidden, rows.length, vocabulary);
        Tensor h = Workspace.like(states, chunk, d); // [chunk, D]
        Tensor logits = Workspace.floatsBeside(states, chunk, vocabulary); // [chunk, V]
        Map<Measure, Tensor> measures = new EnumMap<>(Measure.class);
        measured.forEach(measure -> measures.put(measure, Workspace.floatsBeside(states, rows.length)));
        for (int from = 0; from < rows.length; from += chunk) {
            int n = Math.min(chunk, rows.length - from);
            int[] chunkRows = Arrays.copyOfRange(rows, from, from + n);
            int[] chunkTargets = hidden.backend().replaying().part(targets, from, from + n);
            logitsOf(states, weight, form, chunkRows, h.slice(0, 0, n), logits.slice(0, 0, n));
            hidden.backend()
                    .softmax()
                    .logProbs(
                            logits.slice(0, 0, n),
                            inverseTemperature,
                            chunkTargets,
                            logProbs.slice(0, from, from + n),
                            entropy.slice(0, from, from + n),
                            stats.slice(0, from, from + n));
            for (Map.Entry<Measure, Tensor> measure : measures.entrySet()) { // in the enum's order: the last may write
                measure(
                        hidden.backend(),
                        measure.getKey(),
                        logits.slice(0, 0, n),
                        inverseTemperature,
                        measure.getValue().slice(0, from, from + n));
            }
        }
        Workspace.release(h);
        Workspace.release(logits);
        Var[] inputs = inputs(hidden, weight);
        Var result = Operation.of("tokenLogProbs", inputs).result(logProbs, dOut -> {
            backwardOf(hidden, states, weight, form, rows, targets, inverseTemperature, stats, dOut, chunk);
            Workspace.release(stats);
        });
        return new Result(result, entropy, stats, measures);
    }

    /** Rows that are processed at once. */
    static int chunk(Var hidden, int rows, int vocabulary) {
        int elements = Math.max(CHUNK_ELEMENTS, hidden.backend().memory().chunkElements());
        return Math.max(1, Math.min(Math.max(1, rows), elements / vocabulary));
    }

    /** What the head depends on. */
    static Var[] inputs(Var hidden, LinearWeight weight) {
        List<Var> all = new ArrayList<>(List.of(hidden));
        all.addAll(Linear.inputs(weight));
        return all.toArray(Var[]::new);
    }

    /** @param logits [n, V], which may be overwritten */
    private static void measure(Backend backend, Measure measure, Tensor logits, float inverseTemperature, Tensor out) {
        int vocabulary = logits.extent(1);
        Tensor ones = Workspace.floatsBeside(logits, vocabulary, 1); // [V, 1]
        ones.fill(1f);
        if (measure == Measure.COLLISION) {
            backend.softmax().softmax(logits, inverseTemperature, logits);
            backend.elementwise().multiply(logits, logits, logits);
        }
        Tensor sums = out.reshape(out.elements(), 1); // [n, 1]
        backend.matrices().matmul(logits, ones, sums, false);
        if (measure == Measure.MEAN_LOGIT) {
            backend.elementwise().scale(sums, 1f / vocabulary, sums);
        }
        Workspace.release(ones);
    }

    /**
     * The logits of chosen rows in F32, without gradient.
     *
     * @param hidden [N, D]
     * @param weight [V, D]
     * @param rows [R]
     * @return [R, V]
     */
    public static Tensor logits(Var hidden, LinearWeight weight, LogitForm form, int[] rows) {
        Tensor states = hidden.value(); // [N, D]
        Tensor h = Workspace.like(states, rows.length, states.extent(1)); // [R, D]
        Tensor logits = Workspace.floatsBeside(states, rows.length, Linear.outputs(weight)); // [R, V]
        logitsOf(states, weight, form, rows, h, logits);
        return logits;
    }

    static void logitsOf(Tensor states, LinearWeight weight, LogitForm form, int[] rows, Tensor h, Tensor logits) {
        Backend backend = Backends.of(states.device());
        backend.rows().gatherRows(states, rows, h);
        Linear.timesTransposed(h, weight, logits, false);
        if (form.scale() != 1) {
            backend.elementwise().scale(logits, form.scale(), logits);
        }
        if (form.softCap() > 0) {
            backend.activations().softCap(logits, form.softCap(), logits);
        }
    }

    /**
     * Gradients of logits, where they stand, become those of the products.
     *
     * @param logits under a cap, null where there is none
     */
    static void throughForm(Backend backend, LogitForm form, Tensor dLogits, @Nullable Tensor logits) {
        if (logits != null) {
            backend.activations().softCapBackward(dLogits, logits, form.softCap(), dLogits);
        }
        if (form.scale() != 1) {
            backend.elementwise().scale(dLogits, form.scale(), dLogits);
        }
    }

    private static void backwardOf(
            Var hidden,
            Tensor states,
            LinearWeight weight,
            LogitForm form,
            int[] rows,
            int[] targets,
            float inverseTemperature,
            Tensor stats,
            Tensor dOut,
            int chunk) {
        int d = hidden.value().extent(1);
        Backend backend = hidden.backend();
        boolean all = !backend.replaying().readsBack();
        int[] active = all ? everyRow(rows.length) : activeRows(dOut.toFloatArray());
        Tensor h = Workspace.like(states, chunk, d); // [chunk, D]
        Tensor dH = Workspace.like(states, chunk, d); // [chunk, D]
        Tensor logits = Workspace.floatsBeside(states, chunk, Linear.outputs(weight)); // [chunk, V]
        Tensor narrowed = states.dtype() != DType.F32
                ? Workspace.like(states, chunk, Linear.outputs(weight))
                : null; // [chunk, V]
        Tensor capped =
                form.softCap() > 0 ? Workspace.floatsBeside(states, chunk, Linear.outputs(weight)) : null; // [chunk, V]
        for (int from = 0; from < active.length; from += chunk) {
            int n = Math.min(chunk, active.length - from);
            int[] chunkActive = Arrays.copyOfRange(active, from, from + n);
            int[] chunkRows = elements(rows, chunkActive);
            int[] chunkTargets =
                    all ? backend.replaying().part(targets, from, from + n) : elements(targets, chunkActive);
            Tensor chunkStats = Workspace.floatsBeside(states, n, 2); // [n, 2]
            Tensor chunkGrad = Workspace.floatsBeside(states, n, 1); // [n, 1]
            backend.rows().gatherRows(stats, chunkActive, chunkStats);
            backend.rows().gatherRows(dOut.reshape(dOut.elements(), 1), chunkActive, chunkGrad);
            Tensor hChunk = h.slice(0, 0, n); // [n, D]
            Tensor dLogits = logits.slice(0, 0, n); // [n, V]
            logitsOf(states, weight, form, chunkRows, hChunk, dLogits);
            Tensor kept = capped == null ? null : capped.slice(0, 0, n); // [n, V]
            if (kept != null) {
                kept.copyFrom(dLogits);
            }
            backend.softmax()
                    .logProbsBackward(dLogits, inverseTemperature, chunkTargets, chunkGrad.reshape(n), chunkStats);
            throughForm(backend, form, dLogits, kept);
            Workspace.release(chunkStats);
            Workspace.release(chunkGrad);
            if (narrowed != null) {
                Tensor rounded = narrowed.slice(0, 0, n); // [n, V]
                rounded.convertFrom(dLogits);
                dLogits = rounded;
            }
            give(hidden, weight, chunkRows, hChunk, dLogits, dH.slice(0, 0, n));
        }
        Workspace.release(h);
        Workspace.release(dH);
        Workspace.release(logits);
        if (capped != null) {
            Workspace.release(capped);
        }
        if (narrowed != null) {
            Workspace.release(narrowed);
        }
    }

    /**
     * Gives gradients of logits to hidden states and weights.
     *
     * @param h [n, D] the rows
     * @param dLogits [n, V] in F32
     */
    static void giveGradients(Var hidden, LinearWeight weight, int[] rows, Tensor h, Tensor dLogits) {
        Tensor rounded = dLogits; // [n, V]
        if (h.dtype() != DType.F32) {
            rounded = Workspace.like(h, rows.length, dLogits.extent(1));
            rounded.convertFrom(dLogits);
        }
        give(hidden, weight, rows, h, rounded, Workspace.like(h, rows.length, h.extent(1)));
    }

    /** @param dH [n, D], overwritten */
    private static void give(Var hidden, LinearWeight weight, int[] rows, Tensor h, Tensor dLogits, Tensor dH) {
        if (hidden.requiresGrad()) {
            Linear.timesWeight(dLogits, weight, dH);
            hidden.backend().rows().scatterAddRows(dH, rows, hidden.gradToAddInto());
        }
        Linear.addGradients(dLogits, h, weight);
    }

    private static int[] everyRow(int count) {
        int[] rows = new int[count];
        Arrays.setAll(rows, i -> i);
        return rows;
    }

    private static int[] elements(int[] of, int[] at) {
        int[] elements = new int[at.length];
        Arrays.setAll(elements, i -> of[at[i]]);
        return elements;
    }

    private static int[] activeRows(float[] dOut) {
        int[] active = new int[dOut.length];
        int count = 0;
        for (int i = 0; i < active.length; i++) {
            if (dOut[i] != 0f) {
                active[count++] = i;
            }
        }
        return Arrays.copyOf(active, count);
    }
}
