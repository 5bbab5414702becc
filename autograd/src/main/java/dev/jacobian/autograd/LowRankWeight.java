// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A weight that is changed by a product of two narrow matrices (Hu et al., 2021, arXiv:2106.09685, "LoRA"): {@code W + s · B · A},
 * and with magnitudes m (Liu et al., 2024, arXiv:2402.09353, "DoRA") {@code m/‖W + s · B · A‖ · (W + s · B · A)}, row by row.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>The sum never exists: {@code y = x · Wᵀ + h · Bᵀ}, {@code h = s · x · Aᵀ}. Each element is the chain over the inputs of W, continued over
 *       the columns of B, whatever the batch; so a layer with this weight has the same bits wherever it is computed.
 *   <li>With g = dy, of the factors m/‖…‖ where there are any: dx = g · W + u · A, {@code u = s · g · B}, dA = uᵀ · x, dB = gᵀ · h. {@code h} is computed again in
 *       backward: that costs a r/M-th of the layer and keeps nothing.
 *   <li>The norm is a constant to the gradient, as the paper proposes (section 4.3): dm = Σ_n dy · (x · (W + s · B · A)ᵀ)/‖…‖. It is kept while A and
 *       B do not change ({@link RowNorms}).
 *   <li>What {@link LowRankDropout} leaves out is left out of what A reads, of nothing else. With factors f = m/‖…‖ it is left out of all that
 *       they change, as in PEFT: with x̃ for what is left, {@code y = x · Wᵀ + (f − 1) ∘ (x̃ · Wᵀ) + f ∘ (h · Bᵀ)}, so that
 *       dx = g · W + D ∘ (((f − 1) ∘ g) · W + u · A), where D is what is left of 1.
 * </ul>
 */
public final class LowRankWeight implements LinearWeight {
    private final LinearWeight base; // [M, K]
    private final Var a; // [r, K]
    private final Var b; // [M, r]
    private final float scale;
    private final Optional<Var> magnitude; // [M]
    private final LowRankDropout.Stream dropout;
    private final RowNorms norms;

    /**
     * A changed weight.
     *
     * @param base [M, K]; it is never trained here
     * @param a [r, K]
     * @param b [M, r]
     * @param magnitude [M], or empty
     * @throws IllegalArgumentException if shapes do not fit, or the base is itself changed or trained
     */
    public LowRankWeight(
            LinearWeight base, Var a, Var b, float scale, Optional<Var> magnitude, LowRankDropout.Stream dropout) {
        if (base instanceof LowRankWeight || base instanceof Var dense && dense.requiresGrad()) {
            throw new IllegalArgumentException("the base of a low-rank weight is a constant, not " + base.name());
        }
        int outputs = Linear.outputs(base);
        int rank = a.value().extent(0);
        Linear.requireInputs("a low-rank weight", base, a.value().extent(1));
        Shapes.require("a low-rank weight", b.name(), b.value(), outputs, rank);
        magnitude.ifPresent(m -> Shapes.require("a low-rank weight", m.name(), m.value(), outputs));
        this.base = base;
        this.a = a;
        this.b = b;
        this.scale = scale;
        this.magnitude = magnitude;
        this.dropout = dropout;
        this.norms = new RowNorms(base, a, b, scale);
    }

    @Override
    public String name() {
        return base.name();
    }

    /** The weight [M, K] that is changed. */
    public LinearWeight base() {
        return base;
    }

    /** The narrow matrix [r, K] that reads. */
    public Var a() {
        return a;
    }

    /** The narrow matrix [M, r] that writes. */
    public Var b() {
        return b;
    }

    /** The factor of their product. */
    public float scale() {
        return scale;
    }

    /** The length [M] of each row, where it is learned. */
    public Optional<Var> magnitude() {
        return magnitude;
    }

    /** ‖W + s · B · A‖ of each row as it is now, [M] in F32 on the CPU. */
    public float[] rowNorms() {
        return norms.of();
    }

