// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.config.Spelled;
import dev.jacobian.rl.objective.Aggregation;
import java.util.List;

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
}
