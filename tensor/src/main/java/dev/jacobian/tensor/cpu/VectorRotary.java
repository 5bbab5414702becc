// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.PositionKernels;
import dev.jacobian.tensor.RotaryForm;
import dev.jacobian.tensor.RotaryForm.Pairing;
import dev.jacobian.tensor.Tensor;
import jdk.incubator.vector.FloatVector;

/**
 * Rotary position embedding. Halves: lanes across the pairs of one head. Neighbours: a plain loop, because shuffling lanes
 * would cost more than a turn, and few models have them.
 */
final class VectorRotary implements PositionKernels {
    private static final int L = Lanes.COUNT;

    @Override
    public void rotary(
            Tensor x, RotaryForm form, Tensor cos, Tensor sin, int[] positions, boolean inverse, Tensor out) {
        int width = x.extent(-1);
        int headDim = form.headDim();
        int turned = form.dimensions();
        int half = turned / 2;
        boolean halves = form.pairing() == Pairing.HALVES;
        float sign = inverse ? -1f : 1f;
        Ranges.run(positions.length, 2 * width, (from, to) -> {
            for (int row = from; row < to; row++) {
                int table = positions[row] * half;
                for (int head = 0; head < width; head += headDim) {
                    int at = row * width + head;
                    int xAt = x.offset() + at;
                    int oAt = out.offset() + at;
                    int cAt = cos.offset() + table;
                    int sAt = sin.offset() + table;
                    if (halves) {
                        rotateHalves(
                                x.floats(), xAt, half, cos.floats(), cAt, sin.floats(), sAt, sign, out.floats(), oAt);
                    } else {
                        rotateNeighbours(
                                x.floats(), xAt, half, cos.floats(), cAt, sin.floats(), sAt, sign, out.floats(), oAt);
                    }
                    System.arraycopy(x.floats(), xAt + turned, out.floats(), oAt + turned, headDim - turned);
                }
            }
        });
    }

    private static void rotateHalves(
            float[] x,
            int xAt,
            int half,
            float[] cos,
            int cAt,
            float[] sin,
            int sAt,
            float sign,
            float[] out,
            int oAt) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(half); i += L) {
            FloatVector c = FloatVector.fromArray(Lanes.FLOATS, cos, cAt + i);
            FloatVector s = FloatVector.fromArray(Lanes.FLOATS, sin, sAt + i).mul(sign);
            FloatVector first = FloatVector.fromArray(Lanes.FLOATS, x, xAt + i);
            FloatVector second = FloatVector.fromArray(Lanes.FLOATS, x, xAt + half + i);
            first.fma(c, second.mul(s).neg()).intoArray(out, oAt + i);
            second.fma(c, first.mul(s)).intoArray(out, oAt + half + i);
        }
        for (; i < half; i++) {
            float c = cos[cAt + i];
            float s = sin[sAt + i] * sign;
            float first = x[xAt + i];
            float second = x[xAt + half + i];
            out[oAt + i] = Math.fma(first, c, -(second * s));
            out[oAt + half + i] = Math.fma(second, c, first * s);
        }
    }

    private static void rotateNeighbours(
            float[] x,
            int xAt,
            int half,
            float[] cos,
            int cAt,
            float[] sin,
            int sAt,
            float sign,
            float[] out,
            int oAt) {
        for (int i = 0; i < half; i++) {
            float c = cos[cAt + i];
            float s = sin[sAt + i] * sign;
            float first = x[xAt + 2 * i];
            float second = x[xAt + 2 * i + 1];
            out[oAt + 2 * i] = Math.fma(first, c, -(second * s));
            out[oAt + 2 * i + 1] = Math.fma(second, c, first * s);
        }
    }
}
