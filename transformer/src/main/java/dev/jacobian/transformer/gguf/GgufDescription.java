// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.gguf.GgufWriter;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Mixer;
import dev.jacobian.transformer.plan.Positions;
import dev.jacobian.transformer.plan.Recurrence;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.RopeConfig;
import dev.jacobian.transformer.plan.Router;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A model as llama.cpp has it: the keys that describe it, the names of its tensors and how their numbers lie.
 *
 * <p>Decision: what was put is read back before anything is written, and must be the plan that it was made from. So a model that keys
 * cannot describe, whatever the reason, is refused instead of computing something else there.
 */
public final class GgufDescription {
    private static final int MAX_REMARK = 300;

    /** Families whose windows llama.cpp has. */
    private static final Set<String> WINDOWS = Set.of("gemma2", "gemma3_text", "gpt_oss", "cohere2", "olmo3");

    private final GgufArchitecture architecture;
    private final DecoderConfig config;
    private final DecoderPlan plan;
    private final Map<String, GgufForm> forms;
    private final Map<String, float[]> factors = new LinkedHashMap<>();
    private final List<String> remarks = new ArrayList<>();

    private GgufDescription(GgufArchitecture architecture, DecoderConfig config) {
        this.architecture = architecture;
        this.config = config;
        this.plan = config.plan().withNames(GgufNames.of(architecture, config.plan(), name -> false));
        this.forms = GgufForms.of(architecture, plan);
    }

    /**
     * The description of a model.
     *
     * @param where names the model, for messages
     * @throws FormatException if llama.cpp has no architecture for its family that is known here
     */
    public static GgufDescription of(DecoderConfig config, String where) {
        GgufArchitecture architecture = GgufArchitecture.ofFamily(config.family())
                .orElseThrow(() -> new FormatException(
                        where,
                        "the family " + config.family() + " is not written as GGUF",
                        "Use its safetensors; llama.cpp's own converter may know it"));
        return new GgufDescription(architecture, config);
    }

    /** The plan under the names of the file. */
    public DecoderPlan plan() {
        return plan;
    }

    /** What belongs to the description but is kept as tensors: factors of rotary frequencies, by name. */
    public Map<String, float[]> factors() {
        return factors;
    }

    /** What llama.cpp does otherwise. */
    public List<String> remarks() {
        return remarks;
    }

    /** The numbers of a stored tensor as the file has them. */
    public Tensor toFile(String stored, Tensor numbers) {
        return forms.getOrDefault(stored, GgufForm.AS_IT_IS).toFile(numbers);
    }

    /** The extents in the file of a stored tensor of {@link #plan}. */
    public List<Long> extentsInFile(String stored, List<Long> extents) {
        return forms.getOrDefault(stored, GgufForm.AS_IT_IS).extentsInFile(extents);
    }

    /** The name in the file of a stored tensor of {@link #plan}. */
    public String nameInFile(String stored) {
        return GgufNames.inFile(stored);
    }

    /**
     * Puts the keys.
     *
     * @param name the model's name for people
     * @throws FormatException if they cannot say what the model computes
     */
    public void put(GgufWriter out, String name, String where) {
        String prefix = architecture.name() + ".";
        requireKnown(where);
        out.put(GgufKeys.ARCHITECTURE, architecture.name());
        out.put("general.name", name);
        out.put("general.type", "model");
        out.put("general.quantization_version", 2);
        out.put(prefix + "block_count", plan.layers().size());
        out.put(prefix + "context_length", config.maxPositions());
        out.put(prefix + "embedding_length", plan.width());
        out.put(prefix + "vocab_size", plan.embedding().vocabulary());
        out.put(prefix + architecture.epsilonKey(), plan.finalNorm().epsilon());
        feedForward(out, prefix);
        positions(out, prefix);
        switch (attention(where)) {
            case Attention.Latent latent -> {
                LatentKeys.put(out, prefix, config, latent);
                remarks.addAll(LatentKeys.remarks(plan, latent));
            }
            case Attention.Gated gated -> heads(out, prefix, gated.grouped());
            case Attention.Grouped grouped -> heads(out, prefix, grouped);
        }
        recurrences(out, prefix);
        verify(out, where);
    }

