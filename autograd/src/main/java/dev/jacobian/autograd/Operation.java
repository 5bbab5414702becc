// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * One differentiable operation that runs: what it reads, and how the gradient of its result becomes gradients of its inputs.
 *
 * <pre>{@code
 * // y = factor · x, dx = factor · dy
 * return Operation.of("scale", x).result(out, dOut -> {
 *     Tensor dX = x.like();
 *     x.backend().elementwise().scale(dOut, factor, dX);
 *     x.give(dX);
 * });
 * }</pre>
 *
 * <p>So the gradient stands beside the forward computation, and what it needs of it is captured.
 */
final class Operation {
    private static final AtomicLong COUNTER = new AtomicLong();

    /** Rises with every operation, so a descending walk meets every result before its inputs. */
    final long order = COUNTER.incrementAndGet();

    private final String name;
    private final List<Var> inputs;
    private final boolean isRecorded;
    private @Nullable Consumer<Tensor> backward; // set by result(), before anything can walk here
    private boolean walked;

    private Operation(String name, boolean isRecorded, Var... inputs) {
        this.name = name;
        this.inputs = List.of(inputs);
        this.isRecorded = isRecorded && !NoGrad.isActive();
    }

    /** An operation that is recorded if one of its inputs wants a gradient. */
    static Operation of(String name, Var... inputs) {
        return new Operation(name, Arrays.stream(inputs).anyMatch(Var::requiresGrad), inputs);
    }

    /** An operation that is recorded whatever its inputs want, because it reads parameters that are not among them. */
    static Operation always(String name, Var... inputs) {
        return new Operation(name, true, inputs);
    }

    /** Whether the gradient may be asked for: it is wanted, and recording is on. */
    boolean isRecorded() {
        return isRecorded;
    }

    /**
     * The variable of what was computed; a constant unless the operation is recorded.
     *
     * @param value dense
     * @param gradient adds this operation's share to the gradients of its inputs, given that of the result
     */
    Var result(Tensor value, Consumer<Tensor> gradient) {
        if (!isRecorded) {
            return new Constant(name, value);
        }
        backward = gradient;
        return new Result(value, this);
    }

    String name() {
        return name;
    }

    List<Var> inputs() {
        return inputs;
    }

    void requireNotWalked() {
        if (walked) {
            throw new IllegalStateException("backward() has already passed through this result of '" + name
                    + "' and would add the same gradients again; compute it anew, or add up all losses that share it"
                    + " and call backward() once");
        }
    }

    /** Passes the gradient of the result on, once. */
    void walkBack(Tensor dOut) {
        requireNotWalked();
        walked = true;
        Objects.requireNonNull(backward).accept(dOut);
    }
}