    /** What it is all together, [M, K] in F32: the chain over the columns of B from W on, times the factor of the row. */
    Tensor sum() {
        Tensor a = this.a.value();
        Backend backend = backend(a);
        Tensor sum = base.numbers(a.device()).copy(); // [M, K]
        Tensor scaled = Workspace.like(b.value()); // [M, r]
        backend.elementwise().scale(b.value(), scale, scaled);
        backend.matrices().matmul(scaled, a, sum, true);
        Workspace.release(scaled);
        if (magnitude.isEmpty()) {
            return sum;
        }
        Tensor turned = sum.t().contiguous(); // [K, M]
        timesFactors(turned, turned);
        return turned.t().contiguous();
    }

    /** Makes what is kept of A and B equal to them again, so that what reads it can be replayed. */
    public void refresh() {
        if (magnitude.isPresent()) {
            norms.inverse();
        }
    }

    /** What is trained, as far as it wants gradients. */
    List<Var> inputs() {
        List<Var> inputs = new ArrayList<>(List.of(a, b));
        magnitude.ifPresent(inputs::add);
        return inputs;
    }

    /** {@code out = x · Wᵀ} with the changed W, [N, M] from [N, K]. */
    void timesTransposed(Tensor x, Tensor out, boolean accumulate) {
        if (accumulate) {
            throw new UnsupportedOperationException("a product with a low-rank weight is not added to another");
        }
        if (magnitude.isEmpty()) {
            Linear.timesTransposed(x, base, out, false);
            Tensor read = dropout.kept(x); // [N, K]
            addNarrow(read, out);
            dropout.release(read, x);
        } else if (dropout.isActive()) {
            timesTransposedOfKept(x, out);
        } else {
            unscaled(x, out);
            timesFactors(out, out);
        }
    }

    /** {@code out += s · x · Aᵀ · Bᵀ}. */
    private void addNarrow(Tensor kept, Tensor out) {
        Tensor h = read(kept, kept); // [N, r]
        Linear.timesTransposed(h, b, out, true);
        Workspace.release(h);
    }

    /** The product without factors of rows, [N, M] from what they are to see of x. */
    private void unscaled(Tensor kept, Tensor out) {
        Linear.timesTransposed(kept, base, out, false);
        addNarrow(kept, out);
    }

    /** {@code out = x + factor · y}. */
    private static void add(Tensor x, Tensor y, float factor, Tensor out) {
        Tensor scaled = Workspace.like(y);
        backend(x).elementwise().scale(y, factor, scaled);
        backend(x).elementwise().add(x, scaled, out);
        Workspace.release(scaled);
    }

    /** The product with factors where something is left out: what it would be without the adapter, and the change of what is left. */
    private void timesTransposedOfKept(Tensor x, Tensor out) {
        Linear.timesTransposed(x, base, out, false);
        Tensor kept = dropout.kept(x); // [N, K]
        Tensor plain = Workspace.like(out); // [N, M]
        Linear.timesTransposed(kept, base, plain, false);
        add(out, plain, -1, out);
        addNarrow(kept, plain);
        timesFactors(plain, plain);
        add(out, plain, 1, out);
        Workspace.release(plain);
        dropout.release(kept, x);
    }

    /** {@code s · x · Aᵀ}, [N, r]. */
    private Tensor read(Tensor kept, Tensor x) {
        Tensor h = Workspace.like(x, x.extent(0), a.value().extent(0)); // [N, r]
        Linear.timesTransposed(kept, a, h, false);
        backend(x).elementwise().scale(h, scale, h);
        return h;
    }

    /** {@code s · g · B}, [N, r]. */
    private Tensor written(Tensor g) {
        Tensor u = Workspace.like(g, g.extent(0), a.value().extent(0)); // [N, r]
        Linear.timesWeight(g, b, u);
        backend(g).elementwise().scale(u, scale, u);
        return u;
    }

