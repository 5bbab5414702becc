// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Residual;
import java.util.List;

/** Ministral 3: Mistral with scaled frequencies, whose queries grow with their position; no windows unless the file says so. */
final class Ministral3 extends Family {
    private static final double THETA = 1_000_000;

    Ministral3() {
        super("ministral3", "Ministral3ForCausalLM", "https://mistral.ai/news/mistral-3");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        Norm norm = config.rmsNorm();
        Attention.Grouped attention = config.attention(headDim -> config.growingQueries(headDim, THETA));
        FeedForward feedForward = config.gated();
        List<Integer> windows = config.windows(0, layer -> true);
        return new DecoderPlan(
                config.embedding(),
                config.layers(
                        layer -> new LayerPlan(Residual.PRE, norm, attention.window(windows.get(layer)), feedForward)),
                norm,
                config.head(),
                CheckpointNames.LLAMA);
    }
}
