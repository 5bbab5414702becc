// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Elementwise;
import dev.jacobian.autograd.FusedRows;
import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.RmsNorm;
import dev.jacobian.autograd.Var;
import dev.jacobian.transformer.config.DecoderConfig;
import java.util.List;
import java.util.stream.Stream;

/** One pre-norm layer: h + attention(norm(h)), then h + mlp(norm(h)). */
final class DecoderLayer {
    private final float epsilon;
    private final Var inputNorm; // [D]
    private final SelfAttention attention;
    private final Var postAttentionNorm; // [D]
    private final Mlp mlp;
    private final List<LinearWeight> weights;

    DecoderLayer(DecoderConfig config, int layer, Weights weights) {
        String name = "model.layers." + layer + ".";
        epsilon = config.normEpsilon();
        inputNorm = weights.get(name + "input_layernorm.weight", config.hiddenSize());
        attention = new SelfAttention(config, layer, weights);
        postAttentionNorm = weights.get(name + "post_attention_layernorm.weight", config.hiddenSize());
        mlp = new Mlp(config, layer, weights);
        this.weights = Stream.concat(attention.weights().stream(), mlp.weights().stream())
                .toList();
    }

    /** h [N, D] to [N, D]. */
    Var apply(Var h, ForwardPass pass) {
        if (pass.cache().isPresent() && mlp.canBeFused() && FusedRows.fit(h, weights)) {
            Var afterAttention = attention.addedTo(h, inputNorm, pass); // [N, D]
            return mlp.addedTo(afterAttention, postAttentionNorm, epsilon);
        }
        Var mixed = attention.apply(RmsNorm.rmsNorm(h, inputNorm, epsilon), pass); // [N, D]
        Var afterAttention = Elementwise.add(h, mixed); // [N, D]
        Var expanded = mlp.apply(RmsNorm.rmsNorm(afterAttention, postAttentionNorm, epsilon)); // [N, D]
        return Elementwise.add(afterAttention, expanded);
    }
}
