// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * Estimators of the divergence KL(π_θ ‖ π_ref) from one sampled token, as functions of d = log π_θ - log π_ref
 * (Schulman, "Approximating KL divergence", 2020). Value and derivative with respect to d stand side by side.
 */
public enum KlEstimator {
    /** d. Unbiased, may be negative; its derivative is 1, so as a loss its gradient has mean zero: for metrics only. */
    K1 {
        @Override
        public double value(double d) {
            return d;
        }

        @Override
        public double derivative(double d) {
            return 1;
        }
    },
    /** d²/2. Biased in value; on-policy its gradient is that of the divergence. */
    K2 {
        @Override
        public double value(double d) {
            return 0.5 * d * d;
        }

        @Override
        public double derivative(double d) {
            return d;
        }
    },
    /** e^{-d} + d - 1. Unbiased and never negative: the one of GRPO. No clamp, as in TRL. */
    K3 {
        @Override
        public double value(double d) {
            return StrictMath.expm1(-d) + d;
        }

        @Override
        public double derivative(double d) {
            return -StrictMath.expm1(-d);
        }
    };

    /**
     * The estimate.
     *
     * @param d log π_θ - log π_ref in nats
     */
    public abstract double value(double d);

    /** dvalue/dd. */
    public abstract double derivative(double d);
}
