// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import dev.jacobian.tensor.counted.CountedBackend;
import dev.jacobian.tensor.cpu.VectorBackend;
import dev.jacobian.tensor.cuda.CudaBackend;
import dev.jacobian.tensor.reference.ReferenceBackend;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

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

    /** What records the plain backend of each device that was asked for during a recording. */
    private static final Map<Device, RecordedBackend> RECORDED = new ConcurrentHashMap<>();

    /** The kernels, or while a flight recording wants events, others that write them: made once for each plain backend. */
    private static Backend recordedIfWanted(Device device, Backend plain) {
        if (!KernelEvent.wanted()) {
            return plain;
        }
        return RECORDED.compute(
                device, (of, known) -> known != null && known.plain() == plain ? known : RecordedBackend.of(plain));
    }

    /**
     * The CPU's kernels. Ask anew for each operation rather than keep the answer: while a flight recording wants {@code
     * dev.jacobian.Kernel} events, kernels that write them are the answer.
     */
    public static Backend cpu() {
        return recordedIfWanted(Device.CPU, Holder.CPU);
    }

    /** The plain-loop kernels that specify all others. */
    public static Backend reference() {
        return ReferenceBackend.create();
    }

    /**
     * The kernels of a device, in its arithmetic. A GPU is opened when it is first asked for, and stays open.
     *
     * @throws DeviceException if the GPU cannot be used; the message says what is missing and how to mend it
     */
    public static Backend of(Device device) {
        return switch (device.kind()) {
            case CPU -> cpu();
            case COUNTED -> CountedBackend.INSTANCE;
            case CUDA -> recordedIfWanted(device, CudaBackend.of(device));
        };
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
            return ReferenceBackend.create();
        }
        if (!hasVectorApi()) {
            System.getLogger("dev.jacobian.tensor")
                    .log(
                            Level.WARNING,
                            "The Vector API module is missing, so plain loops are used: expect a hundredth of the"
                                    + " speed. Pass --add-modules jdk.incubator.vector to java, or run on the module"
                                    + " path.");
            return ReferenceBackend.create();
        }
        return VectorBackend.create();
    }
}
