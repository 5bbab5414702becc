// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * β · KL(π_θ ‖ π_ref), estimated token by token and added to the token loss before aggregation, as in GRPO.
 *
 * @param beta the coefficient; 0 means no penalty, and then no reference policy is needed
 * @param estimator how the divergence is estimated from a sampled token
 * @param corrected whether the estimate is multiplied with the objective's ratio π_θ/π_old, unclipped and with its gradient (DeepSeek-V3.2,
 *     arXiv 2512.02556): then it is unbiased for samples of the old policy, and its gradient is the divergence's own
 */
public record KlPenalty(double beta, KlEstimator estimator, boolean corrected) {

    /** No penalty. */
    public static final KlPenalty NONE = new KlPenalty(0, KlEstimator.K3);

    /** Checks that β is finite and not negative. */
    public KlPenalty {
        if (!(beta >= 0) || Double.isInfinite(beta)) {
            throw new IllegalArgumentException("beta must be finite and at least 0, got " + beta);
        }
    }

    /** Uncorrected. */
    public KlPenalty(double beta, KlEstimator estimator) {
        this(beta, estimator, false);
    }

    /** GRPO's penalty: β times k3. */
    public static KlPenalty k3(double beta) {
        return new KlPenalty(beta, KlEstimator.K3);
    }

    /** Whether reference log-probabilities are needed. */
    public boolean isActive() {
        return beta != 0;
    }

    /** Fails if the penalty is active and the batch has no reference log-probabilities. */
    void check(TokenBatch batch) {
        if (isActive() && batch.refLogProbs().isEmpty()) {
            throw new IllegalArgumentException("a KL penalty with beta " + beta
                    + " needs the reference policy's log-probabilities, but the batch has none; score the samples with"
                    + " the reference policy or set beta to 0");
        }
    }
}
