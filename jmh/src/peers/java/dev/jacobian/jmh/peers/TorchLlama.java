// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.peers;

import dev.jacobian.jmh.ModelShape;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * The Llama of {@link ModelShape} as one would write it for libtorch in eager mode: {@code torch::linear}, {@code rms_norm},
 * {@code scaled_dot_product_attention} (on a CPU its fused kernel, which wants the key heads repeated), {@code silu}, {@code
 * cross_entropy_loss}.
 *
 * <p>Letters: B sequences, T tokens of each, D hidden, H heads, K key heads, E elements of a head, V vocabulary.
 */
final class TorchLlama {
    /** Weights of one layer, [out, in]. */
    private record Layer(
            Tensor inputNorm,
            Tensor q,
            Tensor k,
            Tensor v,
            Tensor o,
            Tensor mlpNorm,
            Tensor gate,
            Tensor up,
            Tensor down) {}

    final ModelShape shape;
    final Tensor embedding; // [V, D]
    private final List<Layer> layers = new ArrayList<>();
    private final Tensor norm; // [D]
    private final Tensor cos; // [P, E / 2]
    private final Tensor sin; // [P, E / 2]
    private final List<Tensor> parameters = new ArrayList<>();

    /** Where weights come from. */
    private interface Source {
        Tensor get(String name, long... extents);
    }

    /** Random weights. */
    TorchLlama(ModelShape shape, boolean train, int positions) {
        this(shape, train, positions, (name, extents) -> {
            if (name.endsWith("norm.weight")) {
                return torch.ones(extents);
            }
            return torch.randn(extents).mul_(new Scalar(0.02f));
        });
    }

    /** The weights of ours. */
    TorchLlama(ModelShape shape, boolean train, int positions, CausalLM ours) {
        this(
                shape,
                train,
                positions,
                (name, extents) ->
                        Torch.of(ours.parameter(name).value().contiguous().toFloatArray(), extents));
    }

    private TorchLlama(ModelShape shape, boolean train, int positions, Source source) {
        this.shape = shape;
        Source tracked = (name, extents) -> {
            Tensor tensor = source.get(name, extents);
            tensor.set_requires_grad(train);
            parameters.add(tensor);
            return tensor;
        };
        int d = shape.hidden();
        int width = shape.heads() * shape.headDim();
        int kvWidth = shape.kvHeads() * shape.headDim();
        embedding = tracked.get("model.embed_tokens.weight", shape.vocabulary(), d);
        for (int i = 0; i < shape.layers(); i++) {
            String name = "model.layers." + i + ".";
            layers.add(new Layer(
                    tracked.get(name + "input_layernorm.weight", d),
                    tracked.get(name + "self_attn.q_proj.weight", width, d),
                    tracked.get(name + "self_attn.k_proj.weight", kvWidth, d),
                    tracked.get(name + "self_attn.v_proj.weight", kvWidth, d),
                    tracked.get(name + "self_attn.o_proj.weight", d, width),
                    tracked.get(name + "post_attention_layernorm.weight", d),
                    tracked.get(name + "mlp.gate_proj.weight", shape.intermediate(), d),
                    tracked.get(name + "mlp.up_proj.weight", shape.intermediate(), d),
                    tracked.get(name + "mlp.down_proj.weight", d, shape.intermediate())));
        }
        norm = tracked.get("model.norm.weight", d);
        int half = shape.headDim() / 2;
        float[] cosines = new float[positions * half];
        float[] sines = new float[positions * half];
        for (int p = 0; p < positions; p++) {
            for (int i = 0; i < half; i++) {
                double angle = p * Math.pow(ModelShape.ROPE_THETA, -2.0 * i / shape.headDim());
                cosines[p * half + i] = (float) Math.cos(angle);
                sines[p * half + i] = (float) Math.sin(angle);
            }
        }
        cos = Torch.of(cosines, positions, half);
        sin = Torch.of(sines, positions, half);
    }

    /** All weights. */
    TensorVector parameters() {
        return new TensorVector(parameters.toArray(Tensor[]::new));
    }

    /**
     * Mean cross-entropy of every token but the first of each sequence.
     *
     * @param tokens [B, T]
     */
    Tensor loss(Tensor tokens) {
        return loss(tokens, 1);
    }

    /** The same of every token but the first {@code prompt} of each sequence. */
    Tensor loss(Tensor tokens, int prompt) {
        return torch.cross_entropy_loss(logits(tokens, prompt), targets(tokens, prompt));
    }

    /** Sums of the log-probabilities of every token but the first {@code prompt} of each sequence, [B]. */
    Tensor scores(Tensor tokens, int prompt) {
        Tensor chosen = torch.log_softmax(logits(tokens, prompt), 1)
                .gather(1, targets(tokens, prompt).unsqueeze(1)); // [B·(T-P), 1]
        return chosen.view(tokens.size(0), tokens.size(1) - prompt).sum(1);
    }

    private static Tensor targets(Tensor tokens, int prompt) {
        return tokens.narrow(1, prompt, tokens.size(1) - prompt).reshape(-1); // [B·(T-P)]
    }

    /** Logits of every token but the first {@code prompt}, [B·(T-P), V]. */
    private Tensor logits(Tensor tokens, int prompt) {
        long b = tokens.size(0);
        long t = tokens.size(1);
        Tensor h = torch.embedding(embedding, tokens); // [B, T, D]
        for (Layer layer : layers) {
            h = h.add(attention(layer, rmsNorm(h, layer.inputNorm), b, t));
            h = h.add(mlp(layer, rmsNorm(h, layer.mlpNorm)));
        }
        h = rmsNorm(h, norm).narrow(1, prompt - 1, t - prompt).reshape(-1, shape.hidden()); // [B·(T-P), D]
        return torch.linear(h, embedding);
    }

