// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.config;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import dev.jacobian.tensor.HalfFloats;
import dev.jacobian.transformer.plan.Activation;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.Biases;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Embedding;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Positions;
import dev.jacobian.transformer.plan.Recurrence;
import dev.jacobian.transformer.plan.RopeConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;

/**
 * The keys of a config.json, read as parts of a plan. A family asks for the parts that it has; what it has otherwise than
 * most it says in code of its own.
 *
 * <p>Decisions: reading a key consumes it. Both generations are read (v4's {@code rope_theta} and {@code rope_scaling}, v5's {@code
 * rope_parameters}). What changes numbers has a default only where files of the family rely on one (no θ in those of the first
 * Llamas): no ε, no activation. A key that is neither read nor known to be harmless ({@link HarmlessKeys}) is an error,
 * because ignoring it might compute something else than its author meant. Sizes have limits far above any model, so that a hostile file costs neither time nor memory, and
 * products of them fit a {@code long}: at the limits a model has less than 2^56 parameters.
 */
public final class ConfigKeys extends LayerKeys {
    /** Class default of most of transformers' configurations. */
    private static final double DEFAULT_THETA = 10_000;

    private static final int MAX_WIDTH = 1 << 17;
    static final int MAX_MLP_WIDTH = 1 << 20;
    private static final int MAX_HEADS = 1 << 12;
    private static final int MAX_HEAD_DIM = 1 << 12;
    private static final int MAX_TAPS = 64;
    private static final int MAX_VOCABULARY = 1 << 24;

    /** Growth of queries; published ones are 0.1, and their logarithm has far to go before the range of F32 ends. */
    private static final double MAX_GROWTH = 1e6;

    private ConfigKeys(JsonFields fields, Map<String, String> names) {
        super(fields, names);
    }

    /** The keys of a file, none read yet. */
    public static ConfigKeys of(JsonFields fields) {
        return of(fields, Map.of());
    }

    /**
     * The same of a family that calls some of them otherwise.
     *
     * @param names from the names that most families have for sizes to its own
     */
    public static ConfigKeys of(JsonFields fields, Map<String, String> names) {
        return new ConfigKeys(fields, names);
    }

    /**
     * What the file says in all, once a family has read what it knows.
     *
     * @throws FormatException if a key is left that nobody read and that might change the numbers
     */
    public DecoderConfig finish(String family, DecoderPlan plan) {
        DecoderConfig config = new DecoderConfig(
                family, plan, maxPositions(), initializerRange(), QuantizationReader.read(fields), (ObjectNode)
                        fields.node());
        HarmlessKeys.ignore(fields);
        refuseMrope();
        fields.finish();
        return config;
    }

    /** The embedding: {@code vocab_size} and {@code hidden_size}. */
    public Embedding embedding() {
        return new Embedding(positive("vocab_size", MAX_VOCABULARY), hidden());
    }

    /** The head of a language model: tied if {@code tie_word_embeddings} says so. */
    public Head head() {
        return head(false);
    }

    /** The same where a file that does not say so means {@code tiedUnlessSaid}. */
    public Head head(boolean tiedUnlessSaid) {
        return fields.bool("tie_word_embeddings", tiedUnlessSaid) ? new Head.TiedTokens() : new Head.Tokens();
    }

    /**
     * Embeddings times √D, which is rounded to the type that the file gives for weights: that is how Gemma was trained, and makes a
     * difference of up to 1/256.
     */
    public Embedding embeddingTimesRootOfWidth() {
        Embedding plain = embedding();
        float root = (float) Math.sqrt(plain.width());
        return plain.scaled(
                switch (fields.string("dtype", fields.string("torch_dtype", ""))) {
                    case "bfloat16" -> HalfFloats.bfloat16ToFloat(HalfFloats.floatToBfloat16(root));
                    case "float16" -> Float.float16ToFloat(Float.floatToFloat16(root));
                    default -> root;
                });
    }

    /** RMSNorm with {@code rms_norm_eps}. */
    public Norm.Rms rmsNorm() {
        return new Norm.Rms(epsilon("rms_norm_eps"));
    }

    /** LayerNorm with a bias, its ε under a key. */
    public Norm.Layer layerNorm(String epsilonKey) {
        return new Norm.Layer(epsilon(epsilonKey), true);
    }

