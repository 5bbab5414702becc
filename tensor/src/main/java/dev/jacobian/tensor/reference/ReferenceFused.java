// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.AffineLayer;
import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.FusedKernels;
import dev.jacobian.tensor.RmsGain;
import dev.jacobian.tensor.RotaryForm;
import dev.jacobian.tensor.Rotation;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.util.List;
import java.util.Optional;

/**
 * What fused operations compute: the separate ones of a backend, one after the other. On the CPU, where a call costs nothing,
 * no fusion is faster than that.
 */
public final class ReferenceFused implements FusedKernels {
    private final Backend separate;

    /** The operations of a backend. */
    public ReferenceFused(Backend separate) {
        this.separate = separate;
    }

    @Override
    public int fusedRows(int width, DType dtype) {
        return 0;
    }

    @Override
    public void normLinear(Tensor x, RmsGain norm, List<AffineLayer> layers, List<Tensor> outs) {
        Tensor normed = normed(x, norm); // [N, K]
        for (int i = 0; i < outs.size(); i++) {
            linear(normed, layers.get(i), outs.get(i));
        }
        Workspace.release(normed);
    }

    @Override
    public void normSwiGlu(Tensor x, RmsGain norm, Tensor gate, Tensor up, Tensor out) {
        Tensor gates = Workspace.like(out); // [N, M]
        Tensor ups = Workspace.like(out); // [N, M]
        normLinear(x, norm, List.of(AffineLayer.of(gate), AffineLayer.of(up)), List.of(gates, ups));
        separate.activations().swiGlu(gates, ups, out);
        Workspace.release(gates);
        Workspace.release(ups);
    }

    @Override
    public void linearAdd(Tensor x, AffineLayer layer, Tensor residual, Tensor out) {
        Tensor product = Workspace.like(out); // [N, M]
        linear(x, layer, product);
        separate.elementwise().add(residual, product, out);
        Workspace.release(product);
    }

    @Override
    public void rotateAndAppend(
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
        rotate(queries, rotation, out);
        rotate(keys, rotation, turned);
        rows.cache().append(rows.layer(), rows.sequences(), rows.segments(), turned, v);
        Workspace.release(turned);
        if (queries != q) {
            Workspace.release(queries);
        }
        if (keys != k) {
            Workspace.release(keys);
        }
    }

    private void rotate(Tensor x, Rotation rotation, Tensor out) {
        separate.positions()
                .rotary(
                        x,
                        RotaryForm.whole(rotation.headDim()),
                        rotation.cos(),
                        rotation.sin(),
                        rotation.positions(),
                        false,
                        out);
    }

    private void linear(Tensor x, AffineLayer layer, Tensor out) {
        separate.matrices().matmul(x, layer.weight().t(), out, false);
        layer.bias().ifPresent(bias -> separate.elementwise().addRow(out, bias, out));
    }

    private Tensor normed(Tensor x, RmsGain norm) {
        Tensor out = Workspace.like(x);
        Tensor inverseRms = Workspace.floatsBeside(x, x.elements() / norm.gain().elements()); // [rows]
        separate.norms().rmsNorm(x, norm.gain(), norm.epsilon(), out, inverseRms);
        Workspace.release(inverseRms);
        return out;
    }
}
