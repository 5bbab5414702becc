// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.transformer.config.DecoderConfig;

/**
 * What a model will need, known before anything is allocated.
 *
 * <p>Counts what does not depend on the batch: weights (F32), the copies that kernels pack, and for training gradients and
 * two moments. Activations come on top.
 *
 * @param bytes bytes needed
 * @param what how they come about, for messages
 */
public record MemoryPlan(long bytes, String what) {
    /** Weights and packed copies. */
    public static MemoryPlan inference(DecoderConfig config) {
        return new MemoryPlan(8 * config.parameters(), "F32 weights and their packed copies");
    }

    /** Weights, packed copies, gradients and two moments. */
    public static MemoryPlan training(DecoderConfig config) {
        return new MemoryPlan(
                20 * config.parameters(), "F32 weights, their packed copies, gradients and two AdamW moments");
    }

    /**
     * Refuses a plan that cannot work.
     *
     * @throws IllegalStateException naming the need, what there is and how to get more
     */
    public void require(String task) {
        long heap = Runtime.getRuntime().maxMemory();
        if (bytes > heap) {
            throw new IllegalStateException(String.format(
                    java.util.Locale.ROOT,
                    "%s needs %.2f GiB (%s), the heap may grow to %.2f GiB; give the JVM more, for instance"
                            + " JACOBIAN_JAVA_OPTS=-Xmx%dg, or use a smaller model",
                    task,
                    bytes / 0x1p30,
                    what,
                    heap / 0x1p30,
                    (long) Math.ceil(bytes * 1.25 / 0x1p30)));
        }
    }
}