    private FormatException refused(String where, String what) {
        return new FormatException(
                where,
                what + ", so llama.cpp's " + architecture.name() + " would compute something else",
                "Use the model here; as GGUF it cannot be said");
    }

    /** The attention of the first layer that has one. */
    private Attention attention(String where) {
        return plan.layers().stream()
                .map(LayerPlan::mixer)
                .filter(Attention.class::isInstance)
                .map(Attention.class::cast)
                .findFirst()
                .orElseThrow(() -> refused(where, "it has no layer with attention, of which keys count the heads"));
    }

    private void heads(GgufWriter out, String prefix, Attention.Grouped attention) {
        out.put(prefix + "attention.head_count", attention.heads());
        out.put(prefix + "attention.head_count_kv", attention.kvHeads());
        out.put(prefix + "attention.key_length", attention.headDim());
        out.put(prefix + "attention.value_length", attention.headDim());
        family(out, prefix, attention);
    }

    /** What layers that carry a state have. */
    private void recurrences(GgufWriter out, String prefix) {
        List<LayerPlan> layers = plan.layers();
        int rotated = layers.stream()
                .flatMap(layer -> rotary(layer).stream())
                .mapToInt(Positions.Rotary::dimensions)
                .max()
                .orElse(0);
        for (LayerPlan layer : layers) {
            switch (layer.mixer()) {
                case Attention attention -> {}
                case Recurrence.ShortConvolution convolution -> {
                    RecurrentKeys.put(out, prefix, layers, convolution);
                    return;
                }
                case Recurrence.GatedDeltaNet net -> {
                    RecurrentKeys.put(out, prefix, layers, net, rotated);
                    return;
                }
            }
        }
    }

    /** What keys could say but llama.cpp does not compute. */
    private void requireKnown(String where) {
        for (LayerPlan layer : plan.layers()) {
            if (architecture.family().equals("nemotron")
                    && layer.mixer() instanceof Attention.Grouped attention
                    && attention.heads() * attention.headDim() != plan.width()) {
                throw refused(where, "its heads together are not as wide as the hidden state");
            }
            if (layer.mixer() instanceof Recurrence.GatedDeltaNet net && net.keyDim() != net.valueDim()) {
                throw refused(where, "keys and values of its delta nets have different lengths");
            }
        }
        boolean mixed = plan.layers().stream()
                        .map(layer -> layer.feedForward() instanceof FeedForward.Experts)
                        .distinct()
                        .count()
                > 1;
        if (mixed && !architecture.family().equals("deepseek_v3")) {
            throw refused(where, "some of its layers have experts and some have none");
        }
    }

    private void feedForward(GgufWriter out, String prefix) {
        int dense = 0;
        for (LayerPlan layer : plan.layers()) {
            if (!(layer.feedForward() instanceof FeedForward.Experts experts)) {
                dense = layer.feedForward().inner();
                continue;
            }
            Router router = experts.router();
            out.put(prefix + "expert_count", experts.count());
            out.put(prefix + "expert_used_count", router.perToken());
            if (architecture.family().equals("mixtral")) {
                dense = experts.inner();
                continue;
            }
            out.put(prefix + "expert_feed_forward_length", experts.inner());
            boolean said = !List.of("gpt_oss", "qwen3_next").contains(architecture.family());
            if (router instanceof Router.Softmax softmax && said) {
                out.put(prefix + "expert_weights_norm", softmax.normalized());
            }
            experts.shared()
                    .filter(FeedForward.Experts.Shared::gated)
                    .ifPresent(shared -> out.put(prefix + "expert_shared_feed_forward_length", shared.inner()));
        }
        if (dense == 0) { // all layers have experts; a size of dense ones is asked for all the same
            dense = config.source()
                    .path("intermediate_size")
                    .asInt(plan.layers().getFirst().feedForward().inner());
        }
        out.put(prefix + "feed_forward_length", dense);
    }

    private void positions(GgufWriter out, String prefix) {
        List<LayerPlan> layers = new ArrayList<>(plan.layers());
        layers.sort(
                Comparator.comparing(layer -> window(layer) > 0)); // windows may turn otherwise, without a key of it
        layers.stream()
                .flatMap(layer -> rotary(layer).stream())
                .findFirst()
                .ifPresent(rotary -> rotary(out, prefix, rotary));
    }

