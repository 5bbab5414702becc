// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import dev.jacobian.rl.config.Spelled;
import java.util.List;
import java.util.Locale;

/**
 * Estimators of the divergence KL(π_θ ‖ π_ref) from one sampled token, as functions of d = log π_θ - log π_ref
 * (Schulman, "Approximating KL divergence", 2020). Value and derivative with respect to d stand side by side.
 *
 * <p>Those with a plus have the value of one and the derivative of {@link #K2}, whose mean is the gradient of the divergence (verl's
 * straight-through forms).
 */
public enum KlEstimator implements Spelled {
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
    },
    /** |d|. Never negative, biased; its derivative is 0 at d = 0. */
    ABS {
        @Override
        public double value(double d) {
            return Math.abs(d);
        }

        @Override
        public double derivative(double d) {
            return Math.signum(d);
        }
    },
    /** K3 with d held within ±20 and the value within ±10, as verl has it; beyond them no gradient. */
    LOW_VAR_KL {
        @Override
        public double value(double d) {
            return Math.min(K3.value(Math.clamp(d, -20, 20)), 10);
        }

        @Override
        public double derivative(double d) {
            return Math.abs(d) > 20 || K3.value(d) > 10 ? 0 : K3.derivative(d);
        }
    },
    /** The value of K1, the derivative of K2. */
    K1_PLUS("k1+") {
        @Override
        public double value(double d) {
            return K1.value(d);
        }

        @Override
        public double derivative(double d) {
            return K2.derivative(d);
        }
    },
    /** The value of K3, the derivative of K2. */
    K3_PLUS("k3+") {
        @Override
        public double value(double d) {
            return K3.value(d);
        }

        @Override
        public double derivative(double d) {
            return K2.derivative(d);
        }
    };

    private final List<String> spellings;

    KlEstimator(String... spellings) {
        this.spellings = spellings.length > 0 ? List.of(spellings) : List.of(name().toLowerCase(Locale.ROOT));
    }

    @Override
    public List<String> spellings() {
        return spellings;
    }

    /**
     * The estimate.
     *
     * @param d log π_θ - log π_ref in nats
     */
    public abstract double value(double d);

    /** dvalue/dd. */
    public abstract double derivative(double d);
}
