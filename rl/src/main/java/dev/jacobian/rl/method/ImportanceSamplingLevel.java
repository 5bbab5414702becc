// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

/** TRL's {@code importance_sampling_level}. */
public enum ImportanceSamplingLevel {
    /** One ratio per token (PPO, GRPO). */
    TOKEN,
    /** One ratio per completion, its geometric mean per token (GSPO, arXiv 2507.18071). */
    SEQUENCE
}