    /** The rotations of a layer, if it has some. */
    private static Optional<Positions.Rotary> rotary(LayerPlan layer) {
        return switch (layer.mixer()) {
            case Attention.Grouped grouped -> rotary(grouped.positions());
            case Attention.Gated gated -> rotary(gated.grouped().positions());
            case Attention.Latent latent -> Optional.of(latent.rotary());
            case Recurrence recurrence -> Optional.empty();
        };
    }

    private static Optional<Positions.Rotary> rotary(Positions positions) {
        return switch (positions) {
            case Positions.Rotary rotary -> Optional.of(rotary);
            case Positions.GrowingQueries growing -> Optional.of(growing.rotary());
            case Positions.None none -> Optional.empty();
        };
    }

    private void rotary(GgufWriter out, String prefix, Positions.Rotary rotary) {
        RopeConfig rope = rotary.rope();
        out.put(prefix + "rope.dimension_count", rotary.dimensions());
        out.put(prefix + "rope.freq_base", (float) rope.theta());
        switch (rope) {
            case RopeConfig.Default plain -> {}
            case RopeConfig.Linear linear -> {
                out.put(prefix + "rope.scaling.type", "linear");
                out.put(prefix + "rope.scaling.factor", (float) linear.factor());
            }
            case RopeConfig.Llama3 llama3 -> {
                float[] plain = new RopeConfig.Default(rope.theta()).inverseFrequencies(rotary.dimensions());
                float[] scaled = llama3.inverseFrequencies(rotary.dimensions());
                float[] divisors = new float[plain.length];
                for (int i = 0; i < divisors.length; i++) {
                    divisors[i] = plain[i] / scaled[i];
                }
                factors.put(GgufNames.ROPE_FACTORS, divisors);
            }
            case RopeConfig.Yarn yarn -> {
                out.put(prefix + "rope.scaling.type", "yarn");
                out.put(prefix + "rope.scaling.factor", (float) yarn.factor());
                out.put(prefix + "rope.scaling.original_context_length", yarn.originalMaxPositions());
                out.put(prefix + "rope.scaling.yarn_beta_fast", (float) yarn.betaFast());
                out.put(prefix + "rope.scaling.yarn_beta_slow", (float) yarn.betaSlow());
                double usual = RopeConfig.Yarn.defaultAttentionFactor(yarn.factor());
                if (architecture.name().equals("mistral3") && yarn.attentionFactor() == 1) {
                    out.put(prefix + "rope.scaling.yarn_log_multiplier", 1f); // takes the usual factor back
                } else if (!architecture.family().equals("deepseek_v3") // 1 there, or verify() refuses it
                        && Math.abs(yarn.attentionFactor() / usual - 1) > 1e-6) {
                    out.put(prefix + "rope.scaling.attn_factor", (float) (yarn.attentionFactor() / usual));
                }
            }
            case RopeConfig.LongRope longRope -> {
                out.put(prefix + "rope.scaling.type", "longrope");
                out.put(prefix + "rope.scaling.original_context_length", longRope.originalMaxPositions());
                out.put(prefix + "rope.scaling.attn_factor", longRope.attentionFactor());
                factors.put(GgufNames.LONG_FACTORS, floats(longRope.longFactors()));
                factors.put(GgufNames.SHORT_FACTORS, floats(longRope.shortFactors()));
            }
            case RopeConfig.Dynamic dynamic -> {} // verify() refuses it
        }
    }

    private static float[] floats(List<Double> numbers) {
        float[] out = new float[numbers.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = numbers.get(i).floatValue();
        }
        return out;
    }

