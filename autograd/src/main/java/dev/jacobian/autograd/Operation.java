// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Tensor;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One differentiable operation that has run: what it read, and how to turn the gradient of its result into gradients of
 * its inputs. Subclasses keep in fields what their gradient needs and stand beside their forward computation.
 */
abstract class Operation {
    private static final AtomicLong COUNTER = new AtomicLong();

    /** Rises with every operation, so a descending walk meets every result before its inputs. */
    final long order = COUNTER.incrementAndGet();

    private final String name;
    private final List<Var> inputs;
    private final boolean needsGrad;
    private boolean walked;

    Operation(String name, Var... inputs) {
        this.name = name;
        this.inputs = List.of(inputs);
        this.needsGrad = isRecorded(inputs);
    }

    /** An operation that knows by itself whether it needs a gradient; the walk back goes on to {@code inputs} only. */
    Operation(String name, boolean needsGrad, Var... inputs) {
        this.name = name;
        this.inputs = List.of(inputs);
        this.needsGrad = needsGrad && !NoGrad.isActive();
    }

    /** Whether an operation on these inputs would be remembered: one of them wants a gradient and recording is on. */
    static boolean isRecorded(Var... inputs) {
        boolean needed = false;
        for (Var input : inputs) {
            needed |= input.requiresGrad();
        }
        return needed && !NoGrad.isActive();
    }

    final String name() {
        return name;
    }

    final List<Var> inputs() {
        return inputs;
    }

    /** Whether any input wants a gradient and recording is on. */
    final boolean needsGrad() {
        return needsGrad;
    }

    final void requireNotWalked() {
        if (walked) {
            throw new IllegalStateException("backward() has already passed through this result of '" + name
                    + "' and would add the same gradients again; compute it anew, or add up all losses that share it"
                    + " and call backward() once");
        }
    }

    /** {@link #backward}, once. */
    final void walkBack(Tensor dOut) {
        requireNotWalked();
        walked = true;
        backward(dOut);
    }

    /** Adds this operation's share to the gradients of its inputs. */
    abstract void backward(Tensor dOut);
}
