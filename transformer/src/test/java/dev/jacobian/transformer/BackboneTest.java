// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static dev.jacobian.testing.Bits.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Reduction;
import dev.jacobian.autograd.Var;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.plan.Attention.Grouped;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.HeadNorm;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Positions;
import dev.jacobian.transformer.plan.RopeConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Rows that enter from elsewhere, positions of one's own, layers that differ, and heads other than that of tokens. */
class BackboneTest {
    private final CausalLM model = CausalLM.load(TestPaths.model("llama-gqa"));
    private final int[] tokens = TestModels.tokens(1, 13, model.config().vocabularySize());
    private final Segments segments = Segments.of(6, 7);

    private float[] hidden(Var hidden) {
        return hidden.value().toFloatArray();
    }

    @Test
    @DisplayName("embedding and layers, one after the other, are the whole; over a cache too")
    void twoSteps() {
        Backbone backbone = model.backbone();
        float[] whole = hidden(model.hidden(tokens, segments));
        assertBits("two steps", hidden(backbone.hidden(backbone.embed(tokens), segments)), whole);
        assertBits(
                "no gradient", NoGrad.compute(() -> hidden(backbone.hidden(backbone.embed(tokens), segments))), whole);
        assertBits(
                "cached",
                NoGrad.compute(() -> {
                    KvCache cache = model.newKvCache();
                    int[] sequences = {cache.add(), cache.add()};
                    return hidden(backbone.hidden(backbone.embed(tokens), segments, cache, sequences));
                }),
                whole);
    }

    @Test
    @DisplayName("rows that are not tokens: a gradient reaches them")
    void foreignRows() {
        Tensor rows = model.backbone().embed(tokens).value().copy(); // [N, D]
        Parameter image = Var.parameter("image", rows);
        Reduction.mean(model.backbone().hidden(image, segments)).backward();
        assertThat(image.grad()).isPresent();
        assertThat(image.grad().get().shape()).isEqualTo(rows.shape());
        assertThatThrownBy(() -> model.backbone().hidden(image, Segments.of(12)))
                .hasMessageContaining("13 tokens for segments of 12 rows");
    }

    @Test
    @DisplayName("rotation knows distances alone: positions moved by one number change little, others much")
    void positions() {
        float[] plain = hidden(model.hidden(tokens, segments));
        int[] moved = segments.positions();
        int[] stretched = segments.positions();
        for (int i = 0; i < moved.length; i++) {
            moved[i] += 20;
            stretched[i] *= 3;
        }
        Backbone backbone = model.backbone();
        assertClose("moved", hidden(backbone.hidden(backbone.embed(tokens), segments, moved)), plain, 1e-4);
        float[] other = hidden(backbone.hidden(backbone.embed(tokens), segments, stretched));
        double difference = 0;
        for (int i = 0; i < plain.length; i++) {
            difference = Math.max(difference, Math.abs(plain[i] - other[i]));
        }
        assertThat(difference).isGreaterThan(1e-2);
        assertThatThrownBy(() -> backbone.hidden(backbone.embed(tokens), segments, new int[12]))
                .hasMessageContaining("12");
    }

    /** The weights of the model under a plan that differs in what has no weights. */
    private CausalLM with(DecoderPlan plan) {
        DecoderConfig config = new DecoderConfig("other", plan, 512, 0.02f, Json.object());
        return new CausalLM(
                config,
                CheckpointFiles.none(),
                spec -> Weights.parameter(
                        spec, model.parameter(spec.name()).value().copy()),
                ModelOptions.DEFAULT);
    }

    private DecoderPlan layers(RopeConfig first, RopeConfig others) {
        DecoderPlan plan = model.config().plan();
        List<LayerPlan> layers = new ArrayList<>();
        for (LayerPlan layer : plan.layers()) {
            Grouped attention = (Grouped) layer.mixer();
            Positions positions = new Positions.Rotary(layers.isEmpty() ? first : others, attention.headDim());
            layers.add(
                    new LayerPlan(layer.residual(), layer.norm(), attention.positions(positions), layer.feedForward()));
        }
        return new DecoderPlan(plan.embedding(), layers, plan.finalNorm(), plan.head(), plan.names());
    }

    private static List<float[]> states(CausalLM model, int[] tokens) {
        List<float[]> states = new ArrayList<>();
        NoGrad.run(() -> model.hidden(
                tokens, Segments.of(tokens.length), s -> states.add(s.value().toFloatArray())));
        return states;
    }

    @Test
    @DisplayName("two rotary embeddings in one decoder: each layer goes by its own")
    void ropePerLayer() {
        RopeConfig a = new RopeConfig.Default(10000);
        RopeConfig b = new RopeConfig.Default(100);
        CausalLM both = with(layers(a, b));
        List<float[]> mixed = states(both, tokens);
        assertBits(
                "first layer", mixed.get(1), states(with(layers(a, a)), tokens).get(1));
        assertThat(mixed.get(2)).isNotEqualTo(states(with(layers(a, a)), tokens).get(2));
        assertThat(mixed.get(1)).isNotEqualTo(states(with(layers(b, b)), tokens).get(1));
        float[] logits = both.logits(tokens).toFloatArray();
        tokenByToken(both, logits);
    }

