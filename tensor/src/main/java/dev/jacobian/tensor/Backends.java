// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import dev.jacobian.tensor.cpu.VectorBackend;
import dev.jacobian.tensor.reference.ReferenceBackend;
import java.lang.System.Logger.Level;

/**
 * Finds the kernels for a device.
 *
 * <p>On the CPU that is the Vector API backend; without the module {@code jdk.incubator.vector} it is the reference
 * backend, and a warning says so once and names the flag, because a silent slow path is worse than an error. The system
 * property {@code jacobian.backend=reference} chooses the reference backend on purpose.
 */
public final class Backends {
    private Backends() {}

    private static final class Holder {
        static final Backend CPU = findCpu();
    }

    private static final class RecordedHolder {
        static final Backend CPU = RecordedKernels.of(Holder.CPU);
    }

    /**
     * The CPU's kernels. Ask anew for each operation rather than keep the answer: while a flight recording wants {@code
     * dev.jacobian.Kernel} events, kernels that write them are the answer.
     */
    public static Backend cpu() {
        return KernelEvent.wanted() ? RecordedHolder.CPU : Holder.CPU;
    }

    /** The plain-loop kernels that specify all others. */
    public static Backend reference() {
        return new ReferenceBackend();
    }

    /**
     * The kernels of a device.
     *
     * @throws UnsupportedOperationException if there are none for it in this build
     */
    public static Backend of(Device device) {
        if (device.kind() == Device.Kind.CPU) {
            return cpu();
        }
        throw new UnsupportedOperationException("device " + device + " has no backend in this build; use --device cpu");
    }

    /** Whether the module with the Vector API is there. */
    public static boolean hasVectorApi() {
        try {
            Class.forName("jdk.incubator.vector.FloatVector");
            return true;
        } catch (ClassNotFoundException absent) {
            return false;
        }
    }

    private static Backend findCpu() {
        if ("reference".equals(System.getProperty("jacobian.backend"))) {
            return new ReferenceBackend();
        }
        if (!hasVectorApi()) {
            System.getLogger("dev.jacobian.tensor")
                    .log(
                            Level.WARNING,
                            "The Vector API module is missing, so plain loops are used: expect a hundredth of the"
                                    + " speed. Pass --add-modules jdk.incubator.vector to java, or run on the module"
                                    + " path.");
            return new ReferenceBackend();
        }
        return new VectorBackend();
    }
}
