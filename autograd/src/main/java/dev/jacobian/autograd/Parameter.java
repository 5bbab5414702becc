// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A weight: a named variable that keeps its gradient and whose value an optimizer changes.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Gradients add up over several backward passes until {@link #clearGrad()}: that is how micro-batches accumulate. The
 *       gradient's memory is the parameter's alone, because users hold on to it, and outlives every {@link Workspace}.
 *   <li>Whoever writes into the value calls {@link #valueChanged()}, which counts up the {@link #version()}. Copies that products
 *       read are made again when theirs is not the value's, and so does everybody else who keeps what was computed from values.
 * </ul>
 */
public final class Parameter extends Var {
    private final WeightCopies copies = new WeightCopies(this);
    private final List<Changes> changes = new ArrayList<>(1);
    private long version;

    private @Nullable Tensor grad; // null when there is none
    private @Nullable Tensor spareGrad; // a cleared gradient, in whose memory the next one lies
    private boolean keepsGrad; // as a spare, whenever it is cleared

    Parameter(String name, Tensor value) {
        super(name, value);
    }

    @Override
    public boolean requiresGrad() {
        return true;
    }

    /** The gradient that has accumulated here, if any. */
    public Optional<Tensor> grad() {
        return Optional.ofNullable(grad);
    }

    @Override
    void give(Tensor gradient) {
        if (grad == null && !keepsGrad && !Workspace.owns(gradient)) {
            grad = gradient;
        } else {
            share(gradient);
            Workspace.release(gradient);
        }
    }

    @Override
    void share(Tensor gradient) {
        if (grad != null) {
            backend().elementwise().add(grad, gradient, grad);
        } else if (spareGrad != null) {
            takeSpare(spareGrad).copyFrom(gradient);
        } else {
            grad = gradient.copy();
        }
    }

    @Override
    Tensor gradToAddInto() {
        if (grad != null) {
            return grad;
        }
        if (spareGrad != null) {
            takeSpare(spareGrad).fill(0f);
        } else {
            grad = Tensor.zeros(value().device(), value().dtype(), value().shape());
        }
        return Objects.requireNonNull(grad);
    }

    private Tensor takeSpare(Tensor spare) {
        grad = spare;
        spareGrad = null;
        return spare;
    }

    /**
     * Forgets the accumulated gradient. Inside a {@link Workspace}, and after {@link #provideGrad}, the next one will be written
     * over it.
     */
    public void clearGrad() {
        if (grad != null && (keepsGrad || Workspace.isActive())) {
            spareGrad = grad;
        }
        grad = null;
    }

    /**
     * Makes the gradient exist, as zeros where there is none yet, and lie in the same memory from now on, so that what adds to it
     * can be replayed. Afterwards every optimizer step counts the parameter, whether backward reaches it or not.
     */
    public void provideGrad() {
        keepsGrad = true;
        gradToAddInto();
    }

    /** {@link #clearGrad}, and a device has the memory back at once, inside a {@link Workspace} too. */
    public void closeGrad() {
        if (grad != null) {
            grad.close();
        }
        if (spareGrad != null) {
            spareGrad.close();
        }
        grad = null;
        spareGrad = null;
    }

    /** Gives the memory on a device back, with all copies made of the value; the parameter cannot be used any more. */
    public void close() {
        closeGrad();
        copies.close();
        value().close();
    }

    /** How often the value was changed: equal while everything computed from it still holds. */
    public long version() {
        return version;
    }

    /** Tells that the value was written to. */
    public void valueChanged() {
        version++;
        changes.forEach(Changes::add);
    }

    /** Counts changes of this parameter there too from now on, with those of others: of all that a model has. */
    public void countIn(Changes all) {
        changes.add(all);
    }

    /** Makes the copies of the value that operations keep equal to it again, so that what reads them can be replayed. */
    public void refreshCopies() {
        copies.refresh();
    }

    /** Bytes of the copies of the value that operations keep. */
    public long copiedBytes() {
        return copies.bytes();
    }

    /** The value, or a copy of it in another type, which is kept while the value does not change. */
    @Override
    Tensor valueAs(DType type) {
        return type == value().dtype() ? value() : copies.rounded(type);
    }

    @Override
    Tensor onePlus() {
        return copies.onePlus();
    }

    /** The transpose of a weight [N, K], packed for products; kept while the value does not change. */
    PackedMatrix packedTranspose() {
        return copies.packedTranspose();
    }
}
