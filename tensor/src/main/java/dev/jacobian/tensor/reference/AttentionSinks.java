// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.Tensor;

/** The key without a value that each head may weigh, for every CPU backend: a few numbers for each row and head. */
public final class AttentionSinks {
    private AttentionSinks() {}

    /** {@link dev.jacobian.tensor.AttentionKernels#sinks} of the rows [from, to). */
    public static void apply(Tensor sinks, Tensor out, Tensor stats, int from, int to) {
        int heads = sinks.elements();
        int headDim = out.extent(1) / heads;
        float[] s = stats.floats();
        for (int headRow = from * heads; headRow < to * heads; headRow++) {
            float sink = sinks.floats()[sinks.offset() + headRow % heads];
            int at = stats.offset() + 2 * headRow;
            float max = Math.max(s[at], sink);
            float sum = s[at + 1] * Exp.exp(s[at] - max);
            float all = sum + Exp.exp(sink - max);
            s[at] = max;
            s[at + 1] = all;
            float factor = sum / all;
            int first = out.offset() + headRow * headDim;
            for (int i = first; i < first + headDim; i++) {
                out.floats()[i] *= factor;
            }
        }
    }

    /** {@link dev.jacobian.tensor.AttentionKernels#sinksBackward} of the heads [from, to). */
    public static void backward(Tensor dOut, Tensor out, Tensor stats, Tensor sinks, Tensor dSinks, int from, int to) {
        int heads = sinks.elements();
        int headDim = out.extent(1) / heads;
        float[] s = stats.floats();
        for (int head = from; head < to; head++) {
            float sink = sinks.floats()[sinks.offset() + head];
            float sum = dSinks.floats()[dSinks.offset() + head];
            for (int headRow = head; headRow < out.extent(0) * heads; headRow += heads) {
                int at = headRow * headDim;
                float p = Exp.exp(sink - s[stats.offset() + 2 * headRow]) / s[stats.offset() + 2 * headRow + 1];
                float dot = FixedSum.dot(dOut.floats(), dOut.offset() + at, out.floats(), out.offset() + at, headDim);
                sum = Math.fma(-p, dot, sum);
            }
            dSinks.floats()[dSinks.offset() + head] = sum;
        }
    }
}