    private void family(GgufWriter out, String prefix, Attention.Grouped attention) {
        switch (architecture.family()) {
            case "gemma2" -> {
                out.put(prefix + "attn_logit_softcapping", attention.softCap());
                out.put(prefix + "final_logit_softcapping", logits().softCap());
                window(out, prefix, 2);
            }
            case "gemma3_text" -> {
                if (logits().softCap() != 0) {
                    out.put(prefix + "final_logit_softcapping", logits().softCap());
                }
                window(out, prefix, 6);
                for (LayerPlan layer : plan.layers()) {
                    Attention.Grouped own = (Attention.Grouped) layer.mixer();
                    if (own.window() > 0 && own.positions() instanceof Positions.Rotary local) {
                        out.put(prefix + "rope.freq_base_swa", (float)
                                local.rope().theta());
                    }
                }
            }
            case "gpt_oss" -> window(out, prefix, 2);
            case "cohere2" -> {
                out.put(prefix + "logit_scale", logits().scale());
                window(out, prefix, 4);
            }
            case "cohere" -> out.put(prefix + "logit_scale", logits().scale());
            case "granite" -> {
                out.put(prefix + "attention.scale", attention.scale());
                out.put(prefix + "embedding_scale", plan.embedding().scale());
                out.put(
                        prefix + "residual_scale",
                        plan.layers().getFirst().residual().scale());
                out.put(prefix + "logit_scale", 1 / logits().scale());
            }
            case "gpt_neox" ->
                out.put(
                        prefix + "use_parallel_residual",
                        plan.layers().getFirst().residual().form() == Residual.Form.PARALLEL);
            case "stablelm" ->
                out.put(
                        prefix + "use_parallel_residual",
                        !plan.layers().getFirst().residual().form().normsFeedForwardInput());
            case "olmo3" -> window(out, prefix, 4);
            case "ministral3" -> {
                if (attention.positions() instanceof Positions.GrowingQueries growing) {
                    out.put(prefix + GgufKeys.GROWTH, (float) growing.beta());
                }
            }
            case "phi3" -> out.put(prefix + "attention.sliding_window", attention.window());
            default -> {}
        }
        int window =
                plan.layers().stream().mapToInt(GgufDescription::window).max().orElse(0);
        if (!WINDOWS.contains(architecture.family()) && window > 0 && window < config.maxPositions()) {
            remarks.add("llama.cpp's " + architecture.name() + " has no window: texts longer than " + window
                    + " tokens are computed otherwise there");
        }
    }

    private Head.Logits logits() {
        return switch (plan.head()) {
            case Head.Tokens tokens -> tokens.logits();
            case Head.TiedTokens tied -> tied.logits();
            case Head.Scores scores ->
                throw new IllegalArgumentException("a GGUF file holds language models, and this one scores sequences ("
                        + config.source().path("architectures").path(0).asText() + "); convert a language model");
        };
    }

    private static int window(LayerPlan layer) {
        return layer.mixer() instanceof Attention.Grouped attention ? attention.window() : 0;
    }

    private void window(GgufWriter out, String prefix, int period) {
        List<Integer> windows =
                plan.layers().stream().map(GgufDescription::window).toList();
        int window = windows.stream().mapToInt(Integer::intValue).max().orElse(0);
        out.put(prefix + "attention.sliding_window", window);
        for (int every = 1; every <= windows.size() + 1; every++) {
            boolean fits = true;
            for (int layer = 0; layer < windows.size(); layer++) {
                fits &= windows.get(layer) == (layer % every < every - 1 ? window : 0);
            }
            if (fits && every != period) {
                out.put(prefix + "attention.sliding_window_pattern", every);
            }
            if (fits) {
                return;
            }
        }
    }

    /** Reads the keys back and compares. */
    private void verify(GgufWriter out, String where) {
        DecoderPlan again;
        try {
            ObjectNode json = GgufConfig.read(architecture, new GgufKeys(out.metadata(where)), new OwnTensors());
            again = Families.parse(json, where).plan();
        } catch (FormatException e) {
            throw refused(where, "keys cannot describe it (" + e.what() + ")");
        }
        DecoderPlan own = comparable(config.plan());
        DecoderPlan theirs = comparable(again.withNames(config.plan().names()));
        if (!own.equals(theirs)) {
            throw refused(where, "keys cannot describe it: " + difference(own, theirs));
        }
        for (int i = 0; i < plan.layers().size(); i++) {
            if (!alike(rope(config.plan().layers().get(i)), rope(again.layers().get(i)))) {
                throw refused(where, "keys cannot describe the rotations of layer " + i);
            }
        }
    }

