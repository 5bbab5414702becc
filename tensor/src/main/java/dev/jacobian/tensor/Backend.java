// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import dev.jacobian.tensor.reference.ReferenceSampling;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * The kernels of one kind of device: everything that computes.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li><b>The order of every sum is part of the contract.</b> Each element of a matrix product is one chain of fused
 *       multiply-adds over k = 0, 1, …; other sums are {@linkplain dev.jacobian.tensor.reference.FixedSum fixed trees} of
 *       16 interleaved partial sums. The reference backend states the order as plain loops and the vector backend must
 *       equal it bit for bit, whatever the batch size, blocking, vector width or number of threads. That makes decoding
 *       with a cache, scoring in one pass and training the same numbers.
 *   <li>Operations are fused where a language model needs them fused; differentiable operations stand on top, in
 *       {@code dev.jacobian.autograd}.
 *   <li>Callers allocate the outputs. Unless stated otherwise tensors are F32 and contiguous, and an output does not
 *       overlap an input.
 *   <li>Shapes are checked where users come in (autograd); kernels trust them.
 * </ul>
 *
 * <p>Letters: N rows (tokens), D features, M, K, N the extents of a matrix product, H heads, V vocabulary.
 */
public interface Backend {
    /** Short name for logs, such as {@code vector-512}. */
    String name();

    // Memory

    /**
     * Memory for elements of tensors on this backend's device, with unspecified contents.
     *
     * @param scoped whether the caller promises to close it; if it does not, that is counted as a leak. Other memory comes
     *     back when the garbage collector finds it unused
     * @throws UnsupportedOperationException on the CPU, whose tensors are Java arrays
     */
    default DeviceArray allocate(DType dtype, int elements, boolean scoped) {
        throw new UnsupportedOperationException(name() + " computes on Java arrays; make them with Tensor.zeros");
    }

    /** Bytes that computations may still take: of the device, or what the heap may grow to. */
    default long availableMemory() {
        return Runtime.getRuntime().maxMemory();
    }

    /**
     * Elements that a temporary of a computation in chunks should have to keep the device busy; 0 where small ones are as
     * good, because they stay in caches.
     */
    default int chunkElements() {
        return 0;
    }

    /** The most elements that an attention head may have. */
    default int maxHeadDim() {
        return Integer.MAX_VALUE;
    }

    /** Waits until the device has done everything that it was asked, and throws what went wrong with any of it. */
    default void synchronize() {}

    /** What replays computations that come again; by itself it just computes them. Closed by the caller. */
    default Replays newReplays() {
        return new Replays() {
            @Override
            public Tensor run(
                    Object shape, Object constants, List<int[]> integers, float[] numbers, UnaryOperator<Tensor> body) {
                return Workspace.keepResult(() -> body.apply(Tensor.of(numbers, numbers.length)));
            }

            @Override
            public void close() {}
        };
    }

    /**
     * Whether a computation may read numbers back to decide how it goes on. Not in a body of {@link Replays} on a device,
     * which is replayed with other numbers.
     */
    default boolean readsBack() {
        return true;
    }

    /** Integers {@code from} to {@code to} of an array, for kernels: in a body of {@link Replays} they change with the array's. */
    default int[] part(int[] integers, int from, int to) {
        return Arrays.copyOfRange(integers, from, to);
    }

    // Matrix products

