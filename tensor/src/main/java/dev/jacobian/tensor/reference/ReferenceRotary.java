// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.PositionKernels;
import dev.jacobian.tensor.Tensor;

/** Rotary position embedding, half-split layout. */
final class ReferenceRotary implements PositionKernels {
    @Override
    public void rotary(Tensor x, int headDim, Tensor cos, Tensor sin, int[] positions, boolean inverse, Tensor out) {
        int width = x.extent(-1);
        int half = headDim / 2;
        for (int row = 0; row < positions.length; row++) {
            int table = positions[row] * half;
            for (int head = 0; head < width / headDim; head++) {
                int from = row * width + head * headDim;
                for (int i = 0; i < half; i++) {
                    float c = cos.floats()[cos.offset() + table + i];
                    float s = sin.floats()[sin.offset() + table + i];
                    float signed = inverse ? -s : s;
                    float first = x.floats()[x.offset() + from + i];
                    float second = x.floats()[x.offset() + from + half + i];
                    out.floats()[out.offset() + from + i] = Math.fma(first, c, -(second * signed));
                    out.floats()[out.offset() + from + half + i] = Math.fma(second, c, first * signed);
                }
            }
        }
    }
}
