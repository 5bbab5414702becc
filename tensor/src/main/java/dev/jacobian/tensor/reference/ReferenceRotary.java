// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.PositionKernels;
import dev.jacobian.tensor.RotaryForm;
import dev.jacobian.tensor.RotaryForm.Pairing;
import dev.jacobian.tensor.Tensor;

/** Rotary position embedding. */
final class ReferenceRotary implements PositionKernels {
    @Override
    public void rotary(
            Tensor x, RotaryForm form, Tensor cos, Tensor sin, int[] positions, boolean inverse, Tensor out) {
        int width = x.extent(-1);
        int headDim = form.headDim();
        int half = form.dimensions() / 2;
        boolean halves = form.pairing() == Pairing.HALVES;
        for (int row = 0; row < positions.length; row++) {
            int table = positions[row] * half;
            for (int head = 0; head < width / headDim; head++) {
                int from = row * width + head * headDim;
                for (int i = 0; i < half; i++) {
                    int firstAt = from + (halves ? i : 2 * i);
                    int secondAt = firstAt + (halves ? half : 1);
                    float c = cos.floats()[cos.offset() + table + i];
                    float s = sin.floats()[sin.offset() + table + i];
                    float signed = inverse ? -s : s;
                    float first = x.floats()[x.offset() + firstAt];
                    float second = x.floats()[x.offset() + secondAt];
                    out.floats()[out.offset() + firstAt] = Math.fma(first, c, -(second * signed));
                    out.floats()[out.offset() + secondAt] = Math.fma(second, c, first * signed);
                }
                for (int i = form.dimensions(); i < headDim; i++) {
                    out.floats()[out.offset() + from + i] = x.floats()[x.offset() + from + i];
                }
            }
        }
    }
}