    /** The same without a bias. */
    public Norm.Layer layerNormWithoutBias(String epsilonKey) {
        return new Norm.Layer(epsilon(epsilonKey), false);
    }

    private float epsilon(String key) {
        return (float) requirePositive(fields, name(key), fields.number(name(key)));
    }

    /**
     * Grouped attention with rotary positions, heads of {@code head_dim} elements or else of {@code hidden_size /
     * num_attention_heads}.
     */
    public Attention.Grouped attention() {
        return attention(this::dividedHeadDim, this::rotary);
    }

    /** The same where heads have {@code headDim} elements if {@code head_dim} is not given. */
    public Attention.Grouped attention(int headDim) {
        return attention(heads -> headDim, this::rotary);
    }

    /** The same of both. */
    public Attention.Grouped attention(int headDim, IntFunction<Positions> positions) {
        return attention(heads -> headDim, positions);
    }

    /** The same with other positions, made for the elements of a head. */
    public Attention.Grouped attention(IntFunction<Positions> positions) {
        return attention(this::dividedHeadDim, positions);
    }

    private Attention.Grouped attention(IntUnaryOperator defaultHeadDim, IntFunction<Positions> positions) {
        int heads = positive("num_attention_heads", MAX_HEADS);
        int kvHeads = fields.has("num_key_value_heads") ? positive("num_key_value_heads", MAX_HEADS) : heads;
        fields.ignore("num_key_value_heads");
        if (heads % kvHeads != 0) {
            throw new FormatException(
                    fields.where(),
                    "num_attention_heads " + heads + " is no multiple of num_key_value_heads " + kvHeads,
                    "Correct the file");
        }
        int headDim = fields.find("head_dim").isPresent()
                ? positive("head_dim", MAX_HEAD_DIM)
                : defaultHeadDim.applyAsInt(heads);
        return Attention.Grouped.of(heads, kvHeads, headDim, positions.apply(headDim));
    }

    /**
     * Multi-head latent attention of {@code num_attention_heads} heads; {@code q_lora_rank} null for queries that are projected at
     * once. Neighbours are rotated together unless {@code rope_interleave} is false.
     *
     * @param norm of what was projected down
     */
    public Attention.Latent latentAttention(Norm norm) {
        int heads = positive("num_attention_heads", MAX_HEADS);
        int plainDim = positive("qk_nope_head_dim", MAX_HEAD_DIM);
        int rotated = positive("qk_rope_head_dim", MAX_HEAD_DIM);
        requireSame("num_key_value_heads", heads);
        requireSame("qk_head_dim", plainDim + rotated);
        requireSame("head_dim", rotated);
        Positions.Rotary halves = rotary(rotated, DEFAULT_THETA);
        double scale = RopeReader.scoreFactor(fields) / Math.sqrt(plainDim + rotated);
        return new Attention.Latent(
                heads,
                fields.has("q_lora_rank") ? positive("q_lora_rank", MAX_WIDTH) : 0,
                positive("kv_lora_rank", MAX_WIDTH),
                plainDim,
                flag("rope_interleave", true) ? halves.neighbours() : halves,
                positive("v_head_dim", MAX_HEAD_DIM),
                (float) scale,
                norm,
                flag("attention_bias"));
    }

    /** A size that follows from others, if it is given. */
    private void requireSame(String key, int value) {
        if (fields.find(key).isPresent() && fields.integer(key) != value) {
            throw new FormatException(
                    fields.where(),
                    key + " is " + fields.integer(key) + ", other keys make it " + value,
                    "Correct the file: a model of other sizes is not computed");
        }
    }

    /** Rotation of whole heads as {@code rope_parameters}, or {@code rope_theta} and {@code rope_scaling}, say; θ is 10,000 else. */
    public Positions rotary(int headDim) {
        return rotary(headDim, DEFAULT_THETA);
    }

    /** The same where a file without a θ means another. */
    public Positions.Rotary rotary(int headDim, double defaultTheta) {
        return rotary(
                headDim,
                RopeReader.longRope(fields, maxPositions(), defaultTheta, headDim / 2)
                        .orElseGet(() -> rope(defaultTheta)));
    }

