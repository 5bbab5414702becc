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
import dev.jacobian.transformer.plan.Role;

/** OLMo 2: norms after each branch instead of before it, and one norm for all heads of queries, one for those of keys. */
final class Olmo2 extends Family {
    /** The names of OLMo 2 and 3. */
    static final CheckpointNames NAMES = CheckpointNames.LLAMA
            .named(Role.ATTENTION_POST_NORM, "model.layers.{}.post_attention_layernorm")
            .named(Role.FEED_FORWARD_POST_NORM, "model.layers.{}.post_feedforward_layernorm");

    Olmo2() {
        super("olmo2", "Olmo2ForCausalLM", "OLMo team, 2025, arXiv:2501.00656");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        Norm norm = config.rmsNorm();
        Attention attention =
                config.attention().headNorm(new HeadNorm.AllHeads(norm)).biases(config.biases("attention_bias"));
        FeedForward feedForward = config.gated();
        return new DecoderPlan(
                config.embedding(),
                config.layers(layer -> new LayerPlan(Residual.POST, norm, attention, feedForward)),
                norm,
                config.head(),
                NAMES);
    }
}