    private Tensor attention(Layer layer, Tensor x, long b, long t) {
        int e = shape.headDim();
        Tensor c = cos.narrow(0, 0, t).unsqueeze(1); // [T, 1, E / 2]
        Tensor s = sin.narrow(0, 0, t).unsqueeze(1);
        Tensor q = rotate(torch.linear(x, layer.q).view(b, t, shape.heads(), e), c, s)
                .transpose(1, 2); // [B, H, T, E]
        Tensor k = rotate(torch.linear(x, layer.k).view(b, t, shape.kvHeads(), e), c, s)
                .transpose(1, 2); // [B, K, T, E]
        Tensor v = torch.linear(x, layer.v).view(b, t, shape.kvHeads(), e).transpose(1, 2); // [B, K, T, E]
        Tensor mixed = torch.scaled_dot_product_attention(
                q, repeat(k, b, t), repeat(v, b, t), new TensorOptional(), 0, true, new DoubleOptional(), false);
        return torch.linear(mixed.transpose(1, 2).reshape(b, t, (long) shape.heads() * e), layer.o);
    }

    /** [B, K, T, E] to [B, H, T, E]: each key head for its group of query heads. */
    private Tensor repeat(Tensor x, long b, long t) {
        long group = shape.heads() / shape.kvHeads();
        return x.unsqueeze(2)
                .expand(b, shape.kvHeads(), group, t, shape.headDim())
                .reshape(b, shape.heads(), t, shape.headDim());
    }

    /** Half-split rotary positions of x [..., E] by c and s [..., E / 2]. */
    private Tensor rotate(Tensor x, Tensor c, Tensor s) {
        long half = shape.headDim() / 2;
        Tensor first = x.narrow(-1, 0, half);
        Tensor second = x.narrow(-1, half, half);
        return torch.cat(
                new TensorVector(first.mul(c).sub(second.mul(s)), second.mul(c).add(first.mul(s))), -1);
    }

    private Tensor mlp(Layer layer, Tensor x) {
        return torch.linear(torch.silu(torch.linear(x, layer.gate)).mul(torch.linear(x, layer.up)), layer.down);
    }

    private Tensor rmsNorm(Tensor x, Tensor weight) {
        return torch.rms_norm(
                x, new long[] {shape.hidden()}, new TensorOptional(weight), new DoubleOptional(ModelShape.EPSILON));
    }

    /** Keys and values of all layers, allocated for all positions at once: [B, K, P, E] each. */
    final class Cache {
        private final List<Tensor> keys = new ArrayList<>();
        private final List<Tensor> values = new ArrayList<>();

        Cache(long b, long positions) {
            for (int i = 0; i < shape.layers(); i++) {
                keys.add(torch.empty(b, shape.kvHeads(), positions, shape.headDim()));
                values.add(torch.empty(b, shape.kvHeads(), positions, shape.headDim()));
            }
        }
    }

    /**
     * Logits of the next token, [B, V], of tokens [B] at one position. The query heads that share a key head are the rows of
     * one product, so that nothing is repeated.
     */
    Tensor decode(Tensor tokens, int position, Cache cache) {
        long b = tokens.size(0);
        int e = shape.headDim();
        long group = shape.heads() / shape.kvHeads();
        Tensor c = cos.narrow(0, position, 1); // [1, E / 2]
        Tensor s = sin.narrow(0, position, 1);
        Tensor h = torch.embedding(embedding, tokens); // [B, D]
        for (int i = 0; i < layers.size(); i++) {
            Layer layer = layers.get(i);
            Tensor x = rmsNorm(h, layer.inputNorm);
            Tensor q = rotate(torch.linear(x, layer.q).view(b, shape.heads(), e), c, s)
                    .view(b, shape.kvHeads(), group, e);
            Tensor k = rotate(torch.linear(x, layer.k).view(b, shape.kvHeads(), e), c, s); // [B, K, E]
            Tensor v = torch.linear(x, layer.v).view(b, shape.kvHeads(), e); // [B, K, E]
            cache.keys.get(i).select(2, position).copy_(k);
            cache.values.get(i).select(2, position).copy_(v);
            Tensor mixed = torch.scaled_dot_product_attention(
                    q,
                    cache.keys.get(i).narrow(2, 0, position + 1L),
                    cache.values.get(i).narrow(2, 0, position + 1L),
                    new TensorOptional(),
                    0,
                    false,
                    new DoubleOptional(),
                    false); // [B, K, G, E]
            h = h.add(torch.linear(mixed.reshape(b, (long) shape.heads() * e), layer.o));
            h = h.add(mlp(layer, rmsNorm(h, layer.mlpNorm)));
        }
        return torch.linear(rmsNorm(h, norm), embedding);
    }

    /**
     * Samples sequences from one token each.
     *
     * @param first [B] token ids
     * @return the sum of the last tokens, so that nothing can be left out
     */
    long sample(Tensor first, int newTokens) {
        try (PointerScope scope = new PointerScope()) {
            Cache cache = new Cache(first.size(0), newTokens);
            Tensor tokens = first;
            for (int step = 0; step < newTokens; step++) {
                try (PointerScope _ = new PointerScope()) {
                    Tensor next = torch.multinomial(torch.softmax(decode(tokens, step, cache), -1), 1)
                            .squeeze(1);
                    scope.attach(next);
                    tokens = next;
                }
            }
            return tokens.sum().item_long();
        }
    }
}
