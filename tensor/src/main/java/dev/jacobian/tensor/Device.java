// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * Where a tensor lives and its kernels run.
 *
 * @param kind CPU, CUDA, or arrays that are only counted
 * @param ordinal number of the device among those of its kind, from 0
 */
public record Device(Kind kind, int ordinal) {
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
    public static final Device CPU = new Device(Kind.CPU, 0);

    /**
     * Tensors that have shapes and no elements, and kernels that compute nothing: a run on them shows what it would take on the
     * CPU ({@link Workspace#counted}).
     */
    public static final Device COUNTED = new Device(Kind.COUNTED, 0);

    /**
     * Parses {@code cpu}, {@code cuda} or {@code cuda:N}.
     *
     * @throws IllegalArgumentException if the text is none of these
     */
    public static Device parse(String text) {
        if (text.equals("cpu")) {
            return CPU;
        }
        if (text.equals("cuda")) {
            return new Device(Kind.CUDA, 0);
        }
        if (text.matches("cuda:[0-9]{1,3}")) {
            return new Device(Kind.CUDA, Integer.parseInt(text.substring(5)));
        }
        throw new IllegalArgumentException("unknown device '" + text + "'; use cpu, cuda or cuda:N");
    }

    @Override
    public String toString() {
        return switch (kind) {
            case CPU -> "cpu";
            case CUDA -> "cuda:" + ordinal;
            case COUNTED -> "counted";
        };
    }
}
