// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

/**
 * Generalized advantage estimation (Schulman et al., arXiv 1506.02438), of one sample:
 *
 * <pre>
 * δ_t = r_t + γ V_{t+1} − V_t                0 behind the last token
 * A_t = Σ_k (γ λ)^k δ_{t+k}
 * R_t = A_t + V_t                            what the values are trained to
 * </pre>
 *
 * <p>The arrays hold the tokens that the policy chose and nothing else, so that a tool's output between them costs neither a value nor
 * a discount, as in verl. PPO whitens the advantages of a batch ({@link Whitening}).
 *
 * @param gamma γ in [0, 1], the discount
 * @param lambda λ in [0, 1]: 0 trusts the values, 1 the rewards
 */
public record GeneralizedAdvantage(double gamma, double lambda) {

    public GeneralizedAdvantage {
        if (!(gamma >= 0 && gamma <= 1)) {
            throw new IllegalArgumentException("gamma must lie in [0, 1], got " + gamma);
        }
        if (!(lambda >= 0 && lambda <= 1)) {
            throw new IllegalArgumentException("lambda must lie in [0, 1], got " + lambda);
        }
    }

    /**
     * What is said of a sample's tokens.
     *
     * @param advantages [tokens] A, not whitened
     * @param returns [tokens] A + V
     */
    public record Estimate(double[] advantages, double[] returns) {}

    /**
     * The advantages and returns of one sample.
     *
     * @param rewards [tokens] what each token earned
     * @param values [tokens] V before each token was chosen
     * @throws IllegalArgumentException if the arrays differ in length
     */
    public Estimate of(double[] rewards, double[] values) {
        if (rewards.length != values.length) {
            throw new IllegalArgumentException("a sample with " + rewards.length
                    + " token rewards needs as many values," + " got " + values.length);
        }
        double[] advantages = new double[rewards.length];
        double[] returns = new double[rewards.length];
        double advantage = 0;
        double next = 0;
        for (int t = rewards.length - 1; t >= 0; t--) {
            advantage = rewards[t] + gamma * next - values[t] + gamma * lambda * advantage;
            next = values[t];
            advantages[t] = advantage;
            returns[t] = advantage + values[t];
        }
        return new Estimate(advantages, returns);
    }
}
