// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector width, decided once when the class is initialised, so that the compiler sees constants.
 *
 * <p>512 bits at most: wider machines run the 512-bit code. The system property {@code jacobian.vector.bits} chooses 128,
 * 256 or 512; results do not depend on it.
 *
 * <p>One width for the whole process, also where a narrower vector would fit a short row. The methods of {@code FloatVector}
 * are shared by all widths; once two widths have gone through them, their type profiles have two entries, and C2 may
 * compile a kernel whose accumulators it then boxes, for good.
 */
final class Lanes {
    /** The species of every kernel. */
    static final VectorSpecies<Float> FLOATS = choose();

    /** Integers of the same shape. */
    static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, FLOATS.vectorShape());

    /** Floats per vector: 4, 8 or 16. */
    static final int COUNT = FLOATS.length();

    private Lanes() {}

    private static VectorSpecies<Float> choose() {
        int preferred = Math.clamp(FloatVector.SPECIES_PREFERRED.vectorBitSize(), 128, 512);
        int bits = Integer.getInteger("jacobian.vector.bits", preferred);
        return switch (bits) {
            case 128 -> FloatVector.SPECIES_128;
            case 256 -> FloatVector.SPECIES_256;
            case 512 -> FloatVector.SPECIES_512;
            default ->
                throw new IllegalArgumentException(
                        "jacobian.vector.bits is " + bits + "; use 128, 256 or 512, or leave it out");
        };
    }
}
