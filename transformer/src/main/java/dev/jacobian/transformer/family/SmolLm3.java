// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Positions;
import dev.jacobian.transformer.plan.Residual;
import java.util.List;

/** SmolLM 3: every so many layers one without positions; it is those that have a window where windows are used. */
final class SmolLm3 extends Family {
    private static final double THETA = 2_000_000;

    SmolLm3() {
        super(
                "smollm3",
                "SmolLM3ForCausalLM",
                "https://huggingface.co/blog/smollm3; layers without positions: Yang et al., 2025, arXiv:2501.18795");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        config.unused("max_window_layers");
        Norm norm = config.rmsNorm();
        Attention.Grouped turned =
                config.attention(headDim -> config.rotary(headDim, THETA)).biases(config.biases("attention_bias"));
        FeedForward feedForward = config.gated().biases(config.biases("mlp_bias"));
        int interval = config.positive("no_rope_layer_interval", Integer.MAX_VALUE, 4);
        List<Boolean> turns = config.switches("no_rope_layers", layer -> (layer + 1) % interval != 0);
        boolean slide = config.flag("use_sliding_window");
        List<Integer> windows = config.windows(0, layer -> slide && !turns.get(layer));
        return new DecoderPlan(
                config.embedding(),
                config.layers(layer -> new LayerPlan(
                        Residual.PRE,
                        norm,
                        turned.positions(turns.get(layer) ? turned.positions() : new Positions.None())
                                .window(windows.get(layer)),
                        feedForward)),
                norm,
                config.head(true),
                CheckpointNames.LLAMA);
    }
}
