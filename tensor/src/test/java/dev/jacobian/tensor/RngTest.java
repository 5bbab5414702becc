// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class RngTest {
    /** The known-answer vectors of philox4x32-10 published with Random123; the first two words of each. */
    @Test
    void knownAnswersOfPhilox() {
        assertThat(Rng.bits(0L, 0, 0, 0, 0)).isEqualTo(0xe169c58d_6627e8d5L);
        assertThat(Rng.bits(-1L, -1, -1, -1, -1)).isEqualTo(0x41c83b0e_408f276dL);
        assertThat(Rng.bits(0x299f31d0_a4093822L, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344))
                .isEqualTo(0x94fdcceb_d16cfe09L);
    }

    @Test
    void sequencesRepeatAndStreamsDiffer() {
        Rng a = new Rng(5, 1);
        Rng b = new Rng(5, 1);
        Rng other = new Rng(5, 2);
        int equal = 0;
        for (int i = 0; i < 100; i++) {
            long value = a.nextLong();
            assertThat(value).isEqualTo(b.nextLong());
            assertThat(value).isEqualTo(Rng.bits(5, i, 0, 1, 0));
            equal += value == other.nextLong() ? 1 : 0;
        }
        assertThat(equal).isZero();
    }

    @Test
    void boundedNumbersAreUniform() {
        Rng rng = new Rng(6, 0);
        int[] counts = new int[7];
        for (int i = 0; i < 70_000; i++) {
            counts[rng.nextInt(7)]++;
        }
        double chiSquare = 0;
        for (int count : counts) {
            chiSquare += (count - 10_000.0) * (count - 10_000.0) / 10_000.0;
        }
        assertThat(chiSquare)
                .as("6 degrees of freedom; 22.5 has probability 0.001")
                .isLessThan(22.5);
        assertThatIllegalArgumentException().isThrownBy(() -> rng.nextInt(0)).withMessageContaining("0");
    }

    @Test
    void momentsOfUniformAndNormalNumbers() {
        Rng rng = new Rng(7, 0);
        int n = 200_000;
        double uniform = 0;
        double sum = 0;
        double squares = 0;
        double cubes = 0;
        double fourths = 0;
        for (int i = 0; i < n; i++) {
            float u = rng.nextFloat();
            assertThat(u).isBetween(0f, Math.nextDown(1f));
            assertThat(rng.nextDouble()).isBetween(0.0, Math.nextDown(1.0));
            uniform += u;
            double z = rng.nextGaussian();
            sum += z;
            squares += z * z;
            cubes += z * z * z;
            fourths += z * z * z * z;
        }
        // five standard errors
        assertThat(uniform / n).isCloseTo(0.5, within(5 / Math.sqrt(12.0 * n)));
        assertThat(sum / n).isCloseTo(0, within(5 / Math.sqrt(n)));
        assertThat(squares / n).isCloseTo(1, within(5 * Math.sqrt(2.0 / n)));
        assertThat(cubes / n).isCloseTo(0, within(5 * Math.sqrt(15.0 / n)));
        assertThat(fourths / n).isCloseTo(3, within(5 * Math.sqrt(96.0 / n)));
    }

    @Test
    void uniformIsAFunctionOfItsCoordinates() {
        assertThat(Rng.uniform(9, 1, 2, 3, 4)).isEqualTo(Rng.uniform(9, 1, 2, 3, 4));
        assertThat(Rng.uniform(9, 1, 2, 3, 4)).isNotEqualTo(Rng.uniform(9, 1, 2, 3, 5));
        assertThat(Rng.uniform(9, 1, 2, 3, 4)).isNotEqualTo(Rng.uniform(10, 1, 2, 3, 4));
    }
}
