// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

import java.util.List;

/**
 * How rotary frequencies are derived: the {@code rope_type}s of transformers' {@code modeling_rope_utils.py}.
 *
 * <p>Frequencies are computed with the F32 roundings that the originals have, because an angle is position times
 * frequency and an error grows with the position.
 */
public sealed interface RopeConfig {
    /** Base θ of the frequencies. */
    double theta();

    /** Angular frequency per position of each pair, [headDim / 2]. */
    float[] inverseFrequencies(int headDim);

    /**
     * Which frequencies a sequence of so many tokens goes by, at all of its positions: 0 for those of {@link
     * #inverseFrequencies(int)}, another number for others.
     */
    default int variant(int length) {
        return 0;
    }

    /** The frequencies of a variant. */
    default float[] inverseFrequencies(int headDim, int variant) {
        return inverseFrequencies(headDim);
    }

    /** Whether there is more than one variant: then what a cache holds does not hold for a sequence that has become longer. */
    default boolean dependsOnLength() {
        return false;
    }

    /** Factor on cosines and sines. */
    default float attentionFactor() {
        return 1f;
    }

    /** θ^(−2i/d), unscaled. */
    record Default(double theta) implements RopeConfig {
        @Override
        public float[] inverseFrequencies(int headDim) {
            return base(theta, headDim);
        }
    }

    /** All frequencies divided by a factor (position interpolation). */
    record Linear(double theta, double factor) implements RopeConfig {
        @Override
        public float[] inverseFrequencies(int headDim) {
            float[] inverse = base(theta, headDim);
            for (int i = 0; i < inverse.length; i++) {
                inverse[i] = inverse[i] / (float) factor;
            }
            return inverse;
        }
    }

    /**
     * Llama 3.1: long wavelengths divided by a factor, short ones kept, a linear blend between.
     *
     * @param originalMaxPositions context length of pre-training
     */
    record Llama3(
            double theta,
            double factor,
            double lowFrequencyFactor,
            double highFrequencyFactor,
            int originalMaxPositions)
            implements RopeConfig {
        @Override
        public float[] inverseFrequencies(int headDim) {
            float[] inverse = base(theta, headDim);
            double longest = originalMaxPositions / lowFrequencyFactor;
            double shortest = originalMaxPositions / highFrequencyFactor;
            for (int i = 0; i < inverse.length; i++) {
                double wavelength = 2 * Math.PI / inverse[i];
                if (wavelength > longest) {
                    inverse[i] = (float) (inverse[i] / factor);
                } else if (wavelength >= shortest) {
                    double smooth = (originalMaxPositions / wavelength - lowFrequencyFactor)
                            / (highFrequencyFactor - lowFrequencyFactor);
                    inverse[i] = (float) ((1 - smooth) * inverse[i] / factor + smooth * inverse[i]);
                }
            }
            return inverse;
        }
    }

    /**
     * YaRN (Peng et al., 2023): frequencies that turn fewer than {@code betaSlow} times over the original context are
     * interpolated, those that turn more than {@code betaFast} times are kept, a linear ramp between.
     *
     * @param attentionFactor factor on cosines and sines
     * @param truncate whether the ends of the ramp are rounded outwards to whole dimensions
     */
    record Yarn(
            double theta,
            double factor,
            int originalMaxPositions,
            double betaFast,
            double betaSlow,
            float attentionFactor,
            boolean truncate)
            implements RopeConfig {
        @Override
        public float[] inverseFrequencies(int headDim) {
            float[] kept = base(theta, headDim);
            double low = correctionDimension(betaFast, headDim);
            double high = correctionDimension(betaSlow, headDim);
            if (truncate) {
                low = Math.floor(low);
                high = Math.ceil(high);
            }
            low = Math.max(low, 0);
            high = Math.min(high, headDim - 1);
            if (low == high) {
                high += 0.001; // as the original avoids dividing by zero
            }
            float[] inverse = new float[kept.length];
            for (int i = 0; i < inverse.length; i++) {
                float ramp = (float) Math.clamp((i - low) / (high - low), 0.0, 1.0);
                float interpolated = kept[i] / (float) factor;
                inverse[i] = interpolated * ramp + kept[i] * (1 - ramp);
            }
            return inverse;
        }

        /** The dimension whose frequency makes {@code turns} turns over the original context. */
        private double correctionDimension(double turns, int headDim) {
            return headDim * StrictMath.log(originalMaxPositions / (turns * 2 * Math.PI)) / (2 * StrictMath.log(theta));
        }

        /** The factor on cosines and sines where a checkpoint does not give one: 0.1 ln(factor) + 1. */
        public static double defaultAttentionFactor(double factor) {
            return factor <= 1 ? 1 : 0.1 * StrictMath.log(factor) + 1;
        }
    }

    /**
     * LongRoPE (Ding et al., 2024, arXiv:2402.13753): each frequency divided by a number of its own, and by another one in sequences
     * that are longer than those of pre-training.
     *
     * @param shortFactors one for each pair, up to the original length
     * @param longFactors the same beyond
     * @param attentionFactor factor on cosines and sines, of short sequences too
     */
    record LongRope(
            double theta,
            List<Double> shortFactors,
            List<Double> longFactors,
            int originalMaxPositions,
            float attentionFactor)
            implements RopeConfig {
        public LongRope {
            shortFactors = List.copyOf(shortFactors);
            longFactors = List.copyOf(longFactors);
        }

        /** The factor on cosines and sines where a checkpoint does not give one: √(1 + ln(factor) / ln(original length)). */
        public static double defaultAttentionFactor(double factor, int originalMaxPositions) {
            return factor <= 1 ? 1 : Math.sqrt(1 + StrictMath.log(factor) / StrictMath.log(originalMaxPositions));
        }

        @Override
        public boolean dependsOnLength() {
            return true;
        }

        @Override
        public int variant(int length) {
            return length > originalMaxPositions ? 1 : 0;
        }

        @Override
        public float[] inverseFrequencies(int headDim) {
            return inverseFrequencies(headDim, 0);
        }

        @Override
        public float[] inverseFrequencies(int headDim, int variant) {
            List<Double> factors = variant == 0 ? shortFactors : longFactors;
            float[] inverse = new float[headDim / 2];
            for (int i = 0; i < inverse.length; i++) {
                float power = (float) StrictMath.pow(theta, (float) (2 * i) / headDim);
                inverse[i] = 1f / (factors.get(i).floatValue() * power);
            }
            return inverse;
        }
    }

    /**
     * A base θ that grows with the sequence where that is longer than those of pre-training, so that the slowest pair turns as far
     * ("dynamic NTK").
     *
     * @param maxPositions context length of pre-training
     */
    record Dynamic(double theta, double factor, int maxPositions) implements RopeConfig {
        @Override
        public boolean dependsOnLength() {
            return true;
        }

        @Override
        public int variant(int length) {
            return length > maxPositions ? length : 0;
        }

        @Override
        public float[] inverseFrequencies(int headDim) {
            return base(theta, headDim);
        }

        @Override
        public float[] inverseFrequencies(int headDim, int variant) {
            if (variant == 0 || headDim == 2) {
                return base(theta, headDim);
            }
            double stretched = factor * variant / maxPositions - (factor - 1);
            return base(theta * StrictMath.pow(stretched, headDim / (headDim - 2.0)), headDim);
        }
    }

    private static float[] base(double theta, int headDim) {
        float[] inverse = new float[headDim / 2];
        for (int i = 0; i < inverse.length; i++) {
            inverse[i] = 1f / (float) StrictMath.pow(theta, (float) (2 * i) / headDim);
        }
        return inverse;
    }
}
