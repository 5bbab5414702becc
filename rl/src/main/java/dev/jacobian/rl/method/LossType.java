// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.config.Spelled;
import dev.jacobian.rl.objective.Aggregation;
import java.util.List;

/**
 * TRL's {@code loss_type}: how token losses become one number. TRL's {@code bnpo} is left out, because its divisor is that of
 * a micro-batch, so that the loss would depend on how a step is cut.
 */
public enum LossType implements Spelled {
    /** Mean over all tokens of the step (DAPO, arXiv 2503.14476). */
    DAPO("dapo", "token-mean"),
    /** Mean over completions of each one's token mean (GRPO, arXiv 2402.03300). */
    GRPO("grpo", "seq-mean-token-mean"),
    /** Sum over tokens by completions and by their greatest length (Dr.GRPO, arXiv 2503.20783). */
    DR_GRPO("dr_grpo", "seq-mean-token-sum-norm"),
    /** Mean over completions of each one's sum. */
    SEQ_MEAN_TOKEN_SUM("seq-mean-token-sum"),
    /** Sum over all tokens. */
    TOKEN_SUM("token-sum");

    private final List<String> spellings;

    LossType(String... spellings) {
        this.spellings = List.of(spellings);
    }

    @Override
    public List<String> spellings() {
        return spellings;
    }

    /** The weights of a run whose completions have so many tokens at most. */
    public Aggregation aggregation(int maxCompletionLength) {
        return switch (this) {
            case DAPO -> Aggregation.tokenMean();
            case GRPO -> Aggregation.sequenceMeanTokenMean();
            case DR_GRPO -> Aggregation.constant(maxCompletionLength);
            case SEQ_MEAN_TOKEN_SUM -> Aggregation.sequenceMeanTokenSum();
            case TOKEN_SUM -> Aggregation.tokenSum();
        };
    }
}