    private static String difference(DecoderPlan own, DecoderPlan theirs) {
        String text = "";
        if (!own.embedding().equals(theirs.embedding())) {
            text = own.embedding() + " would be " + theirs.embedding();
        } else if (!own.finalNorm().equals(theirs.finalNorm()) || !own.head().equals(theirs.head())) {
            text = own.finalNorm() + ", " + own.head() + " would be " + theirs.finalNorm() + ", " + theirs.head();
        } else {
            for (int i = 0; i < own.layers().size() && text.isEmpty(); i++) {
                LayerPlan a = own.layers().get(i);
                LayerPlan b = theirs.layers().get(i);
                text = a.equals(b)
                        ? ""
                        : "layer " + i + ": "
                                + (a.mixer().equals(b.mixer())
                                        ? a.feedForward() + " " + a.residual() + " would be " + b.feedForward() + " "
                                                + b.residual()
                                        : a.mixer() + " would be " + b.mixer());
            }
        }
        return text.length() > MAX_REMARK ? text.substring(0, MAX_REMARK) + " ..." : text;
    }

    /** The plan without what is compared otherwise or is said in remarks: rotations, windows that llama.cpp lacks, rounding. */
    private DecoderPlan comparable(DecoderPlan of) {
        List<LayerPlan> layers = of.layers().stream()
                .map(layer ->
                        new LayerPlan(layer.residual(), layer.norm(), comparable(layer.mixer()), layer.feedForward()))
                .toList();
        // √D is rounded by some files; within that it is the same.
        float root = (float) Math.sqrt(of.width());
        boolean isRoot = Math.abs(of.embedding().scale() / root - 1) < 1f / 128;
        return new DecoderPlan(
                isRoot ? of.embedding().scaled(root) : of.embedding(), layers, of.finalNorm(), of.head(), of.names());
    }

    private Mixer comparable(Mixer mixer) {
        return switch (mixer) {
            case Attention.Grouped grouped -> comparable(grouped);
            case Attention.Gated gated -> new Attention.Gated(comparable(gated.grouped()));
            case Attention.Latent latent -> latent.rotary(bare(latent.rotary()));
            case Recurrence recurrence -> recurrence;
        };
    }

    private Attention.Grouped comparable(Attention.Grouped grouped) {
        Attention.Grouped bare = grouped.positions(
                switch (grouped.positions()) {
                    case Positions.Rotary rotary -> bare(rotary);
                    case Positions.GrowingQueries growing ->
                        new Positions.GrowingQueries(bare(growing.rotary()), growing.beta(), growing.period());
                    case Positions.None none -> none;
                });
        return WINDOWS.contains(architecture.family()) ? bare : bare.window(0);
    }

    private static Positions.Rotary bare(Positions.Rotary rotary) {
        return new Positions.Rotary(new RopeConfig.Default(1), rotary.dimensions(), rotary.pairing());
    }

    private static RopeConfig rope(LayerPlan layer) {
        return rotary(layer).map(Positions.Rotary::rope).orElse(new RopeConfig.Default(1));
    }

    private boolean alike(RopeConfig own, RopeConfig theirs) {
        if (own.theta() == 1 || theirs.theta() == 1) {
            return own.theta() == theirs.theta();
        }
        int dimensions = 64;
        if (own instanceof RopeConfig.LongRope rope) {
            dimensions = 2 * rope.shortFactors().size();
        }
        for (int length : new int[] {1, config.maxPositions()}) {
            float[] a = own.inverseFrequencies(dimensions, own.variant(length));
            if (theirs instanceof RopeConfig.LongRope rope
                    && 2 * rope.shortFactors().size() != dimensions) {
                return false;
            }
            float[] b = theirs.inverseFrequencies(dimensions, theirs.variant(length));
            for (int i = 0; i < a.length; i++) {
                if (Math.abs(a[i] / b[i] - 1) > 1e-4) {
                    return false;
                }
            }
        }
        return Math.abs(own.attentionFactor() / theirs.attentionFactor() - 1) < 1e-5;
    }

    /** The tensors that the file will have. */
    private final class OwnTensors implements GgufConfig.Tensors {
        @Override
        public boolean has(String name) {
            return factors.containsKey(name)
                    || plan.tensors().stream()
                            .anyMatch(spec -> nameInFile(spec.layout().stored()).equals(name));
        }

        @Override
        public int count() {
            return plan.tensors().size();
        }

        @Override
        public long vocabulary() {
            return plan.embedding().vocabulary();
        }

        @Override
        public float[] numbers(String name) {
            return factors.getOrDefault(name, new float[0]);
        }
    }
}
