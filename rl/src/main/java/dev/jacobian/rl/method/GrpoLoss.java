// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.config.Spelled;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.CappedImportance;
import dev.jacobian.rl.objective.ClippedSurrogate;
import dev.jacobian.rl.objective.GammaWeighted;
import dev.jacobian.rl.objective.KlPenalty;
import dev.jacobian.rl.objective.PolicyObjective;
import dev.jacobian.rl.objective.SamplingCorrection;
import dev.jacobian.rl.objective.SoftGate;
import dev.jacobian.rl.objective.TokenWeighting;
import java.util.List;
import java.util.Optional;

/**
 * TRL's {@code loss_type} of GRPO: how token losses become one number, and for the last ones of TRL's list also what a token's loss is.
 */
public enum GrpoLoss implements Spelled {
    /** Mean over all tokens of the step (DAPO, arXiv 2503.14476). */
    DAPO("dapo", "token-mean"),
    /** Mean over completions of each one's token mean (GRPO, arXiv 2402.03300). */
    GRPO("grpo", "seq-mean-token-mean"),
    /** Sum over tokens by completions and by their greatest length (Dr.GRPO, arXiv 2503.20783). */
    DR_GRPO("dr_grpo", "seq-mean-token-sum-norm"),
    /** Mean over the tokens of each micro-batch: the loss depends on how a step is cut. */
    BNPO("bnpo"),
    /** Capped importance weights without gradient (arXiv 2506.13585), token mean. */
    CISPO("cispo"),
    /** A smooth gate instead of a clip (arXiv 2511.20347), mean over completions of token means. */
    SAPO("sapo"),
    /** Mean over completions of each one's sum, for ratios of sequences: GSPO without its length bias. */
    LUSPO("luspo"),
    /** Sequences weighted by a gamma-shaped function of their ratio, token mean. */
    VESPO("vespo"),
    /** Mean over completions of each one's sum. */
    SEQ_MEAN_TOKEN_SUM("seq-mean-token-sum"),
    /** Sum over all tokens. */
    TOKEN_SUM("token-sum");

    private final List<String> spellings;

    GrpoLoss(String... spellings) {
        this.spellings = List.of(spellings);
    }

    @Override
    public List<String> spellings() {
        return spellings;
    }

    /** The weights of a run whose completions have so many tokens at most. */
    Aggregation aggregation(int maxCompletionLength) {
        return switch (this) {
            case DAPO, CISPO, VESPO -> Aggregation.tokenMean();
            case GRPO, SAPO -> Aggregation.sequenceMeanTokenMean();
            case DR_GRPO -> Aggregation.constant(maxCompletionLength);
            case BNPO -> Aggregation.microBatchTokenMean();
            case LUSPO, SEQ_MEAN_TOKEN_SUM -> Aggregation.sequenceMeanTokenSum();
            case TOKEN_SUM -> Aggregation.tokenSum();
        };
    }

    /** What a token's loss is, or a sequence's. */
    PolicyObjective objective(
            RatioConfig ratio, KlPenalty kl, GrpoShapes shapes, Optional<SamplingCorrection> correction) {
        double high = ratio.clip().high();
        return switch (this) {
            case CISPO -> new CappedImportance(high, kl, ratio.level(), true);
            case SAPO -> new SoftGate(shapes.sapoTemperaturePos(), shapes.sapoTemperatureNeg(), kl, ratio.level());
            case VESPO -> new GammaWeighted(shapes.positive(), shapes.negative(), correction, kl);
            default -> new ClippedSurrogate(ratio.clip().epsilon(), high, kl, ratio.level(), ratio.delta());
        };
    }

    /** What corrects foreign samples from outside; VESPO has it in its own formula. */
    TokenWeighting weighting(Optional<SamplingCorrection> correction) {
        return this == VESPO
                ? TokenWeighting.NONE
                : correction.map(TokenWeighting.class::cast).orElse(TokenWeighting.NONE);
    }

    /** What a person should know before a run. */
    List<String> remarks(ClipRange clip) {
        return this == CISPO && clip.high() < 1
                ? List.of("loss_type=cispo caps every importance weight at epsilon_high itself, which is " + clip.high()
                        + ": less than the weight 1 of samples on policy. ScaleRL sets 5")
                : List.of();
    }
}
