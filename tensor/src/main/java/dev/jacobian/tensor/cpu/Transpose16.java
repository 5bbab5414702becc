// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Turns blocks of 16 by 16 numbers round in registers: packing a transposed matrix number by number is bound by its stores.
 *
 * <p>Four rounds exchange 8, 4, 2 and 1 rows between two vectors, each vector by one permutation of two (Eklundh, "A fast
 * computer method for matrix transposing", 1972). Written out, because vectors live in registers only as named locals.
 */
final class Transpose16 {
    /** For each round the lanes of the first and of the second result: 0 to 15 are of the first vector, the rest of the second. */
    private static final int[] LANES = lanes();

    private Transpose16() {}

    private static int[] lanes() {
        int[] lanes = new int[2 * 4 * 16];
        for (int round = 0; round < 4; round++) {
            int distance = 8 >> round;
            for (int lane = 0; lane < 16; lane++) {
                boolean upper = (lane & distance) != 0;
                lanes[32 * round + lane] = upper ? 16 + lane - distance : lane;
                lanes[32 * round + 16 + lane] = upper ? 16 + lane : lane + distance;
            }
        }
        return lanes;
    }

    /**
     * to[p · 16 + c] = from[first + c · step + p] for 16 c and k steps p, a multiple of 16.
     */
    static void transpose(float[] from, int first, int step, int k, float[] to, int toAt) {
        IntVector low8 = IntVector.fromArray(Lanes.INTS, LANES, 0);
        IntVector high8 = IntVector.fromArray(Lanes.INTS, LANES, 16);
        IntVector low4 = IntVector.fromArray(Lanes.INTS, LANES, 32);
        IntVector high4 = IntVector.fromArray(Lanes.INTS, LANES, 48);
        IntVector low2 = IntVector.fromArray(Lanes.INTS, LANES, 64);
        IntVector high2 = IntVector.fromArray(Lanes.INTS, LANES, 80);
        IntVector low1 = IntVector.fromArray(Lanes.INTS, LANES, 96);
        IntVector high1 = IntVector.fromArray(Lanes.INTS, LANES, 112);
        for (int p = 0; p < k; p += 16) {
            int at = first + p;
            IntVector a0 =
                    FloatVector.fromArray(Lanes.FLOATS, from, at + 0 * step).reinterpretAsInts();
            IntVector a1 =
                    FloatVector.fromArray(Lanes.FLOATS, from, at + 1 * step).reinterpretAsInts();
            IntVector a2 =
                    FloatVector.fromArray(Lanes.FLOATS, from, at + 2 * step).reinterpretAsInts();
            IntVector a3 =
                    FloatVector.fromArray(Lanes.FLOATS, from, at + 3 * step).reinterpretAsInts();
            IntVector a4 =
                    FloatVector.fromArray(Lanes.FLOATS, from, at + 4 * step).reinterpretAsInts();
            IntVector a5 =
                    FloatVector.fromArray(Lanes.FLOATS, from, at + 5 * step).reinterpretAsInts();
            IntVector a6 =
                    FloatVector.fromArray(Lanes.FLOATS, from, at + 6 * step).reinterpretAsInts();
            IntVector a7 =
                    FloatVector.fromArray(Lanes.FLOATS, from, at + 7 * step).reinterpretAsInts();
            IntVector a8 =
                    FloatVector.fromArray(Lanes.FLOATS, from, at + 8 * step).reinterpretAsInts();
            IntVector a9 =
                    FloatVector.fromArray(Lanes.FLOATS, from, at + 9 * step).reinterpretAsInts();
            IntVector a10 =
                    FloatVector.fromArray(Lanes.FLOATS, from, at + 10 * step).reinterpretAsInts();
            IntVector a11 =
                    FloatVector.fromArray(Lanes.FLOATS, from, at + 11 * step).reinterpretAsInts();
            IntVector a12 =
                    FloatVector.fromArray(Lanes.FLOATS, from, at + 12 * step).reinterpretAsInts();
            IntVector a13 =
                    FloatVector.fromArray(Lanes.FLOATS, from, at + 13 * step).reinterpretAsInts();
            IntVector a14 =
                    FloatVector.fromArray(Lanes.FLOATS, from, at + 14 * step).reinterpretAsInts();
            IntVector a15 =
                    FloatVector.fromArray(Lanes.FLOATS, from, at + 15 * step).reinterpretAsInts();
            IntVector b0 = low8.selectFrom(a0, a8);
            IntVector b8 = high8.selectFrom(a0, a8);
            IntVector b1 = low8.selectFrom(a1, a9);
            IntVector b9 = high8.selectFrom(a1, a9);
            IntVector b2 = low8.selectFrom(a2, a10);
            IntVector b10 = high8.selectFrom(a2, a10);
            IntVector b3 = low8.selectFrom(a3, a11);
            IntVector b11 = high8.selectFrom(a3, a11);
            IntVector b4 = low8.selectFrom(a4, a12);
            IntVector b12 = high8.selectFrom(a4, a12);
            IntVector b5 = low8.selectFrom(a5, a13);
            IntVector b13 = high8.selectFrom(a5, a13);
            IntVector b6 = low8.selectFrom(a6, a14);
            IntVector b14 = high8.selectFrom(a6, a14);
            IntVector b7 = low8.selectFrom(a7, a15);
            IntVector b15 = high8.selectFrom(a7, a15);
            IntVector c0 = low4.selectFrom(b0, b4);
            IntVector c4 = high4.selectFrom(b0, b4);
            IntVector c1 = low4.selectFrom(b1, b5);
            IntVector c5 = high4.selectFrom(b1, b5);
            IntVector c2 = low4.selectFrom(b2, b6);
            IntVector c6 = high4.selectFrom(b2, b6);
            IntVector c3 = low4.selectFrom(b3, b7);
            IntVector c7 = high4.selectFrom(b3, b7);
            IntVector c8 = low4.selectFrom(b8, b12);
            IntVector c12 = high4.selectFrom(b8, b12);
            IntVector c9 = low4.selectFrom(b9, b13);
            IntVector c13 = high4.selectFrom(b9, b13);
            IntVector c10 = low4.selectFrom(b10, b14);
            IntVector c14 = high4.selectFrom(b10, b14);
            IntVector c11 = low4.selectFrom(b11, b15);
            IntVector c15 = high4.selectFrom(b11, b15);
            IntVector d0 = low2.selectFrom(c0, c2);
            IntVector d2 = high2.selectFrom(c0, c2);
            IntVector d1 = low2.selectFrom(c1, c3);
            IntVector d3 = high2.selectFrom(c1, c3);
            IntVector d4 = low2.selectFrom(c4, c6);
            IntVector d6 = high2.selectFrom(c4, c6);
            IntVector d5 = low2.selectFrom(c5, c7);
            IntVector d7 = high2.selectFrom(c5, c7);
            IntVector d8 = low2.selectFrom(c8, c10);
            IntVector d10 = high2.selectFrom(c8, c10);
            IntVector d9 = low2.selectFrom(c9, c11);
            IntVector d11 = high2.selectFrom(c9, c11);
            IntVector d12 = low2.selectFrom(c12, c14);
            IntVector d14 = high2.selectFrom(c12, c14);
            IntVector d13 = low2.selectFrom(c13, c15);
            IntVector d15 = high2.selectFrom(c13, c15);
            IntVector e0 = low1.selectFrom(d0, d1);
            IntVector e1 = high1.selectFrom(d0, d1);
            IntVector e2 = low1.selectFrom(d2, d3);
            IntVector e3 = high1.selectFrom(d2, d3);
            IntVector e4 = low1.selectFrom(d4, d5);
            IntVector e5 = high1.selectFrom(d4, d5);
            IntVector e6 = low1.selectFrom(d6, d7);
            IntVector e7 = high1.selectFrom(d6, d7);
            IntVector e8 = low1.selectFrom(d8, d9);
            IntVector e9 = high1.selectFrom(d8, d9);
            IntVector e10 = low1.selectFrom(d10, d11);
            IntVector e11 = high1.selectFrom(d10, d11);
            IntVector e12 = low1.selectFrom(d12, d13);
            IntVector e13 = high1.selectFrom(d12, d13);
            IntVector e14 = low1.selectFrom(d14, d15);
            IntVector e15 = high1.selectFrom(d14, d15);
            int out = toAt + p * 16;
            e0.reinterpretAsFloats().intoArray(to, out + 0 * 16);
            e1.reinterpretAsFloats().intoArray(to, out + 1 * 16);
            e2.reinterpretAsFloats().intoArray(to, out + 2 * 16);
            e3.reinterpretAsFloats().intoArray(to, out + 3 * 16);
            e4.reinterpretAsFloats().intoArray(to, out + 4 * 16);
            e5.reinterpretAsFloats().intoArray(to, out + 5 * 16);
            e6.reinterpretAsFloats().intoArray(to, out + 6 * 16);
            e7.reinterpretAsFloats().intoArray(to, out + 7 * 16);
            e8.reinterpretAsFloats().intoArray(to, out + 8 * 16);
            e9.reinterpretAsFloats().intoArray(to, out + 9 * 16);
            e10.reinterpretAsFloats().intoArray(to, out + 10 * 16);
            e11.reinterpretAsFloats().intoArray(to, out + 11 * 16);
            e12.reinterpretAsFloats().intoArray(to, out + 12 * 16);
            e13.reinterpretAsFloats().intoArray(to, out + 13 * 16);
            e14.reinterpretAsFloats().intoArray(to, out + 14 * 16);
            e15.reinterpretAsFloats().intoArray(to, out + 15 * 16);
        }
    }
}
