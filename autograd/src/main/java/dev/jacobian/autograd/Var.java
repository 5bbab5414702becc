// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A tensor whose gradient can be asked for.
 *
 * <p>Operations on variables compute at once and remember what their gradients need; {@link #backward()} on a scalar then
 * walks back through them and leaves {@code ∂scalar/∂v} in every parameter v. Gradients add up over several backward
 * passes until {@link #clearGrad()}: that is how micro-batches accumulate.
 *
 * <p>Decisions: whether a gradient is needed is settled when an operation runs, so an input that needs none costs nothing
 * in backward; inside {@link NoGrad} nothing is remembered at all. Intermediate gradients are dropped as soon as they have
 * been passed on, only leaves keep theirs. A graph can be walked back once.
 */
public final class Var implements LinearWeight {
    private static final AtomicLong CHANGES = new AtomicLong();

    private final Tensor value;
    private final boolean requiresGrad;
    private final String name;
    final Operation producer;

    private Tensor grad;
    private boolean gradIsShared;
    private boolean recycled;
    private Tensor spareGrad; // a cleared gradient whose array the next one takes
    private boolean keepsGrad; // as a spare, whenever it is cleared
    private PackedMatrix packedTranspose;
    private boolean packedIsStale;
    private Tensor converted; // the value in another type
    private boolean convertedIsStale;

    private Var(Tensor value, boolean requiresGrad, String name, Operation producer) {
        this.value = value;
        this.requiresGrad = requiresGrad;
        this.name = name;
        this.producer = producer;
    }

    /** A leaf that needs no gradient. */
    public static Var constant(Tensor value) {
        return new Var(value, false, "constant", null);
    }

    /** A named leaf whose gradient is wanted: a weight. */
    public static Var parameter(String name, Tensor value) {
        return new Var(value.contiguous(), true, name, null);
    }

    /** The result of an operation; remembers it only if a gradient may be asked for. */
    static Var result(Tensor value, Operation producer) {
        boolean needed = producer.needsGrad();
        return new Var(value, needed, producer.name(), needed ? producer : null);
    }

    /**
     * The value. Whoever writes into a parameter's value must call {@link #valueChanged()}.
     *
     * @throws IllegalStateException if backward, inside a {@link Workspace}, has recycled this intermediate result
     */
    public Tensor value() {
        if (recycled) {
            throw new IllegalStateException(
                    "the value of '" + name + "' was recycled when backward() passed it; inside a"
                            + " Workspace copy what you need before backward()");
        }
        return value;
    }

    /**
     * Gives the value's array back to the {@link Workspace} before its scope ends: for an intermediate result that nothing
     * will read again, not even backward. Afterwards {@link #value} is an error. Outside of a workspace nothing happens.
     */
    public void recycleValue() {
        recycled |= Workspace.release(value);
    }

    /** Whether backward leaves or passes on a gradient here. */
    public boolean requiresGrad() {
        return requiresGrad;
    }

    /** A parameter's name, or the name of the operation that made this variable. */
    @Override
    public String name() {
        return name;
    }

    /** The gradient that has accumulated here, if any. */
    public Optional<Tensor> grad() {
        return Optional.ofNullable(grad);
    }

    /**
     * Forgets the accumulated gradient. Inside a {@link Workspace}, and after {@link #provideGrad}, the next one will be written
     * over it.
     */
    public void clearGrad() {
        if (grad != null && producer == null && (keepsGrad || Workspace.isActive())) {
            spareGrad = grad;
        }
        grad = null;
    }

    /** {@link #clearGrad}, and a device has the memory back at once, inside a {@link Workspace} too. For parameters. */
    public void closeGrad() {
        for (Tensor one : new Tensor[] {grad, spareGrad}) {
            if (one != null) {
                one.close();
            }
        }
        grad = null;
        spareGrad = null;
    }

    /** Gives a parameter's memory on a device back, with all copies made of it; it cannot be used any more. */
    public void close() {
        closeGrad();
        value.close();
        if (converted != null) {
            converted.close();
            converted = null;
        }
        packedTranspose = null;
    }

    /**
     * Makes a parameter's gradient exist, as zeros where there is none yet, and lie in the same memory from now on, so that what
     * adds to it can be replayed. Afterwards every optimizer step counts the parameter, whether backward reaches it or not.
     */
    public void provideGrad() {
        if (requiresGrad && producer == null) {
            keepsGrad = true;
            gradToAddInto();
        }
    }

    /** Makes the copies of the value that operations keep equal to it again, so that what reads them can be replayed. */
    public void refreshCopies() {
        if (converted != null && convertedIsStale) {
            valueAs(converted.dtype());
        }
        if (packedTranspose != null && packedIsStale) {
            packedTranspose();
        }
    }

    /** The same value, cut off from how it was computed. */
    public Var detach() {
        return constant(value);
    }

    /** The kernels of the device that the value lives on. */
    Backend backend() {
        return Backends.of(value.device());
    }

    /** Tells that the value was written to, so that copies made of it for speed are made anew. */
    public void valueChanged() {
        CHANGES.incrementAndGet();
        packedIsStale = true;
        convertedIsStale = true;
    }

    /** How often {@link #valueChanged} was called of any variable: whoever keeps what was computed from values compares it. */
    public static long valueChanges() {
        return CHANGES.get();
    }

    /** The value in the type that an operation computes in; a rounded copy is kept until the value changes. */
    Tensor valueAs(DType type) {
        if (type == value.dtype()) {
            return value;
        }
        if (converted == null || converted.dtype() != type) {
            converted = value.to(type);
        } else if (convertedIsStale) {
            converted.convertFrom(value);
        }
        convertedIsStale = false;
        return converted;
    }

    /** The transpose of a weight [N, K], packed for products; kept until the value changes. */
    PackedMatrix packedTranspose() {
        if (packedTranspose == null) {
            packedTranspose = backend().matrices().pack(value.t());
        } else if (packedIsStale) {
            backend().matrices().repack(value.t(), packedTranspose);
        }
        packedIsStale = false;
        return packedTranspose;
    }

    /**
     * Adds to the gradient. {@code owned} says that nobody else will use the tensor, so it may be kept and added to. What a
     * leaf keeps is always its own, because users hold on to it.
     */
    void accumulate(Tensor gradient, boolean owned) {
        if (!requiresGrad) {
            return;
        }
        if (grad == null) {
            // A leaf's gradient outlives the workspace.
            boolean kept = producer != null || owned && !keepsGrad && !Workspace.owns(gradient);
            grad = kept ? gradient : copyToSpare(gradient);
            gradIsShared = kept && !owned;
            if (gradIsShared) {
                Workspace.retain(gradient);
            }
            if (!kept && owned) {
                Workspace.release(gradient);
            }
            return;
        }
        if (gradIsShared) {
            Tensor sum = Workspace.like(value);
            backend().elementwise().add(grad, gradient, sum);
            Workspace.release(grad);
            grad = sum;
            gradIsShared = false;
        } else {
            backend().elementwise().add(grad, gradient, grad);
        }
        if (owned) {
            Workspace.release(gradient);
        }
    }

    private Tensor copyToSpare(Tensor gradient) {
        Tensor copy = takeSpare();
        if (copy == null) {
            return gradient.copy();
        }
        copy.copyFrom(gradient);
        return copy;
    }

    private Tensor takeSpare() {
        Tensor spare = spareGrad;
        spareGrad = null;
        return spare;
    }

    /** A gradient tensor to add into directly: the accumulated one, or zeros. */
    Tensor gradToAddInto() {
        if (grad == null) {
            grad = producer == null ? takeSpare() : Workspace.like(value);
            if (grad == null) {
                grad = Tensor.zeros(value.device(), value.dtype(), value.shape());
            } else {
                grad.fill(0f);
            }
            gradIsShared = false;
        } else if (gradIsShared) {
            Tensor own = Workspace.like(value);
            own.copyFrom(grad);
            Workspace.release(grad);
            grad = own;
            gradIsShared = false;
        }
        return grad;
    }

    Tensor takeGrad() {
        Tensor taken = grad;
        grad = null;
        return taken;
    }

    /**
     * Computes the gradient of this scalar with respect to every parameter it depends on.
     *
     * @throws IllegalStateException if this is not a scalar, does not depend on any parameter, or was walked back before
     */
    public void backward() {
        if (value.elements() != 1) {
            throw new IllegalStateException(
                    "backward() starts from one number, this variable has shape " + value.shape()
                            + "; reduce it first or pass the gradient of your own scalar with backward(gradient)");
        }
        Tensor one = Tensor.zeros(value.device(), value.dtype(), value.shape());
        one.fill(1f);
        backward(one);
    }

    /**
     * Computes gradients of a scalar whose gradient with respect to this variable is given: the vector–Jacobian product.
     *
     * @param gradient same shape as the value, on any device; neither kept nor changed
     * @throws IllegalStateException if nothing here depends on a parameter, or a part of the graph was walked back before
     */
    public void backward(Tensor gradient) {
        if (!gradient.shape().equals(value.shape())) {
            throw new IllegalArgumentException(
                    "the gradient has shape " + gradient.shape() + ", the variable " + value.shape());
        }
        if (!requiresGrad) {
            throw new IllegalStateException("nothing to differentiate: '" + name
                    + "' does not depend on a parameter, or was computed in NoGrad");
        }
        Tape.backward(this, gradient.to(value.device()).contiguous());
    }

    @Override
    public String toString() {
        return name + " " + value;
    }
}
