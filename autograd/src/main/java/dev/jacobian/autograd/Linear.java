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
        timesTransposed(x.value(), weight, out);
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
            if (weight instanceof Var trained && trained.requiresGrad()) {
                x.backend().matrices().matmul(dOut.t(), x.value(), trained.gradToAddInto(), true);
            }
            if (bias.isPresent() && bias.get().requiresGrad()) {
                x.backend().elementwise().sumRowsInto(dOut, bias.get().gradToAddInto());
            }
        });
    }

    private static Var[] inputs(Var x, LinearWeight weight, Optional<Var> bias) {
        List<Var> inputs = new ArrayList<>(List.of(x));
        if (weight instanceof Var dense) {
            inputs.add(dense);
        }
        bias.ifPresent(inputs::add);
        return inputs.toArray(Var[]::new);
    }

    /** M of a weight [M, K]. */
    static int outputs(LinearWeight weight) {
        return switch (weight) {
            case Var dense -> dense.value().extent(0);
            case FrozenWeight frozen -> frozen.packed().columns();
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
        }
    }

    /** {@code out = x · Wᵀ}, [N, M] from [N, K], with the weight in the type of {@code x}. */
    static void timesTransposed(Tensor x, LinearWeight weight, Tensor out) {
        Backend backend = Backends.of(x.device());
        switch (weight) {
            case Parameter trained
            when x.dtype() == trained.value().dtype() ->
                backend.matrices().matmul(x, trained.packedTranspose(), out, false);
            case Var computed ->
                backend.matrices().matmul(x, computed.valueAs(x.dtype()).t(), out, false);
            case FrozenWeight frozen -> backend.matrices().matmul(x, frozen.packed(), out, false);
        }
    }

    /** {@code dX = dOut · W}, [N, K] from [N, M], with the weight in the type of {@code dOut}. */
    static void timesWeight(Tensor dOut, LinearWeight weight, Tensor dX) {
        switch (weight) {
            case Var dense -> dense.backend().matrices().matmul(dOut, dense.valueAs(dOut.dtype()), dX, false);
            case FrozenWeight frozen -> frozen.backward(dOut, dX);
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
