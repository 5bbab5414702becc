// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.AffineLayer;
import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.RmsGain;
import dev.jacobian.tensor.Rotation;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Operations of a decoder layer, fused for the few rows of a step of decoding. None has a gradient.
 *
 * <p>Advantage: on a device a step of a small model is mostly launches, and these are a third as many. Disadvantage: a second
 * way to compute a layer, whose sums have another order. So it is taken only where {@link #fit} says that it pays, which it
 * never does where an order is promised; a test holds it to the separate operations.
 */
public final class FusedRows {
    private FusedRows() {}

    /**
     * A linear layer.
     *
     * @param weight [M, K]
     * @param bias [M]
     */
    public record Layer(LinearWeight weight, Optional<Var> bias) {}

    /** Whether the operations are worth calling for rows [N, D] and these weights: few rows, dense numbers of their type. */
    public static boolean fit(Var rows, List<LinearWeight> weights) {
        Tensor x = rows.value(); // [N, D]
        return NoGrad.isActive()
                && x.extent(0) <= rows.backend().fused().fusedRows(x.extent(1), x.dtype())
                && weights.stream().allMatch(weight -> dense(weight, rows).isPresent());
    }

    /** The numbers [M, K] of a weight in the type of rows; empty if they do not lie in memory. */
    private static Optional<Tensor> dense(LinearWeight weight, Var rows) {
        DType type = rows.value().dtype();
        return switch (weight) {
            case Var dense -> Optional.of(dense.valueAs(type));
            case FrozenWeight frozen ->
                rows.backend().matrices().transposeOf(frozen.packed()).filter(numbers -> numbers.dtype() == type);
            case LowRankWeight changed -> Optional.empty();
        };
    }

    private static AffineLayer affine(Layer layer, Var rows) {
        return new AffineLayer(
                dense(layer.weight(), rows).orElseThrow(), layer.bias().map(Var::value));
    }

    private static RmsGain gain(Var weight, float epsilon) {
        return new RmsGain(weight.value(), epsilon);
    }

    /**
     * {@link Linear#linear} of {@link RmsNorm#rmsNorm}, for up to three layers.
     *
     * @param x [N, K]
     * @param norm [K]
     * @return [N, Mᵢ] each
     */
    public static List<Var> normLinear(Var x, Var norm, float epsilon, List<Layer> layers) {
        List<Tensor> outs = new ArrayList<>();
        for (Layer layer : layers) {
            outs.add(x.like(x.value().extent(0), Linear.outputs(layer.weight()))); // [N, M]
        }
        x.backend()
                .fused()
                .normLinear(
                        x.value(),
                        gain(norm, epsilon),
                        layers.stream().map(layer -> affine(layer, x)).toList(),
                        outs);
        return outs.stream().map(Var::constant).toList();
    }

    /**
     * {@link SwiGlu#swiGlu} of two linear layers of {@link RmsNorm#rmsNorm}.
     *
     * @param x [N, K]
     * @param norm [K]
     * @param gate [M, K], {@code up} likewise
     * @return [N, M]
     */
    public static Var normSwiGlu(Var x, Var norm, float epsilon, LinearWeight gate, LinearWeight up) {
        Tensor out = x.like(x.value().extent(0), Linear.outputs(gate)); // [N, M]
        x.backend()
                .fused()
                .normSwiGlu(
                        x.value(),
                        gain(norm, epsilon),
                        dense(gate, x).orElseThrow(),
                        dense(up, x).orElseThrow(),
                        out);
        return Var.constant(out);
    }

    /**
     * {@link Elementwise#add} of a residual and {@link Linear#linear}.
     *
     * @param x [N, K]
     * @param residual [N, M]
     * @return [N, M]
     */
    public static Var linearAdd(Var x, Layer layer, Var residual) {
        Tensor out = residual.like(); // [N, M]
        x.backend().fused().linearAdd(x.value(), affine(layer, x), residual.value(), out);
        return Var.constant(out);
    }

    /**
     * {@link RmsNorm#rmsNorm} of heads where there are norms, {@link Rotary#rotary}, and {@link Attention#cachedAttention}.
     *
     * @param q [N, H · headDim], {@code k}, {@code v} [N, kvHeads · headDim]
     * @param qNorm [headDim], {@code kNorm} likewise
     * @return [N, H · headDim]
     */
    public static Var attention(
            Var q,
            Optional<Var> qNorm,
            Var k,
            Optional<Var> kNorm,
            Var v,
            float epsilon,
            Rotation rotation,
            CachedRows rows,
            AttentionForm form) {
        Tensor turned = q.like(); // [N, H · headDim]
        q.backend()
                .fused()
                .rotateAndAppend(
                        q.value(),
                        qNorm.map(norm -> gain(norm, epsilon)),
                        k.value(),
                        kNorm.map(norm -> gain(norm, epsilon)),
                        v.value(),
                        rotation,
                        rows,
                        turned);
        Tensor out = q.like(); // [N, H · headDim]
        q.backend().attention().attention(turned, rows, form, out, null);
        return Var.constant(out);
    }
}
