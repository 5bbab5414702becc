// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;

/**
 * A tensor whose gradient can be asked for.
 *
 * <p>Operations on variables compute at once and remember what their gradients need; {@link #backward()} on a scalar then
 * walks back through them and leaves {@code ∂scalar/∂p} in every {@link Parameter} p.
 *
 * <p>Decisions: there are three kinds. A parameter keeps its gradient; the result of an operation passes its gradient on and
 * drops it; a constant has none. What no parameter went into, and what is computed inside {@link NoGrad}, is a constant, so an
 * input that needs no gradient costs nothing in backward. Values lie densely. A graph can be walked back once.
 */
public abstract sealed class Var implements LinearWeight permits Parameter, Result, Constant {
    private final String name;
    private @Nullable Tensor value; // null when it was recycled

    Var(String name, Tensor value) {
        this.name = name;
        this.value = value;
    }

    /** A leaf that needs no gradient; shares a dense tensor and copies a strided one. */
    public static Var constant(Tensor value) {
        return new Constant("constant", value.contiguous());
    }

    /** A named leaf whose gradient is wanted: a weight. Shares a dense tensor and copies a strided one. */
    public static Parameter parameter(String name, Tensor value) {
        return new Parameter(name, value.contiguous());
    }

    /** A parameter's name, or the name of the operation that made this variable. */
    @Override
    public final String name() {
        return name;
    }

    /**
     * The value.
     *
     * @throws IllegalStateException if backward, inside a {@link Workspace}, has recycled this intermediate result
     */
    public final Tensor value() {
        if (value == null) {
            throw new IllegalStateException(
                    "the value of '" + name + "' was recycled when backward() passed it; inside a"
                            + " Workspace copy what you need before backward()");
        }
        return value;
    }

    /** Whether backward leaves or passes on a gradient here. */
    public abstract boolean requiresGrad();

    /** Adds to the gradient, if one is wanted, a tensor that nobody else will use, so that it may be kept and written to. */
    abstract void give(Tensor gradient);

    /** Adds to the gradient, if one is wanted, a tensor that others go on reading. */
    abstract void share(Tensor gradient);

    /** The gradient so far, or zeros, for kernels that add to it by themselves; only where one {@linkplain #requiresGrad is wanted}. */
    abstract Tensor gradToAddInto();

    /**
     * Computes the gradient of this scalar with respect to every parameter it depends on.
     *
     * @throws IllegalStateException if this is not a scalar, does not depend on any parameter, or was walked back before
     */
    public final void backward() {
        if (value().elements() != 1) {
            throw new IllegalStateException(
                    "backward() starts from one number, this variable has shape " + value().shape()
                            + "; reduce it first or pass the gradient of your own scalar with backward(gradient)");
        }
        Tensor one = Tensor.zeros(value().device(), value().dtype(), value().shape());
        one.fill(1f);
        backward(one);
    }

    /**
     * Computes gradients of a scalar whose gradient with respect to this variable is given: the vector–Jacobian product.
     *
     * @param gradient same shape as the value, on any device; neither kept nor changed
     * @throws IllegalStateException if nothing here depends on a parameter, or a part of the graph was walked back before
     */
    public final void backward(Tensor gradient) {
        if (!gradient.shape().equals(value().shape())) {
            throw new IllegalArgumentException(
                    "the gradient has shape " + gradient.shape() + ", the variable " + value().shape());
        }
        if (!requiresGrad()) {
            throw new IllegalStateException("nothing to differentiate: '" + name
                    + "' does not depend on a parameter, or was computed in NoGrad");
        }
        Tape.backward(this, gradient.to(value().device()).contiguous());
    }

    /** The same value, cut off from how it was computed. */
    public final Var detach() {
        return new Constant("constant", value());
    }

    /**
     * Gives the value's array back to the {@link Workspace} before its scope ends: for an intermediate result that nothing
     * will read again, not even backward. Afterwards {@link #value} is an error. Outside of a workspace nothing happens.
     */
    public final void recycleValue() {
        if (value != null && Workspace.release(value)) {
            value = null;
        }
    }

    /** The kernels of the device that the value lives on. */
    final Backend backend() {
        return Backends.of(value().device());
    }

    /** A tensor of the value's shape, type and device to be overwritten: a result, or a gradient of this variable. */
    final Tensor like() {
        return Workspace.like(value());
    }

    /** The same of another shape. */
    final Tensor like(int... extents) {
        return Workspace.like(value(), extents);
    }

    /** {@code 1 + value}, rounded once: the factor of a norm whose weight is stored around 0. */
    Tensor onePlus() {
        return onePlus(value());
    }

    static Tensor onePlus(Tensor value) {
        Tensor sum = Tensor.zeros(value.device(), value.dtype(), value.shape());
        makeOnePlus(value, sum);
        return sum;
    }

    static void makeOnePlus(Tensor value, Tensor sum) {
        sum.fill(1f);
        Backends.of(value.device()).elementwise().addScaled(value, 1f, sum);
    }

    /** The value in the type that an operation computes in. */
    Tensor valueAs(DType type) {
        return value().to(type);
    }

    @Override
    public final String toString() {
        return value == null ? name + " (recycled)" : name + " " + value;
    }
}
