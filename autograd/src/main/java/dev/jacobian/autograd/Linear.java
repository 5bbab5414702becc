// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Arithmetic;
import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Matrix products. */
public final class Linear {
    private Linear() {}

    /**
     * {@code y = x · Wᵀ + b}, the linear layer with the weight as checkpoints store it.
     *
     * <p>dx = dy · W, dW = dyᵀ · x, db = Σ_n dy. A frozen weight has no dW.
     *
     * @param x [N, K]
     * @param weight [M, K]
     * @param bias [M], or empty
     * @return [N, M]
     */
    public static Var linear(Var x, LinearWeight weight, Optional<Var> bias) {
        Shapes.requireRank("linear", "x", x.value(), 2);
        int n = x.value().extent(0);
        int m = outputs(weight);
        requireInputs("linear", weight, x.value().extent(1));
        Tensor out = x.like(n, m); // [N, M]
        timesTransposed(x.value(), weight, out, false);
        if (bias.isPresent()) {
            Shapes.require("linear", "bias " + bias.get().name(), bias.get().value(), m);
            x.backend().elementwise().addRow(out, bias.get().value(), out);
        }
        return Operation.of("linear", inputs(x, weight, bias)).result(out, dOut -> {
            if (x.requiresGrad()) {
                Tensor dX = x.like(); // [N, K]
                timesWeight(dOut, weight, dX);
                x.give(dX);
            }
            addGradients(dOut, x.value(), weight);
            if (bias.isPresent() && bias.get().requiresGrad()) {
                x.backend().elementwise().sumRowsInto(dOut, bias.get().gradToAddInto());
            }
        });
    }

    private static Var[] inputs(Var x, LinearWeight weight, Optional<Var> bias) {
        List<Var> inputs = new ArrayList<>(List.of(x));
        inputs.addAll(inputs(weight));
        bias.ifPresent(inputs::add);
        return inputs.toArray(Var[]::new);
    }

    /** What a weight depends on that may want gradients. */
    static List<Var> inputs(LinearWeight weight) {
        return switch (weight) {
            case Var dense -> List.of(dense);
            case FrozenWeight frozen -> List.of();
            case LowRankWeight changed -> changed.inputs();
        };
    }

    /** M of a weight [M, K]. */
    static int outputs(LinearWeight weight) {
        return switch (weight) {
            case Var dense -> dense.value().extent(0);
            case FrozenWeight frozen -> frozen.packed().columns();
            case LowRankWeight changed -> outputs(changed.base());
        };
    }

    /** Refuses a weight that does not have {@code k} inputs. */
    static void requireInputs(String operation, LinearWeight weight, int k) {
        switch (weight) {
            case Var dense -> Shapes.require(operation, "weight " + weight.name(), dense.value(), outputs(weight), k);
            case FrozenWeight frozen -> {
                if (frozen.packed().rows() != k) {
                    throw new IllegalArgumentException(operation + ": weight " + weight.name() + " has "
                            + frozen.packed().rows() + " inputs, expected " + k);
                }
            }
            case LowRankWeight changed -> requireInputs(operation, changed.base(), k);
        }
    }

    /** {@code out = x · Wᵀ}, or {@code out += x · Wᵀ}, [N, M] from [N, K], with the weight in the type of {@code x}. */
    static void timesTransposed(Tensor x, LinearWeight weight, Tensor out, boolean accumulate) {
        Backend backend = Backends.of(x.device());
        switch (weight) {
            case Parameter trained
            when x.dtype() == trained.value().dtype() ->
                backend.matrices().matmul(x, trained.packedTranspose(), out, accumulate);
            case Var computed ->
                backend.matrices().matmul(x, computed.valueAs(x.dtype()).t(), out, accumulate);
            case FrozenWeight frozen -> backend.matrices().matmul(x, frozen.packed(), out, accumulate);
            case LowRankWeight changed -> changed.timesTransposed(x, out, accumulate);
        }
    }

    /** {@code dX = dOut · W}, [N, K] from [N, M], with the weight in the type of {@code dOut}. */
    static void timesWeight(Tensor dOut, LinearWeight weight, Tensor dX) {
        switch (weight) {
            case Var dense -> dense.backend().matrices().matmul(dOut, dense.valueAs(dOut.dtype()), dX, false);
            case FrozenWeight frozen -> frozen.backward(dOut, dX);
            case LowRankWeight changed -> changed.timesWeight(dOut, dX);
        }
    }

