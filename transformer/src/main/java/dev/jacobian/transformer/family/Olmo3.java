// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.HeadNorm;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.RopeConfig;
import java.util.List;

/** OLMo 3: OLMo 2 with windows in three layers of four; frequencies are scaled in the layers without one only. */
final class Olmo3 extends Family {
    private static final double THETA = 500_000;
    private static final int FULL_EVERY = 4;

    Olmo3() {
        super("olmo3", "Olmo3ForCausalLM", "OLMo team, 2025, arXiv:2512.13961");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        Norm norm = config.rmsNorm();
        RopeConfig far = config.rope("full_attention", THETA).orElseGet(() -> config.rope(THETA));
        RopeConfig near = config.rope("sliding_attention", THETA).orElseGet(() -> new RopeConfig.Default(far.theta()));
        Attention.Grouped full = config.attention(headDim -> config.rotary(headDim, far))
                .headNorm(new HeadNorm.AllHeads(norm))
                .biases(config.biases("attention_bias"));
        Attention.Grouped sliding = full.positions(config.rotary(full.headDim(), near));
        FeedForward feedForward = config.gated();
        List<Integer> windows = config.windows(layer -> (layer + 1) % FULL_EVERY != 0);
        return new DecoderPlan(
                config.embedding(),
                config.layers(layer -> new LayerPlan(
                        Residual.POST,
                        norm,
                        windows.get(layer) == 0 ? full : sliding.window(windows.get(layer)),
                        feedForward)),
                norm,
                config.head(),
                Olmo2.NAMES);
    }
}
