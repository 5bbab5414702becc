// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * Where a tensor lives and how its kernels compute.
 *
 * @param kind CPU, CUDA, or arrays that are only counted
 * @param ordinal number of the device among those of its kind, from 0
 * @param arithmetic on a GPU any, elsewhere {@link Arithmetic#BATCH_INVARIANT}
 */
public record Device(Kind kind, int ordinal, Arithmetic arithmetic) {
    /** Kinds of devices. */
    public enum Kind {
        /** Java arrays and the Vector API. */
        CPU,
        /** An NVIDIA GPU. */
        CUDA,
        /** No memory and no arithmetic. */
        COUNTED
    }

    /** The machine's processors and memory. */
    public static final Device CPU = new Device(Kind.CPU, 0, Arithmetic.BATCH_INVARIANT);

    /**
     * Tensors that have shapes and no elements, and kernels that compute nothing: a run on them shows what it would take on the
     * CPU ({@link Workspace#counted}).
     */
    public static final Device COUNTED = new Device(Kind.COUNTED, 0, Arithmetic.BATCH_INVARIANT);

    /**
     * Checks the combination.
     *
     * @throws IllegalArgumentException if the device has no such arithmetic
     */
    public Device {
        if (kind != Kind.CUDA && arithmetic != Arithmetic.BATCH_INVARIANT) {
            throw new IllegalArgumentException(
                    "arithmetic " + arithmetic + " needs a GPU; the CPU is always " + Arithmetic.BATCH_INVARIANT);
        }
    }

    /** A GPU in {@link Arithmetic#FAST}. */
    public static Device cuda(int ordinal) {
        return new Device(Kind.CUDA, ordinal, Arithmetic.FAST);
    }

    /**
     * The same device computing in another way.
     *
     * @throws IllegalArgumentException if it has no such arithmetic
     */
    public Device with(Arithmetic other) {
        return new Device(kind, ordinal, other);
    }

    /** Whether tensors of both lie in one memory, however they are computed with. */
    public boolean sharesMemoryWith(Device other) {
        return kind == other.kind && ordinal == other.ordinal;
    }

    /**
     * Parses {@code cpu}, {@code cuda} or {@code cuda:N}; a GPU is in {@link Arithmetic#FAST}.
     *
     * @throws IllegalArgumentException if the text is none of these
     */
    public static Device parse(String text) {
        if (text.equals("cpu")) {
            return CPU;
        }
        if (text.equals("cuda")) {
            return cuda(0);
        }
        if (text.matches("cuda:[0-9]{1,3}")) {
            return cuda(Integer.parseInt(text.substring(5)));
        }
        throw new IllegalArgumentException("unknown device '" + text + "'; use cpu, cuda or cuda:N");
    }

    /** As {@link #parse} takes it, and behind a GPU another arithmetic than the usual one. */
    @Override
    public String toString() {
        return switch (kind) {
            case CPU -> "cpu";
            case COUNTED -> "counted";
            case CUDA ->
                "cuda:" + ordinal
                        + switch (arithmetic) {
                            case FAST -> "";
                            case TF32 -> " (TF32)";
                            case BATCH_INVARIANT -> " (batch-invariant)";
                        };
        };
    }
}
