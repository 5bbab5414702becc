// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.cpu.Scratch.Slot;

/** {@link NarrowMatMul}'s two kernels for panels whose blocks have 256 steps: block after block, each with its scales widened first. */
final class SuperProducts {
    private static final int BLOCK = 256;
    private static final int WIDTH = NarrowPanels.WIDTH;

    private SuperProducts() {}

    /** One row times one panel. */
    static void row(float[] x, int xAt, NarrowPanels b, int panel, float[] out, int outAt, boolean load) {
        float[] scales = scratch();
        int words = b.wordsAt(panel);
        for (int p = 0; p < b.rows(); p += BLOCK) {
            int at = words + p * b.format().bits() / Integer.SIZE * WIDTH;
            scales(b, panel, p, scales);
            if (b.format() == WeightFormat.Q4_K) {
                Q4KKernels.row(x, xAt + p, b.words(), at, scales, out, outAt, load || p > 0);
            } else {
                Q6KKernels.row(x, xAt + p, b.words(), at, scales, out, outAt, load || p > 0);
            }
        }
    }

    /** Writes rows [p, p + steps) of a panel as strips of [steps, lanes]. */
    static void widen(NarrowPanels b, int panel, int p, int steps, float[] strips, int stripsAt) {
        float[] scales = scratch();
        int next = steps * Lanes.COUNT;
        for (int done = 0; done < steps; done += BLOCK) {
            int at = b.wordsAt(panel) + (p + done) * b.format().bits() / Integer.SIZE * WIDTH;
            int to = stripsAt + done * Lanes.COUNT;
            scales(b, panel, p + done, scales);
            if (b.format() == WeightFormat.Q4_K) {
                Q4KKernels.widen(b.words(), at, scales, strips, to, next);
            } else {
                Q6KKernels.widen(b.words(), at, scales, strips, to, next);
            }
        }
    }

    private static float[] scratch() {
        return Scratch.current().get(Slot.SCALES, 2 * SuperScales.Q4_GROUPS * WIDTH);
    }

    private static void scales(NarrowPanels b, int panel, int p, float[] out) {
        int block = p / BLOCK;
        if (b.format() == WeightFormat.Q4_K) {
            SuperScales.widenQ4(b.scales(), b.scalesAt(panel) + block * SuperScales.Q4_WORDS * WIDTH, out);
        } else {
            SuperScales.widenQ6(b.scales(), b.scalesAt(panel) + block * SuperScales.Q6_WORDS * WIDTH, out);
        }
    }
}
