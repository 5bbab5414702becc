// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import java.util.Arrays;

/**
 * Corrects samples whose sampler says other log-probabilities than this engine: w = π_old / π_rollout, of a token or of a whole sequence, either
 * truncated (TIS) or taken as 0 outside of its range (MIS). TRL's
 * {@code vllm_importance_sampling_correction}.
 *
 * <p>Beware: the ratio of a sequence is a product, so its spread grows with the length.
 *
 * @param level of what the ratio is taken
 * @param outside what becomes of a ratio outside of the range
 * @param least smallest ratio that stays as it is; 0 for none
 * @param most largest one
 */
public record SamplingCorrection(Level level, Outside outside, double least, double most) implements TokenWeighting {
    /** Of what a ratio is taken. */
    public enum Level {
        /** Each token. */
        TOKEN,
        /** All counted tokens of a sequence together. */
        SEQUENCE
    }

    /** What becomes of a ratio outside of the range. */
    public enum Outside {
        /** The nearer end of the range. */
        TRUNCATE,
        /** 0: the token or sequence is left out of the policy's term. */
        MASK
    }

    /** Checks the range. */
    public SamplingCorrection {
        if (!(least >= 0) || !(least <= most) || !(most > 0)) {
            throw new IllegalArgumentException("the range of importance weights must not be empty, got [" + least + ", "
                    + most + "] for vllm_importance_sampling_clip_min and vllm_importance_sampling_clip_max");
        }
    }

    @Override
    public boolean readsRollout() {
        return true;
    }

    @Override
    public double[] weights(TokenBatch batch) {
        double[] weights = new double[batch.tokens()];
        for (int s = 0; s < batch.sequences(); s++) {
            double sum = 0;
            for (int t = batch.start(s); t < batch.end(s); t++) {
                sum += batch.mask()[t] ? batch.rolloutLogRatio(t) : 0;
            }
            for (int t = batch.start(s); t < batch.end(s); t++) {
                weights[t] = of(level == Level.SEQUENCE ? sum : batch.rolloutLogRatio(t));
            }
        }
        return weights;
    }

    /** The factor for a log-ratio. */
    public double of(double logRatio) {
        double ratio = StrictMath.exp(logRatio);
        return switch (outside) {
            case TRUNCATE -> Math.clamp(ratio, least, most);
            case MASK -> ratio < least || ratio > most ? 0 : ratio;
        };
    }

    /** Those of a sequence's choices, or its one, for metrics. */
    public double[] factors(float[] old, float[] rollout) {
        double[] logRatios = new double[old.length];
        for (int t = 0; t < old.length; t++) {
            logRatios[t] = (double) old[t] - rollout[t];
        }
        return level == Level.SEQUENCE
                ? new double[] {of(Arrays.stream(logRatios).sum())}
                : Arrays.stream(logRatios).map(this::of).toArray();
    }
}