    /**
     * {@code out = a · b}, or {@code out += a · b}: for each element acc = fma(a[m,k], b[k,n], acc) over k in order, from
     * 0 or from the value in {@code out}.
     *
     * @param a [M, K], any strides (a transpose is a view)
     * @param b [K, N], any strides
     * @param out [M, N], contiguous
     * @param accumulate whether to add to what {@code out} holds
     */
    void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate);

    /**
     * A product for each matrix of a batch: {@code out[i] = a[i] · b[i]}, or {@code out[i] += a[i] · b[i]}, with the bits of
     * {@link #matmul(Tensor, Tensor, Tensor, boolean)} wherever those are promised.
     *
     * @param a [B, M, K], any strides (a transpose is a view)
     * @param b [B, K, N], any strides
     * @param out [B, M, N], each of its matrices contiguous
     * @param accumulate whether to add to what {@code out} holds
     */
    default void batchedMatmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        for (int i = 0; i < out.extent(0); i++) {
            matmul(a.select(0, i), b.select(0, i), out.select(0, i), accumulate);
        }
    }

    /** Rearranges {@code b} [K, N] (any strides) for repeated products, as F32. */
    default PackedMatrix pack(Tensor b) {
        return pack(b, WeightFormat.F32);
    }

    /**
     * Rearranges {@code b} [K, N] (any strides) for repeated products and holds it in a format that may round it.
     *
     * @throws IllegalArgumentException if the format is quantized and a number is NaN, infinite or beyond 5e5
     */
    PackedMatrix pack(Tensor b, WeightFormat format);

    /** Packs {@code b} again into what {@link #pack(Tensor)} made of a matrix of the same shape; that one's contents are lost. */
    void repack(Tensor b, PackedMatrix into);

    /**
     * {@link #matmul(Tensor, Tensor, Tensor, boolean)} with a packed right operand: the bits of the product with {@link
     * #unpack(PackedMatrix)}.
     */
    void matmul(Tensor a, PackedMatrix b, Tensor out, boolean accumulate);

    /** The numbers that a packed matrix stands for, [K, N] in F32. */
    default Tensor unpack(PackedMatrix b) {
        Tensor out = Tensor.zeros(b.rows(), b.columns()); // [K, N]
        unpack(b, 0, out);
        return out;
    }

    /**
     * Some columns of {@link #unpack(PackedMatrix)}.
     *
     * @param fromColumn the first one
     * @param out [K, n], contiguous; receives columns {@code fromColumn} to {@code fromColumn + n}
     */
    void unpack(PackedMatrix b, int fromColumn, Tensor out);

    // Elementwise

    /** {@code out = x + y}; {@code out} may be either input. Same shapes. */
    void add(Tensor x, Tensor y, Tensor out);

    /** {@code out = x · y} elementwise; {@code out} may be either input. */
    void multiply(Tensor x, Tensor y, Tensor out);

    /** {@code out = factor · x}; {@code out} may be {@code x}. */
    void scale(Tensor x, float factor, Tensor out);

    /** {@code out = fma(factor, x, out)}. */
    void addScaled(Tensor x, float factor, Tensor out);

    /** {@code out[n, d] = x[n, d] + row[d]}; {@code out} may be {@code x}. */
    void addRow(Tensor x, Tensor row, Tensor out);

    /** {@code out[d] += Σ_n x[n, d]}, rows in order. */
    void sumRowsInto(Tensor x, Tensor out);

    /** {@code Σ x²} in double: blocks of 4096 elements as 16-way F32 fixed sums, the blocks added in order in double. */
    double sumOfSquares(Tensor x);

    /** The {@link #sumOfSquares(Tensor)} of several tensors, added in order. */
    default double sumOfSquares(List<Tensor> tensors) {
        double sum = 0;
        for (Tensor tensor : tensors) {
            sum += sumOfSquares(tensor);
        }
        return sum;
    }

    // Normalisation, activation, position

    /**
     * RMSNorm (Zhang and Sennrich, 2019): {@code out = x · r · weight}, r = 1/√(mean(x²) + ε), per row.
     *
     * @param x [N, D]
     * @param weight [D]
     * @param inverseRms [N], receives r
     */
    void rmsNorm(Tensor x, Tensor weight, float epsilon, Tensor out, Tensor inverseRms);

    /**
     * Gradients of {@link #rmsNorm}: with g = dOut·weight and c = Σ_d g·x · r²/D, {@code dX = r·(g − x·c)} and
     * {@code dWeight += Σ_n dOut·x·r}, rows in order.
     *
     * @param dX receives the gradient (overwritten)
     * @param dWeight accumulated into, or null when not needed
     */
    void rmsNormBackward(Tensor dOut, Tensor x, Tensor weight, Tensor inverseRms, Tensor dX, Tensor dWeight);

    /**
     * Rotary position embedding (Su et al., 2021) in the half-split layout of Hugging Face: within each head, element i
     * and i + headDim/2 are rotated by the angle of (position, i).
     *
     * @param x [N, H · headDim]
     * @param cos [P, headDim/2]
     * @param sin [P, headDim/2]
     * @param positions row of the tables for each of the N rows
     * @param inverse rotate backwards (the gradient)
     */
    void rotary(Tensor x, int headDim, Tensor cos, Tensor sin, int[] positions, boolean inverse, Tensor out);

    /** {@code out = silu(gate) · up}, silu(z) = z / (1 + exp(−z)). */
    void swiGlu(Tensor gate, Tensor up, Tensor out);

    /** Gradients of {@link #swiGlu}; both outputs are overwritten. */
    void swiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp);

    // Rows

    /** {@code out[i] = table[rows[i]]}, [R, D] from [T, D]. A BF16 or F16 table is widened. */
    void gatherRows(Tensor table, int[] rows, Tensor out);

    /** {@code table[rows[i]] += x[i]}, i in order. */
    void scatterAddRows(Tensor x, int[] rows, Tensor table);

    // Attention

    /** An empty cache for {@code layers} layers of keys and values in F32. */
    default KvCache newKvCache(int layers, int kvHeads, int headDim) {
        return newKvCache(layers, kvHeads, headDim, DType.F32);
    }

    /**
     * An empty cache for {@code layers} layers of keys and values.
     *
     * @param dtype of the keys, values and queries
     * @throws IllegalArgumentException if the device does not compute in the type
     */
    KvCache newKvCache(int layers, int kvHeads, int headDim, DType dtype);

    /**
     * Causal grouped-query attention of packed query rows over cached keys, which must already hold the rows' own keys
     * ({@link KvCache#append}; not yet {@link KvCache#advance}).
     *
     * <p>For a query at position p: s_j = scale · (q·k_j summed over the head's elements in order), m = max s_j, e_j =
     * exp(s_j − m), l = fixed sum of e_j by key position j, out = (Σ_j e_j v_j in order of j) · (1/l). Masked keys count
     * as e_j = 0.
     *
     * @param q [N, H · headDim]
     * @param rows where they belong; a row's position is the sequence's length plus its index in the segment
     * @param out [N, H · headDim]
     * @param stats [N, H, 2], receives m and l, or null when no gradient is needed
     */
    void attention(Tensor q, CachedRows rows, AttentionForm form, Tensor out, Tensor stats);

    /**
     * The same for a batch whose keys are all in the batch: segment s attends to its parent's rows and its own.
     *
     * @param out [N, H · headDim]
     * @param stats [N, H, 2], receives m and l, or null when no gradient is needed
     */
    default void attention(Qkv qkv, Segments segments, AttentionForm form, Tensor out, Tensor stats) {
        Workspace.inner(() -> {
            int headDim = form.headDim();
            KvCache cache =
                    newKvCache(1, qkv.k().extent(1) / headDim, headDim, qkv.k().dtype());
            int[] sequences = new int[segments.count()];
            for (int s = 0; s < sequences.length; s++) {
                int parent = segments.parent(s);
                sequences[s] = parent < 0 ? cache.add() : cache.fork(sequences[parent], segments.length(parent));
            }
            cache.append(0, sequences, segments, qkv.k(), qkv.v());
            attention(qkv.q(), new CachedRows(cache, 0, sequences, segments), form, out, stats);
        });
    }

    /**
     * Gradients of attention over a batch whose keys are all in the batch (no cache): segment s attends to its parent's
     * rows and its own. With P = e/l and Δ = fixed sum of dOut·out over the head: dS = P·(dOut·v_j − Δ)·scale, dQ = Σ_j dS
     * k_j, dK_j = Σ dS q, dV_j = Σ P dOut, the last two over the query rows in order (segments in order, position, then
     * head within the group).
     *
     * @param in queries and keys after rotation
     * @param stats [N, H, 2] as {@link #attention} left it
     * @param gradients overwritten
     */
    void attentionBackward(
            Tensor dOut, Qkv in, Tensor out, Tensor stats, Segments segments, AttentionForm form, Qkv gradients);

    /**
     * Queries, keys and values of a batch, or their gradients.
     *
     * @param q [N, H · headDim]
     * @param k [N, kvHeads · headDim], {@code v} likewise
     */
    record Qkv(Tensor q, Tensor k, Tensor v) {}

    /**
     * What attention computes.
     *
     * @param headDim elements of a head
     * @param scale of the scores
     * @param window a key at distance ≥ window is masked; 0 for none
     */
    record AttentionForm(int headDim, float scale, int window) {}

    /**
     * Where rows of a batch belong in a cache.
     *
     * @param layer layer index in the cache
     * @param sequences cache handle of each segment
     * @param segments how the rows divide
     */
    record CachedRows(KvCache cache, int layer, int[] sequences, Segments segments) {}

    // Several operations in one, for few rows

    /**
     * Up to how many rows the fused operations below are faster than the separate ones, whose order of sums they may not
     * have; 0 where they never are, or where the order is promised.
     *
     * @param width elements of a row
     */
    default int fusedRows(int width, DType dtype) {
        return 0;
    }

    /** The numbers of a packed matrix [K, N] as they lie in memory, transposed: [N, K]. Empty if they do not lie there. */
    default Optional<Tensor> transposeOf(PackedMatrix packed) {
        return Optional.empty();
    }

    /**
     * {@code outs[i] = rmsNorm(x) · weightᵢᵀ + biasᵢ}, rounded after each operation.
     *
     * @param x [N, K]
     * @param norm of a row of x
     * @param layers up to three
     * @param outs [N, Mᵢ] of the type of {@code x}, overwritten
     */
    default void normLinear(Tensor x, RmsGain norm, List<AffineLayer> layers, List<Tensor> outs) {
        Tensor normed = normed(x, norm); // [N, K]
        for (int i = 0; i < outs.size(); i++) {
            Tensor out = outs.get(i); // [N, M]
            matmul(normed, layers.get(i).weight().t(), out, false);
            layers.get(i).bias().ifPresent(bias -> addRow(out, bias, out));
        }
        Workspace.release(normed);
    }

    /**
     * {@code out = swiGlu(rmsNorm(x) · gateᵀ, rmsNorm(x) · upᵀ)}, rounded after each operation.
     *
     * @param x [N, K]
     * @param gate [M, K], {@code up} likewise
     * @param out [N, M], overwritten
     */
    default void normSwiGlu(Tensor x, RmsGain norm, Tensor gate, Tensor up, Tensor out) {
        Tensor gates = Workspace.like(out); // [N, M]
        Tensor ups = Workspace.like(out); // [N, M]
        normLinear(x, norm, List.of(AffineLayer.of(gate), AffineLayer.of(up)), List.of(gates, ups));
        swiGlu(gates, ups, out);
        Workspace.release(gates);
        Workspace.release(ups);
    }

    /**
     * {@code out = residual + (x · weightᵀ + bias)}, rounded after each operation.
     *
     * @param x [N, K]
     * @param residual [N, M]
     * @param out [N, M], overwritten; may be the residual
     */
    default void linearAdd(Tensor x, AffineLayer layer, Tensor residual, Tensor out) {
        Tensor product = Workspace.like(out); // [N, M]
        matmul(x, layer.weight().t(), product, false);
        layer.bias().ifPresent(bias -> addRow(product, bias, product));
        add(residual, product, out);
        Workspace.release(product);
    }

    /**
     * Normalizes the heads of queries and keys where there is a norm, turns them, and appends keys and values to a cache: the
     * bits of {@link #rmsNorm}, {@link #rotary} and {@link KvCache#append}.
     *
     * @param q [N, H · headDim], {@code k}, {@code v} [N, kvHeads · headDim]
     * @param qNorm of a head of q, {@code kNorm} of k
     * @param rows where they belong
     * @param out [N, H · headDim], the queries; overwritten, may be {@code q}
     */
    default void rotateAndAppend(
            Tensor q,
            Optional<RmsGain> qNorm,
            Tensor k,
            Optional<RmsGain> kNorm,
            Tensor v,
            Rotation rotation,
            CachedRows rows,
            Tensor out) {
        Tensor queries = qNorm.map(norm -> normed(q, norm)).orElse(q); // [N, H · headDim]
        Tensor keys = kNorm.map(norm -> normed(k, norm)).orElse(k); // [N, kvHeads · headDim]
        Tensor turned = Workspace.like(k); // [N, kvHeads · headDim]
        rotary(queries, rotation.headDim(), rotation.cos(), rotation.sin(), rotation.positions(), false, out);
        rotary(keys, rotation.headDim(), rotation.cos(), rotation.sin(), rotation.positions(), false, turned);
        rows.cache().append(rows.layer(), rows.sequences(), rows.segments(), turned, v);
        Workspace.release(turned);
        for (Tensor temporary : List.of(queries, keys)) {
            if (temporary != q && temporary != k) {
                Workspace.release(temporary);
            }
        }
    }

    private Tensor normed(Tensor x, RmsGain norm) {
        Tensor out = Workspace.like(x);
        Tensor inverseRms = Workspace.floatsBeside(x, x.elements() / norm.gain().elements()); // [rows]
        rmsNorm(x, norm.gain(), norm.epsilon(), out, inverseRms);
        Workspace.release(inverseRms);
        return out;
    }

    /**
     * The norm of {@link #rmsNorm}.
     *
     * @param gain [D], F32
     * @param epsilon added to the mean square
     */
    record RmsGain(Tensor gain, float epsilon) {}

    /**
     * A linear layer.
     *
     * @param weight [M, K], contiguous, of the type of its input
     * @param bias [M], F32
     */
    record AffineLayer(Tensor weight, Optional<Tensor> bias) {
        static AffineLayer of(Tensor weight) {
            return new AffineLayer(weight, Optional.empty());
        }
    }

    /**
     * A turn of {@link #rotary}.
     *
     * @param cos [P, headDim / 2], {@code sin} likewise
     * @param positions [N]
     */
    record Rotation(Tensor cos, Tensor sin, int[] positions) {
        int headDim() {
            return 2 * cos.extent(1);
        }
    }

    // Softmax over the vocabulary

    /**
     * Per row, with z = logits · inverseTemperature, m = max z, e = exp(z − m), l = fixed sum of e: the log-probability
     * (z_target − m) − log l, and the entropy log l − (fixed sum of e·(z − m)) / l in nats.
     *
     * @param logits [R, V]
     * @param targets [R]
     * @param logProbs [R]
     * @param entropy [R], or null when not needed
     * @param stats [R, 2], receives m and l
     */
    void logProbs(
            Tensor logits, float inverseTemperature, int[] targets, Tensor logProbs, Tensor entropy, Tensor stats);

    /**
     * Gradient of {@link #logProbs}, written over the logits: {@code logits = (1[v = target] − e/l) · dLogProb ·
     * inverseTemperature}.
     *
     * @param logits [R, V], read and overwritten
     * @param dLogProbs [R]
     * @param stats [R, 2] as {@link #logProbs} left it
     */
    void logProbsBackward(Tensor logits, float inverseTemperature, int[] targets, Tensor dLogProbs, Tensor stats);

    /**
     * Per row {@code out = e · (1/l)}, e and l as in {@link #logProbs}: the distribution that sampling draws from.
     *
     * @param logits [R, V]
     * @param out [R, V]; may be {@code logits}
     */
    default void softmax(Tensor logits, float inverseTemperature, Tensor out) {
        Backends.reference().softmax(logits, inverseTemperature, out);
    }

    // Choosing tokens

    /**
     * The index of each row's largest element, the first of equals.
     *
     * @param logits [R, V], contiguous
     * @return [R]
     */
    default int[] argmax(Tensor logits) {
        return ReferenceSampling.argmax(logits);
    }

    /**
     * A token of each row, drawn from the {@link #softmax} by inverting the cumulative distribution in order of token id with
     * the number {@link Rng#uniform} of the seed and the row's coordinates.
     *
     * @param logits [R, V], contiguous
     * @param coordinates [R, 4]
     * @return [R]
     */
    default int[] sample(Tensor logits, float inverseTemperature, long seed, int[] coordinates) {
        Tensor probabilities = Workspace.like(logits); // [R, V]
        softmax(logits, inverseTemperature, probabilities);
        int[] tokens = ReferenceSampling.draw(probabilities, seed, coordinates);
        Workspace.release(probabilities);
        return tokens;
    }

    /**
     * The same from rows that filters have shaped.
     *
     * @param logits [R, V], contiguous
     * @param coordinates [R, 4]
     * @return [R]
     */
    default int[] sample(Tensor logits, SamplingFilters filters, long seed, int[] coordinates) {
        int vocabulary = logits.extent(1);
        float[] all = logits.toFloatArray();
        for (int from = 0; from < all.length; from += vocabulary) {
            float[] row = filters.apply(Arrays.copyOfRange(all, from, from + vocabulary));
            System.arraycopy(row, 0, all, from, vocabulary);
        }
        return sample(Tensor.of(all, logits.extent(0), vocabulary), 1f, seed, coordinates);
    }

    /**
     * Logits in which the tokens that each row's sequence already has are less likely: positive ones divided by the penalty,
     * negative ones multiplied.
     *
     * @param logits [R, V], contiguous
     * @param seen the tokens of each row's sequence, with repetitions
     * @return [R, V], another tensor, of the current workspace
     */
    default Tensor penalize(Tensor logits, int[][] seen, float penalty) {
        int vocabulary = logits.extent(1);
        Tensor out = Workspace.like(logits); // [R, V]
        for (int r = 0; r < seen.length; r++) {
            float[] row = logits.slice(0, r, r + 1).toFloatArray();
            SamplingFilters.penalize(row, seen[r], penalty);
            System.arraycopy(row, 0, out.floats(), out.offset() + r * vocabulary, vocabulary);
        }
        return out;
    }

    /**
     * Chooses a token of each row and computes its log-probability as {@link #logProbs} does; a device is waited for once.
     *
     * @param logits [R, V], contiguous
     * @param shaped [R, V], contiguous: what tokens are chosen from, the logits or what {@link #penalize} made of them
     */
    default TokenChoice choose(Tensor logits, Tensor shaped, TokenChoice.Rule rule) {
        int[] tokens; // [R]
        if (rule.likeliest()) {
            tokens = argmax(shaped);
        } else if (rule.filters().isPresent()) {
            tokens = sample(shaped, rule.filters().get(), rule.seed(), rule.coordinates());
        } else {
            tokens = sample(shaped, rule.inverseTemperature(), rule.seed(), rule.coordinates());
        }
        Tensor logProbs = Workspace.like(logits, tokens.length); // [R]
        Tensor stats = Workspace.like(logits, tokens.length, 2); // [R, 2]
        logProbs(logits, rule.inverseTemperature(), tokens, logProbs, null, stats);
        return new TokenChoice(tokens, logProbs.toFloatArray());
    }

    // Optimizer

    /**
     * One AdamW step (Loshchilov and Hutter, 2019; the order of operations of {@code torch.optim.AdamW}). With g =
     * gradient · gradientScale: p −= lr·wd·p; m += (g − m)(1 − β1); v = β2 v + (1 − β2) g²; p −= (lr / c1) · m / (√v / √c2
     * + ε), c = 1 − βᵗ.
     */
    void adamW(Tensor parameter, Tensor gradient, Tensor m, Tensor v, AdamWStep step);

    /**
     * The same for several parameters; a device does them in one launch. On a device both moments of a parameter may be on the
     * CPU: they are moved there and back, with the same bits, and are back when this returns.
     */
    default void adamW(List<AdamWTensors> all, AdamWStep step) {
        for (AdamWTensors one : all) {
            adamW(one.parameter, one.gradient, one.m, one.v, step);
        }
    }

    /** A parameter, its gradient (contiguous) and its moments, of one shape. */
    record AdamWTensors(Tensor parameter, Tensor gradient, Tensor m, Tensor v) {}

    /**
     * Constants of one AdamW step.
     *
     * @param gradientScale factor applied to the gradient first (clipping)
     * @param decay 1 − learning rate · weight decay
     * @param beta1 decay of the first moment; kernels round β and 1 − β to F32 each, since 1 − β of a rounded β is off by
     *     up to 5e-5 of its value
     * @param beta2 decay of the second moment
     * @param stepSize learning rate / (1 − β1ᵗ)
     * @param inverseRootCorrection 1 / √(1 − β2ᵗ)
     */
    record AdamWStep(
            float gradientScale,
            float decay,
            double beta1,
            double beta2,
            float stepSize,
            float inverseRootCorrection,
            float epsilon) {}
}
