// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/** What a probability ratio is taken of; d_t = log π_θ - log π_old of counted token t of a sequence with l of them. */
public enum RatioLevel {
    /** ρ_t = exp(d_t), one ratio per token: PPO, GRPO. */
    TOKEN,
    /** ρ = exp((1/l) Σ_t d_t), one ratio per sequence, its geometric mean per token: GSPO (arXiv 2507.18071). */
    SEQUENCE_MEAN,
    /** ρ = exp(Σ_t d_t), the true ratio of the sequences' probabilities: TRL's RLOO. */
    SEQUENCE_SUM
}