    @Test
    @DisplayName("layers of different heads, windows and positions: token by token the bits of one pass")
    void layersThatDiffer() {
        DecoderPlan plan = model.config().plan();
        LayerPlan layer = plan.layers().getFirst();
        Positions rotary = new Positions.Rotary(new RopeConfig.Default(10000), 20);
        List<LayerPlan> layers = new ArrayList<>();
        for (Grouped attention : List.of(
                Grouped.of(4, 2, 20, rotary),
                Grouped.of(2, 1, 8, new Positions.None()).window(3),
                Grouped.of(6, 6, 4, new Positions.None()))) {
            layers.add(new LayerPlan(layer.residual(), layer.norm(), attention, layer.feedForward()));
        }
        DecoderPlan mixed = new DecoderPlan(plan.embedding(), layers, plan.finalNorm(), plan.head(), plan.names());
        assertThat(mixed.cachedPerToken()).isEqualTo(2 * (2 * 20 + 8 + 6 * 4));
        CausalLM differing =
                CausalLM.create(new DecoderConfig("other", mixed, 64, 0.2f, Json.object()), Optional.empty(), 7);
        tokenByToken(differing, differing.logits(tokens).toFloatArray());
    }

    private void tokenByToken(CausalLM decoding, float[] logits) {
        NoGrad.run(() -> {
            KvCache cache = decoding.newKvCache();
            int[] sequence = {cache.add()};
            DecodingPass pass = new DecodingPass(decoding, cache);
            int vocabulary = decoding.config().vocabularySize();
            for (int t = 0; t < tokens.length; t++) {
                Var hidden = pass.run(new int[] {tokens[t]}, sequence);
                float[] expected = Arrays.copyOfRange(logits, t * vocabulary, (t + 1) * vocabulary);
                assertBits("token " + t, decoding.logits(hidden, new int[] {0}).toFloatArray(), expected);
            }
        });
    }

    @Test
    @DisplayName("scaled embeddings: the rows are, a tied table is not")
    void scaledEmbedding() {
        DecoderPlan plan = model.config().plan();
        var embedding = plan.embedding().scaled(2f);
        CausalLM scaled = with(new DecoderPlan(embedding, plan.layers(), plan.finalNorm(), plan.head(), plan.names()));
        float[] plain = model.backbone().embed(tokens).value().toFloatArray();
        float[] twice = scaled.backbone().embed(tokens).value().toFloatArray();
        for (int i = 0; i < plain.length; i++) {
            assertThat(twice[i]).isEqualTo(2 * plain[i]);
        }
    }

    @Test
    @DisplayName(
            "part of a head rotated, in either pairing: token by token the bits of one pass, and not those of whole"
                    + " heads")
    void partialRotary() {
        DecoderPlan plan = model.config().plan();
        LayerPlan layer = plan.layers().getFirst();
        Grouped attention = Grouped.of(4, 2, 20, new Positions.None());
        Positions.Rotary half = new Positions.Rotary(new RopeConfig.Default(10000), 10);
        List<float[]> differing = new ArrayList<>();
        for (Positions positions : List.of(half, half.neighbours(), new Positions.None())) {
            LayerPlan turned =
                    new LayerPlan(layer.residual(), layer.norm(), attention.positions(positions), layer.feedForward());
            DecoderPlan partial =
                    new DecoderPlan(plan.embedding(), List.of(turned), plan.finalNorm(), plan.head(), plan.names());
            CausalLM built = fresh(partial);
            float[] logits = built.logits(tokens).toFloatArray();
            tokenByToken(built, logits);
            differing.forEach(other -> assertThat(logits).isNotEqualTo(other));
            differing.add(logits);
        }
    }

    private static CausalLM fresh(DecoderPlan plan) {
        return CausalLM.create(new DecoderConfig("other", plan, 64, 0.2f, Json.object()), Optional.empty(), 1);
    }

    @Test
    @DisplayName("norms times 1 + w: what a fresh model computes with norms times w; scores and logits under caps")
    void onePlusAndCaps() {
        DecoderPlan plan = model.config().plan();
        CausalLM plain = with(plan);
        List<LayerPlan> layers = plan.layers().stream()
                .map(layer -> new LayerPlan(
                        layer.residual(),
                        ((Norm.Rms) layer.norm()).onePlusWeight(),
                        ((Grouped) layer.mixer()).headNorm(new HeadNorm.None()),
                        layer.feedForward()))
                .toList();
        List<LayerPlan> alike = plan.layers().stream()
                .map(layer -> new LayerPlan(
                        layer.residual(),
                        layer.norm(),
                        ((Grouped) layer.mixer()).headNorm(new HeadNorm.None()),
                        layer.feedForward()))
                .toList();
        CausalLM onePlus = fresh(new DecoderPlan(
                plan.embedding(), layers, ((Norm.Rms) plan.finalNorm()).onePlusWeight(), plan.head(), plan.names()));
        CausalLM times = fresh(new DecoderPlan(plan.embedding(), alike, plan.finalNorm(), plan.head(), plan.names()));
        float[] logits = times.logits(tokens).toFloatArray();
        assertBits("1 + w", onePlus.logits(tokens).toFloatArray(), logits);
        float cap = 0.01f;
        CausalLM capped = with(plan.withHead(plan.head().logits(Head.Logits.capped(cap))));
        float[] bounded = capped.logits(tokens).toFloatArray();
        float[] free = plain.logits(tokens).toFloatArray();
        for (int i = 0; i < bounded.length; i++) {
            assertThat((double) bounded[i]).isCloseTo(cap * Math.tanh(free[i] / cap), within(1e-6));
        }
        tokenByToken(capped, bounded);
    }
}