    /** Adds {@code dOutᵀ · x} to the gradient of a weight, or what follows from it to those of its parts, as far as they are wanted. */
    static void addGradients(Tensor dOut, Tensor x, LinearWeight weight) {
        switch (weight) {
            case Var dense -> {
                if (dense.requiresGrad()) {
                    dense.backend().matrices().matmul(dOut.t(), x, dense.gradToAddInto(), true);
                }
            }
            case FrozenWeight frozen -> {}
            case LowRankWeight changed -> {
                if (changed.inputs().stream().anyMatch(Var::requiresGrad)) {
                    changed.addGradients(dOut, x);
                }
            }
        }
    }

    /**
     * The rows of a weight [M, K] as columns, in F32.
     *
     * @param out [K, n], contiguous; receives rows {@code from} to {@code from + n}
     */
    static void columns(LinearWeight weight, int from, Tensor out) {
        switch (weight) {
            case Var dense -> {
                Tensor rows = dense.value().slice(0, from, from + out.extent(1)); // [n, K]
                out.copyFrom(rows.t().contiguous());
            }
            case FrozenWeight frozen -> Backends.of(out.device()).matrices().unpack(frozen.packed(), from, out);
            case LowRankWeight changed ->
                throw new IllegalArgumentException(changed.name() + " does not lie in memory");
        }
    }

    /**
     * {@code a · b}. da = dOut · bᵀ, db = aᵀ · dOut.
     *
     * @param a [M, K]
     * @param b [K, N]
     * @return [M, N]
     */
    public static Var matmul(Var a, Var b) {
        if (a.value().rank() == 3 && b.value().rank() == 3) {
            throw new IllegalArgumentException("matmul: a has shape "
                    + a.value().shape() + " and b " + b.value().shape()
                    + ", expected [M, K] and [K, N]; for batches of matrices use batchedMatmul");
        }
        Shapes.requireRank("matmul", "a", a.value(), 2);
        Shapes.requireRank("matmul", "b", b.value(), 2);
        Shapes.require("matmul", "b", b.value(), a.value().extent(1), b.value().extent(1));
        Tensor out = a.like(a.value().extent(0), b.value().extent(1)); // [M, N]
        a.backend().matrices().matmul(a.value(), b.value(), out, false);
        return Operation.of("matmul", a, b).result(out, dOut -> {
            if (a.requiresGrad()) {
                a.backend().matrices().matmul(dOut, b.value().t(), a.gradToAddInto(), true);
            }
            if (b.requiresGrad()) {
                b.backend().matrices().matmul(a.value().t(), dOut, b.gradToAddInto(), true);
            }
        });
    }

    /**
     * {@code a[i] · b[i]} for each matrix of a batch. da[i] = dOut[i] · b[i]ᵀ, db[i] = a[i]ᵀ · dOut[i].
     *
     * <p>A matrix has the bits that {@link #matmul} gives it alone: on the CPU always, on a GPU in {@link
     * Arithmetic#BATCH_INVARIANT}.
     *
     * @param a [B, M, K]
     * @param b [B, K, N]
     * @return [B, M, N]
     */
    public static Var batchedMatmul(Var a, Var b) {
        Tensor left = a.value();
        Tensor right = b.value();
        if (left.rank() != 3
                || right.rank() != 3
                || left.extent(0) != right.extent(0)
                || left.extent(2) != right.extent(1)) {
            throw new IllegalArgumentException("batchedMatmul: a has shape " + left.shape() + " and b " + right.shape()
                    + ", expected [B, M, K] and [B, K, N]"
                    + (left.rank() == 2 && right.rank() == 2 ? "; for two matrices use matmul" : ""));
        }
        Tensor out = a.like(left.extent(0), left.extent(1), right.extent(2)); // [B, M, N]
        a.backend().matrices().batchedMatmul(left, right, out, false);
        return Operation.of("batchedMatmul", a, b).result(out, dOut -> {
            if (a.requiresGrad()) {
                a.backend().matrices().batchedMatmul(dOut, b.value().transpose(1, 2), a.gradToAddInto(), true);
            }
            if (b.requiresGrad()) {
                b.backend().matrices().batchedMatmul(a.value().transpose(1, 2), dOut, b.gradToAddInto(), true);
            }
        });
    }
}