    /** Rotation of whole heads. */
    public Positions.Rotary rotary(int headDim, RopeConfig rope) {
        if (headDim % 2 != 0) {
            throw new FormatException(
                    fields.where(),
                    fields.has("head_dim")
                            ? "head_dim " + headDim + " is odd, rotary embedding needs pairs"
                            : name("hidden_size") + " " + hidden() + " does not divide into "
                                    + positive("num_attention_heads", MAX_HEADS) + " heads of even size",
                    "Correct the file or give head_dim");
        }
        return new Positions.Rotary(rope, headDim);
    }

    /**
     * Rotation of the first {@code partial_rotary_factor} of each head, rounded down to whole elements; of {@code unlessSaid} if
     * the file has no such key. One among the rotary numbers counts, whatever is beside them.
     */
    public Positions.Rotary partialRotary(int headDim, double unlessSaid) {
        return partialRotary(headDim, unlessSaid, DEFAULT_THETA);
    }

    /**
     * The same where a file without a θ means another.
     *
     * @param others keys among the rotary numbers that are the family's affair
     */
    public Positions.Rotary partialRotary(int headDim, double unlessSaid, double defaultTheta, String... others) {
        String key = "partial_rotary_factor";
        double outside = fields.number(name(key), unlessSaid);
        double factor = RopeReader.dictionary(fields).number(key, outside);
        int dimensions = (int) (headDim * factor);
        if (dimensions < 2 || dimensions > headDim || dimensions % 2 != 0) {
            throw new FormatException(
                    fields.where(),
                    name(key) + " " + factor + " turns " + dimensions + " of " + headDim
                            + " elements of a head; rotary embedding needs pairs",
                    "Correct it");
        }
        List<String> list = new ArrayList<>(List.of(others));
        list.add(key);
        String[] own = list.toArray(String[]::new);
        RopeConfig rope = RopeReader.longRope(fields, maxPositions(), defaultTheta, dimensions / 2, own)
                .orElseGet(() -> RopeReader.read(fields, maxPositions(), defaultTheta, own));
        return new Positions.Rotary(rope, dimensions);
    }

    /** How the frequencies of all layers come about. */
    public RopeConfig rope(double defaultTheta) {
        return RopeReader.read(fields, maxPositions(), defaultTheta);
    }

    /** The same of layers of a type, where {@code rope_parameters} has an entry for each type; empty where it has one for all. */
    public Optional<RopeConfig> rope(String layerType, double defaultTheta) {
        return RopeReader.ofType(fields, maxPositions(), defaultTheta, layerType);
    }

    /** Rotation of whole heads, queries growing by {@code llama_4_scaling_beta} and {@code original_max_position_embeddings}. */
    public Positions growingQueries(int headDim, double defaultTheta) {
        String[] own = {"llama_4_scaling_beta", "original_max_position_embeddings", "max_position_embeddings"};
        Positions.Rotary rotary =
                rotary(headDim, RopeReader.read(fields, maxPositions(), defaultTheta, own)); // reads the other keys
        JsonFields rope = RopeReader.dictionary(fields);
        return new Positions.GrowingQueries(
                rotary, growth(rope), positive(rope, "original_max_position_embeddings", MAX_POSITIONS));
    }

    private static double growth(JsonFields rope) {
        double beta = rope.quantity("llama_4_scaling_beta");
        if (beta > MAX_GROWTH) {
            throw new FormatException(
                    rope.where(),
                    "llama_4_scaling_beta is " + beta,
                    "Give a number up to " + MAX_GROWTH + ", usually 0.1");
        }
        return beta;
    }

    /** A gated feed-forward of {@code intermediate_size} with {@code hidden_act}, without biases. */
    public FeedForward.Gated gated() {
        return gated(activation("hidden_act"));
    }

    /** The same with an activation. */
    public FeedForward.Gated gated(Activation activation) {
        return new FeedForward.Gated(positive("intermediate_size", MAX_MLP_WIDTH), activation, Biases.NONE);
    }

    /** A feed-forward without a gate, of {@code intermediate_size} with {@code hidden_act}, without biases. */
    public FeedForward.Plain plain() {
        return plain(positive("intermediate_size", MAX_MLP_WIDTH));
    }

