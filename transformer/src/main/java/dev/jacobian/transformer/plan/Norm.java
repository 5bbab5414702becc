// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

/** How a row is normalised. */
public sealed interface Norm {
    /** Added to the mean of squares or the variance, so that a row of zeros stays finite. */
    float epsilon();

    /** What the normalised row is multiplied by. */
    Gain gain();

    /** The factor g of a norm, from the weight w that is stored, trained and saved. */
    enum Gain {
        /** w. */
        WEIGHT,
        /** 1 + w, rounded to F32: the weight is stored around 0 (Gemma, Nemotron), where decay draws it to. */
        ONE_PLUS_WEIGHT
    }

    /** {@code x · g / sqrt(mean(x²) + ε)} (Zhang and Sennrich, 2019, arXiv:1910.07467). */
    record Rms(float epsilon, Gain gain) implements Norm {
        /** With g = w. */
        public Rms(float epsilon) {
            this(epsilon, Gain.WEIGHT);
        }

        /** The same with g = 1 + w. */
        public Rms onePlusWeight() {
            return new Rms(epsilon, Gain.ONE_PLUS_WEIGHT);
        }
    }

    /**
     * {@code (x − mean(x)) · g / sqrt(var(x) + ε) + b} (Ba et al., 2016, arXiv:1607.06450).
     *
     * @param bias whether there is a b
     */
    record Layer(float epsilon, boolean bias, Gain gain) implements Norm {
        /** With g = w. */
        public Layer(float epsilon, boolean bias) {
            this(epsilon, bias, Gain.WEIGHT);
        }

        /** The same with g = 1 + w. */
        public Layer onePlusWeight() {
            return new Layer(epsilon, bias, Gain.ONE_PLUS_WEIGHT);
        }
    }
}