    /** Rows [N, M] times m/‖…‖. */
    private void timesFactors(Tensor rows, Tensor out) {
        int m = rows.extent(1);
        Tensor factors = Workspace.floatsBeside(rows, 1, m); // [1, M]
        backend(rows).elementwise().multiply(magnitude.orElseThrow().value(), norms.inverse(), factors.reshape(m));
        Tensor wide = Workspace.like(rows, rows.extent(0), m); // [N, M]
        backend(rows).rows().gatherRows(factors, new int[rows.extent(0)], wide);
        backend(rows).elementwise().multiply(rows, wide, out);
        Workspace.release(wide);
        Workspace.release(factors);
    }

    /** {@code g}: the gradient of the product without factors of rows; the given tensor itself where there are none. */
    private Tensor beforeFactors(Tensor dOut) {
        if (magnitude.isEmpty()) {
            return dOut;
        }
        Tensor g = Workspace.like(dOut); // [N, M]
        timesFactors(dOut, g);
        return g;
    }

    /** {@code dX = dOut · W} with the changed W, [N, K] from [N, M]. */
    void timesWeight(Tensor dOut, Tensor dX) {
        Tensor g = beforeFactors(dOut); // [N, M]
        boolean throughKept = dropout.isActive() && magnitude.isPresent();
        Linear.timesWeight(throughKept ? dOut : g, base, dX);
        Tensor u = written(g); // [N, r]
        if (dropout.isActive()) {
            Tensor read = Workspace.like(dX); // [N, K]
            if (throughKept) {
                Tensor more = Workspace.like(dOut); // [N, M]: (f − 1) ∘ dOut
                add(g, dOut, -1, more);
                Linear.timesWeight(more, base, read);
                Workspace.release(more);
                backend(dX).matrices().matmul(u, a.valueAs(u.dtype()), read, true);
            } else {
                Linear.timesWeight(u, a, read);
            }
            Tensor kept = dropout.kept(read); // [N, K]
            backend(dX).elementwise().add(dX, kept, dX);
            Workspace.release(kept);
            Workspace.release(read);
        } else {
            backend(dX).matrices().matmul(u, a.valueAs(u.dtype()), dX, true);
        }
        Workspace.release(u);
        release(g, dOut);
    }

    /**
     * Adds the gradients of what is trained.
     *
     * @param dOut [N, M]
     * @param x [N, K]
     */
    void addGradients(Tensor dOut, Tensor x) {
        Backend backend = backend(x);
        Tensor g = beforeFactors(dOut); // [N, M]
        Tensor read = dropout.kept(x); // [N, K]
        if (a.requiresGrad()) {
            Tensor u = written(g); // [N, r]
            backend.matrices().matmul(u.t(), read, a.gradToAddInto(), true);
            Workspace.release(u);
        }
        if (b.requiresGrad()) {
            Tensor h = read(read, x); // [N, r]
            backend.matrices().matmul(g.t(), h, b.gradToAddInto(), true);
            Workspace.release(h);
        }
        dropout.release(read, x);
        release(g, dOut);
        if (magnitude.isPresent() && magnitude.get().requiresGrad()) {
            addMagnitudeGradient(dOut, x, magnitude.get());
        }
    }

    private void addMagnitudeGradient(Tensor dOut, Tensor x, Var m) {
        Backend backend = backend(x);
        Tensor products = Workspace.like(dOut); // [N, M]
        Tensor kept = dropout.kept(x); // [N, K]
        unscaled(kept, products);
        dropout.release(kept, x);
        backend.elementwise().multiply(dOut, products, products);
        Tensor sums = Workspace.floatsBeside(x, m.value().elements()); // [M]
        sums.fill(0f);
        backend.elementwise().sumRowsInto(products, sums);
        backend.elementwise().multiply(sums, norms.inverse(), sums);
        Tensor dM = m.gradToAddInto();
        backend.elementwise().add(dM, sums, dM);
        Workspace.release(sums);
        Workspace.release(products);
    }

    private static void release(Tensor own, Tensor given) {
        if (own != given) {
            Workspace.release(own);
        }
    }

    private static Backend backend(Tensor x) {
        return Backends.of(x.device());
    }
}
