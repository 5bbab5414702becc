// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * One call of a kernel, in a flight recording that asks for it: a step has thousands, so a recording has none of them unless
 * it is started with {@code dev.jacobian.Kernel#enabled=true}.
 */
@Name("dev.jacobian.Kernel")
@Label("Kernel")
@Category("Jacobian")
@Description("One call of a kernel. Enable with +dev.jacobian.Kernel#enabled=true")
@Enabled(false)
@StackTrace(false)
final class KernelEvent extends Event {
    /** Asked before every kernel; an object of the class, because that is whom JFR answers. */
    private static final KernelEvent PROBE = new KernelEvent();

    @Label("Kernel")
    @Description("Method of one of the interfaces that dev.jacobian.tensor.Backend gives")
    @Nullable
    String kernel; // null in the probe

    @Label("Rows")
    @Description("M of a matrix product, B M of a batch of them; rows of the first tensor of other kernels")
    long rows;

    @Label("Inner")
    @Description("K of a matrix product; 0 for other kernels")
    long inner;

    @Label("Columns")
    @Description("N of a matrix product; elements per row of the first tensor of other kernels")
    long columns;

    @Label("Operations")
    @Description(
            "Floating-point operations of a matrix product, 2 M N K for each; 0 for other kernels, which memory bounds")
    long operations;

    /** Sizes of a kernel that works on rows, by its first tensor; false if its first argument is none. */
    boolean describeRows(Object[] arguments) {
        Object subject = arguments[0] instanceof Qkv qkv ? qkv.q() : arguments[0];
        if (!(subject instanceof Tensor first)) {
            return false;
        }
        rows = first.rank() == 0 ? 1 : first.extent(0);
        columns = first.shape().elements() / Math.max(1, rows);
        return true;
    }

    /** Sizes of a product of two operands, or as those of rows for what prepares one. */
    boolean describeProduct(Object[] arguments) {
        if (!describeRows(arguments)) {
            return false;
        }
        if (arguments[0] instanceof Tensor left && arguments.length == 4) {
            rows = left.rank() == 3 ? (long) left.extent(0) * left.extent(1) : left.extent(0);
            inner = left.extent(-1);
            columns =
                    arguments[1] instanceof PackedMatrix packed ? packed.columns() : ((Tensor) arguments[1]).extent(-1);
            operations = 2 * rows * inner * columns;
        }
        return true;
    }

    /** Whether a recording wants these events now. */
    static boolean wanted() {
        return PROBE.isEnabled();
    }
}
