// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

/** How a row is normalised. */
public sealed interface Norm {
    /** Added to the mean of squares or the variance, so that a row of zeros stays finite. */
    float epsilon();

    /** {@code x · w / sqrt(mean(x²) + ε)} (Zhang and Sennrich, 2019, arXiv:1910.07467). */
    record Rms(float epsilon) implements Norm {}

    /**
     * {@code (x − mean(x)) · w / sqrt(var(x) + ε) + b} (Ba et al., 2016, arXiv:1607.06450).
     *
     * @param bias whether there is a b
     */
    record Layer(float epsilon, boolean bias) implements Norm {}
}
