// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.HeadNorm;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Residual;
import java.util.List;

/** Qwen 3: a norm of each head of queries and keys, and heads of 128 elements whatever the width. */
final class Qwen3 extends Family {
    /** Elements of a head where the file does not say. */
    private static final int HEAD_DIM = 128;

    Qwen3() {
        super("qwen3", "Qwen3ForCausalLM", "Yang et al., 2025, arXiv:2505.09388");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        Norm norm = config.rmsNorm();
        Attention.Grouped attention =
                config.attention(HEAD_DIM).headNorm(new HeadNorm.PerHead(norm)).biases(config.biases("attention_bias"));
        FeedForward feedForward = config.gated();
        List<Integer> windows = config.windowsFromLayer();
        return new DecoderPlan(
                config.embedding(),
                config.layers(
                        layer -> new LayerPlan(Residual.PRE, norm, attention.window(windows.get(layer)), feedForward)),
                norm,
                config.head(),
                CheckpointNames.LLAMA);
    }
}
