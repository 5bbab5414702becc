// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.OffPolicySequenceMask;
import dev.jacobian.rl.objective.SamplingCorrection;
import dev.jacobian.rl.objective.SamplingCorrection.Level;
import dev.jacobian.rl.objective.SamplingCorrection.Outside;
import dev.jacobian.rl.objective.TokenWeighting;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What is done about samples of another engine, under TRL's names. Where this engine sampled, its log-probabilities are the trainer's, and nothing
 * of this has an effect but the off-policy mask.
 */
public record SamplerConfig(
        @Setting(
                value = "false",
                doc = "multiply the policy's loss with what this engine says of a sample over what its sampler said")
        boolean vllmImportanceSamplingCorrection,

        @Setting(
                value = "sequence_mask",
                doc = "of what that ratio is taken, and what becomes of one outside its range")
        Mode vllmImportanceSamplingMode,

        @Setting(value = "3.0", doc = "its largest value; vllm_importance_sampling_cap is another name for it")
        double vllmImportanceSamplingClipMax,

        @Setting(value = "null", doc = "its smallest value; null for none")
        OptionalDouble vllmImportanceSamplingClipMin,

        @Setting(
                value = "null",
                doc = "leave out a sample worse than expected whose tokens the policy has become less likely to"
                        + " choose by more than this, in nats per token; null for never")
        OptionalDouble offPolicyMaskThreshold) {
    /** Level and what is outside of the range. */
    public enum Mode {
        /** Each token's ratio, cut to the range. */
        TOKEN_TRUNCATE(Level.TOKEN, Outside.TRUNCATE),
        /** Each token's ratio, 0 outside of the range. */
        TOKEN_MASK(Level.TOKEN, Outside.MASK),
        /** Each sequence's, cut to the range. */
        SEQUENCE_TRUNCATE(Level.SEQUENCE, Outside.TRUNCATE),
        /** Each sequence's, 0 outside of the range. */
        SEQUENCE_MASK(Level.SEQUENCE, Outside.MASK);

        private final Level level;
        private final Outside outside;

        Mode(Level level, Outside outside) {
            this.level = level;
            this.outside = outside;
        }
    }

    public SamplerConfig {
        requirePositive("vllm_importance_sampling_clip_max", vllmImportanceSamplingClipMax);
        double least = vllmImportanceSamplingClipMin.orElse(0);
        require(
                least >= 0 && least <= vllmImportanceSamplingClipMax,
                "vllm_importance_sampling_clip_min must lie between 0 and vllm_importance_sampling_clip_max ("
                        + vllmImportanceSamplingClipMax + "), got " + least);
    }

    Optional<SamplingCorrection> correction() {
        return !vllmImportanceSamplingCorrection
                ? Optional.empty()
                : Optional.of(new SamplingCorrection(
                        vllmImportanceSamplingMode.level,
                        vllmImportanceSamplingMode.outside,
                        vllmImportanceSamplingClipMin.orElse(0),
                        vllmImportanceSamplingClipMax));
    }

    TokenWeighting offPolicyMask() {
        return offPolicyMaskThreshold.isEmpty()
                ? TokenWeighting.NONE
                : new OffPolicySequenceMask(offPolicyMaskThreshold.getAsDouble(), vllmImportanceSamplingCorrection);
    }
}
