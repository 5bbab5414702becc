// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

/**
 * Likelihoods that are added to a method's loss, so that a policy does not forget what it could:
 *
 * <pre>
 * loss = L_method − ptx_coef · mean log π(demonstrations) − positive_nll_coef · mean log π(samples that earned enough)
 * </pre>
 *
 * <p>The first is InstructGPT's (arXiv 2203.02155), which mixes in text of its own; the second VAPO's (arXiv 2504.05118), which imitates
 * what was right. Both are means over tokens: of an optimizer step's demonstrations, and of a micro-batch's samples.
 */
public record MixtureConfig(
        @Setting(value = "0.0", doc = "what the negative log-likelihood of ptx_data counts beside the method's loss")
        double ptxCoef,

        @Setting(
                value = "",
                doc = "JSONL of demonstrations as sft takes them (text, prompt and completion, messages) for ptx_coef")
        String ptxData,

        @Setting(value = "8", doc = "demonstrations of every optimizer step")
        int ptxBatchSize,

        @Setting(
                value = "0.0",
                doc = "what the negative log-likelihood of samples counts that earned positive_nll_reward or more")
        double positiveNllCoef,

        @Setting(value = "1.0", doc = "reward from which on a sample is imitated, for positive_nll_coef")
        double positiveNllReward) {
    /** The method's loss alone. */
    public static final MixtureConfig NONE = ConfigTree.defaults(MixtureConfig.class);

    public MixtureConfig {
        requireAtLeast("ptx_coef", 0, ptxCoef);
        requireAtLeast("ptx_batch_size", 1, ptxBatchSize);
        requireAtLeast("positive_nll_coef", 0, positiveNllCoef);
        require(
                ptxCoef == 0 || !ptxData.isEmpty(),
                "ptx_coef is " + ptxCoef + ", but ptx_data names no file of demonstrations");
        require(
                ptxCoef > 0 || ptxData.isEmpty(),
                "ptx_data names " + ptxData + ", but ptx_coef is 0, so nothing would be learned from it");
        require(!Double.isNaN(positiveNllReward), "positive_nll_reward must be a number");
    }
}