    private FeedForward.Plain plain(int inner) {
        return new FeedForward.Plain(inner, activation("hidden_act"), Biases.NONE);
    }

    /** The same where a file without {@code intermediate_size} means so many times the width. */
    public FeedForward.Plain plainOf(int widths) {
        return plain(positive("intermediate_size", MAX_MLP_WIDTH, widths * hidden()));
    }

    /** The activation that a key names, {@code unlessSaid} if it is absent. */
    public Activation activation(String key, Activation unlessSaid) {
        return fields.has(key) ? activation(key) : unlessSaid;
    }

    /** The activation that a key names, by the names of transformers. */
    private Activation activation(String key) {
        String activation = fields.string(name(key));
        return switch (activation) {
            case "silu", "swish" -> Activation.SILU;
            case "gelu" -> Activation.GELU;
            case "gelu_new", "gelu_pytorch_tanh", "gelu_fast" -> Activation.GELU_TANH;
            case "relu2" -> Activation.SQUARED_RELU;
            default ->
                throw new FormatException(
                        fields.where(),
                        name(key) + " '" + activation + "' is not supported",
                        "Known are silu, gelu, the forms of gelu by tanh, and relu2");
        };
    }

    /** The keys of a mixture of experts. */
    public ExpertKeys experts() {
        if (activation("hidden_act") != Activation.SILU) {
            throw new FormatException(fields.where(), "hidden_act of experts is not silu", "Only silu is known there");
        }
        return new ExpertKeys(this, fields);
    }

    /** All biases if the key is true, none if it is false or absent. */
    public Biases biases(String key) {
        return biases(key, false);
    }

    /** The same where an absent key means {@code unlessSaid}. */
    public Biases biases(String key, boolean unlessSaid) {
        return fields.bool(key, unlessSaid) ? Biases.ALL : Biases.NONE;
    }

    /** A gated delta net of the sizes that {@code linear_*} give, its output normed with {@code rms_norm_eps}. */
    public Recurrence.GatedDeltaNet gatedDeltaNet() {
        int keyHeads = positive("linear_num_key_heads", MAX_HEADS);
        int heads = positive("linear_num_value_heads", MAX_HEADS);
        if (heads % keyHeads != 0) {
            throw new FormatException(
                    fields.where(),
                    "linear_num_value_heads " + heads + " is no multiple of linear_num_key_heads " + keyHeads,
                    "Correct the file");
        }
        if (activation("hidden_act") != Activation.SILU) {
            throw new FormatException(
                    fields.where(),
                    "hidden_act is not silu, and it is what follows the convolutions of the delta net",
                    "Only silu is computed there");
        }
        int keyDim = positive("linear_key_head_dim", MAX_HEAD_DIM);
        int valueDim = positive("linear_value_head_dim", MAX_HEAD_DIM);
        if ((long) heads * keyDim * valueDim > Integer.MAX_VALUE) {
            throw new FormatException(
                    fields.where(),
                    heads + " states of " + keyDim + " x " + valueDim + " are more than a tensor holds",
                    "Correct linear_num_value_heads, linear_key_head_dim and linear_value_head_dim");
        }
        return new Recurrence.GatedDeltaNet(
                keyHeads, heads, keyDim, valueDim, positive("linear_conv_kernel_dim", MAX_TAPS), rmsNorm());
    }

    private float initializerRange() {
        double range = fields.number("initializer_range", 0.02);
        if (range < 0 || Float.isInfinite((float) range)) {
            throw new FormatException(
                    fields.where(),
                    "initializer_range is a standard deviation, found " + range,
                    "Correct it, or remove it for 0.02");
        }
        return (float) range;
    }

    private int hidden() {
        return positive("hidden_size", MAX_WIDTH);
    }

    private int dividedHeadDim(int heads) {
        int hidden = hidden();
        if (hidden % heads != 0) {
            throw new FormatException(
                    fields.where(),
                    name("hidden_size") + " " + hidden + " does not divide into " + heads + " heads",
                    "Correct the file or give head_dim");
        }
        return hidden / heads;
    }

    private void refuseMrope() {
        if (flag("use_mrope")) {
            throw new FormatException(
                    fields.where(), "use_mrope is true", "Multimodal rotary embedding is not supported");
        }
    }
}
