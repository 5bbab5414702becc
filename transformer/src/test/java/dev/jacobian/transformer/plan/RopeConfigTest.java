// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Frequencies against the published formulas in double precision; tolerance is a few F32 roundings. */
class RopeConfigTest {
    private static final double TOLERANCE = 5e-7;

    private static double base(double theta, int i, int headDim) {
        return Math.pow(theta, -2.0 * i / headDim);
    }

    private static void assertFrequency(float actual, double expected, int i) {
        assertThat((double) actual).as("pair %d", i).isCloseTo(expected, within(TOLERANCE * expected));
    }

    @ParameterizedTest
    @CsvSource({"10000,16", "500000,128", "1000000,64", "10000,2"})
    @DisplayName("default and linear")
    void plain(double theta, int headDim) {
        RopeConfig plain = new RopeConfig.Default(theta);
        RopeConfig linear = new RopeConfig.Linear(theta, 3);
        assertThat(plain.inverseFrequencies(headDim)).hasSize(headDim / 2);
        for (int i = 0; i < headDim / 2; i++) {
            assertFrequency(plain.inverseFrequencies(headDim)[i], base(theta, i, headDim), i);
            assertFrequency(linear.inverseFrequencies(headDim)[i], base(theta, i, headDim) / 3, i);
        }
        assertThat(plain.attentionFactor()).isEqualTo(1);
        assertThat(linear.attentionFactor()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"500000,128,8,1,4,8192", "500000,64,32,1,4,8192", "10000,16,8,1,4,32"})
    @DisplayName("Llama 3.1: by wavelength")
    void llama3(double theta, int headDim, double factor, double low, double high, int original) {
        float[] actual = new RopeConfig.Llama3(theta, factor, low, high, original).inverseFrequencies(headDim);
        int kept = 0;
        int divided = 0;
        int blended = 0;
        for (int i = 0; i < headDim / 2; i++) {
            double frequency = base(theta, i, headDim);
            double turns = original * frequency / (2 * Math.PI); // over the original context
            double expected;
            if (turns > high) {
                expected = frequency;
                kept++;
            } else if (turns < low) {
                expected = frequency / factor;
                divided++;
            } else {
                double share = (turns - low) / (high - low);
                expected = share * frequency + (1 - share) * frequency / factor;
                blended++;
            }
            assertFrequency(actual[i], expected, i);
        }
        assertThat(kept).isPositive();
        assertThat(divided).isPositive();
        assertThat(blended).isPositive();
    }

    @ParameterizedTest
    @CsvSource({"10000,128,4,4096,32,1,true", "1000000,64,4,32768,32,1,true", "10000,16,2,32,4,1,false"})
    @DisplayName("YaRN: by the number of turns over the original context")
    void yarn(double theta, int headDim, double factor, int original, double fast, double slow, boolean truncate) {
        float[] actual =
                new RopeConfig.Yarn(theta, factor, original, fast, slow, 1f, truncate).inverseFrequencies(headDim);
        double first = dimension(fast, theta, headDim, original);
        double last = dimension(slow, theta, headDim, original);
        if (truncate) {
            first = Math.floor(first);
            last = Math.ceil(last);
        }
        first = Math.max(first, 0);
        last = Math.min(last, headDim - 1);
        for (int i = 0; i < headDim / 2; i++) {
            double interpolated = Math.min(1, Math.max(0, (i - first) / (last - first)));
            double frequency = base(theta, i, headDim);
            assertFrequency(actual[i], interpolated * frequency / factor + (1 - interpolated) * frequency, i);
        }
        assertThat(actual[0]).as("the fastest pair is kept").isEqualTo(1f);
        assertThat(actual[headDim / 2 - 1]).as("the slowest one is slowed").isLessThan((float)
                base(theta, headDim / 2 - 1, headDim));
    }

    /** The pair i whose frequency θ^(−2i/d) makes that many turns over the original context. */
    private static double dimension(double turns, double theta, int headDim, int original) {
        return headDim / 2.0 * Math.log(original / (2 * Math.PI * turns)) / Math.log(theta);
    }

    @Test
    @DisplayName("YaRN's factor on cosines and sines: 0.1 ln(s) + 1")
    void attentionFactor() {
        assertThat(RopeConfig.Yarn.defaultAttentionFactor(4)).isCloseTo(0.1 * Math.log(4) + 1, within(1e-15));
        assertThat(RopeConfig.Yarn.defaultAttentionFactor(1)).isEqualTo(1);
    }
}
