// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.AttentionKernels;
import dev.jacobian.tensor.CacheSpec;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Qkv;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/** Causal grouped-query attention over paged keys, and its gradients. */
final class ReferenceAttention implements AttentionKernels {
    @Override
    public KvCache newKvCache(List<CacheSpec> layers, DType dtype) {
        return new HeapKvCache(layers, dtype);
    }

    @Override
    public void attention(Tensor q, CachedRows rows, AttentionForm form, Tensor out, @Nullable Tensor stats) {
        HeapKvCache cache = (HeapKvCache) rows.cache();
        int layer = rows.layer();
        int[] sequences = rows.sequences();
        Segments segments = rows.segments();
        int headDim = cache.headDim(layer);
        int heads = q.extent(1) / headDim;
        int group = heads / cache.kvHeads(layer);
        for (int s = 0; s < segments.count(); s++) {
            for (int i = 0; i < segments.length(s); i++) {
                int position = cache.length(sequences[s]) + i;
                int row = segments.start(s) + i;
                for (int h = 0; h < heads; h++) {
                    int at = (row * heads + h) * headDim;
                    row(q, at, cache, layer, sequences[s], h / group, position, form, out, stats, row * heads + h);
                }
            }
        }
    }

    private static void row(
            Tensor q,
            int at,
            HeapKvCache cache,
            int layer,
            int sequence,
            int kvHead,
            int position,
            AttentionForm form,
            Tensor out,
            @Nullable Tensor stats,
            int statsRow) {
        int headDim = form.headDim();
        int window = form.window();
        int first = window > 0 ? Math.max(0, position - window + 1) : 0;
        float[] e = new float[position + 1];
        float max = Float.NEGATIVE_INFINITY;
        for (int j = first; j <= position; j++) {
            float score = 0f;
            for (int d = 0; d < headDim; d++) {
                float k = cache.key(layer, sequence, j, kvHead, d);
                score = Math.fma(q.floats()[q.offset() + at + d], k, score);
            }
            e[j] = capped(score * form.scale(), form.softCap());
            max = Math.max(max, e[j]);
        }
        for (int j = first; j <= position; j++) {
            e[j] = Exp.exp(e[j] - max);
        }
        float sum = FixedSum.sum(e, 0, position + 1); // masked keys are zeros
        float inverse = 1f / sum;
        for (int d = 0; d < headDim; d++) {
            float weighted = 0f;
            for (int j = first; j <= position; j++) {
                weighted = Math.fma(e[j], cache.value(layer, sequence, j, kvHead, d), weighted);
            }
            out.floats()[out.offset() + at + d] = weighted * inverse;
        }
        if (stats != null) {
            stats.floats()[stats.offset() + 2 * statsRow] = max;
            stats.floats()[stats.offset() + 2 * statsRow + 1] = sum;
        }
    }

    @Override
    public void sinks(Tensor sinks, Tensor out, Tensor stats) {
        AttentionSinks.apply(sinks, out, stats, 0, out.extent(0));
    }

    @Override
    public void sinksBackward(Tensor dOut, Tensor out, Tensor stats, Tensor sinks, Tensor dSinks) {
        AttentionSinks.backward(dOut, out, stats, sinks, dSinks, 0, sinks.elements());
    }

    @Override
    public void attentionBackward(
            Tensor dOut, Qkv in, Tensor out, Tensor stats, Segments segments, AttentionForm form, Qkv gradients) {
        Tensor q = in.q(); // [N, H · headDim]
        Tensor k = in.k(); // [N, kvHeads · headDim]
        Tensor v = in.v(); // [N, kvHeads · headDim]
        Tensor dQ = gradients.q(); // [N, H · headDim]
        Tensor dK = gradients.k(); // [N, kvHeads · headDim]
        Tensor dV = gradients.v(); // [N, kvHeads · headDim]
        int headDim = form.headDim();
        float scale = form.scale();
        float softCap = form.softCap();
        int window = form.window();
        int heads = q.extent(1) / headDim;
        int kvHeads = k.extent(1) / headDim;
        int group = heads / kvHeads;
        dQ.fill(0f);
        dK.fill(0f);
        dV.fill(0f);
        for (int s = 0; s < segments.count(); s++) {
            int history = segments.history(s);
            for (int i = 0; i < segments.length(s); i++) {
                int position = history + i;
                int first = window > 0 ? Math.max(0, position - window + 1) : 0;
                int row = segments.start(s) + i;
                for (int h = 0; h < heads; h++) {
                    int at = (row * heads + h) * headDim;
                    float max = stats.floats()[stats.offset() + 2 * (row * heads + h)];
                    float inverse = 1f / stats.floats()[stats.offset() + 2 * (row * heads + h) + 1];
                    float delta =
                            FixedSum.dot(dOut.floats(), dOut.offset() + at, out.floats(), out.offset() + at, headDim);
                    for (int j = first; j <= position; j++) {
                        int keyAt = (segments.row(s, j) * kvHeads + h / group) * headDim;
                        float score = 0f;
                        float dP = 0f;
                        for (int d = 0; d < headDim; d++) {
                            score = Math.fma(
                                    q.floats()[q.offset() + at + d], k.floats()[k.offset() + keyAt + d], score);
                            dP = Math.fma(
                                    dOut.floats()[dOut.offset() + at + d], v.floats()[v.offset() + keyAt + d], dP);
                        }
                        float p = Exp.exp(capped(score * scale, softCap) - max) * inverse;
                        float dS = p * (dP - delta) * scale;
                        if (softCap > 0) {
                            float tanh = Tanh.tanh(score * scale / softCap);
                            dS *= Math.fma(-tanh, tanh, 1f);
                        }
                        for (int d = 0; d < headDim; d++) {
                            fmaAt(dQ, at + d, dS, k.floats()[k.offset() + keyAt + d]);
                            fmaAt(dK, keyAt + d, dS, q.floats()[q.offset() + at + d]);
                            fmaAt(dV, keyAt + d, p, dOut.floats()[dOut.offset() + at + d]);
                        }
                    }
                }
            }
        }
    }

    private static float capped(float score, float softCap) {
        return softCap > 0 ? softCap * Tanh.tanh(score / softCap) : score;
    }

    private static void fmaAt(Tensor target, int index, float x, float y) {
        int at = target.offset() + index;
        target.floats()[at] = Math.fma(x, y, target.floats()[at]);
    }
}
