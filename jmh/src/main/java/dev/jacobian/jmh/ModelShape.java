// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The sizes of a Llama: grouped-query attention with rotary positions, RMSNorm, SwiGLU, a head tied to the embeddings.
 *
 * @param name the number of parameters, rounded
 */
public record ModelShape(
        String name, int hidden, int layers, int heads, int kvHeads, int headDim, int intermediate, int vocabulary) {
    /** What the suites use. {@code 0.5B} has the shape of a common 0.5-billion model with a smaller vocabulary, {@code 0.04M} that of the models that TRL's
     * training runs were recorded with. */
    public static final List<ModelShape> ALL = List.of(
            new ModelShape("0.04M", 40, 2, 4, 2, 8, 96, 264),
            new ModelShape("0.1M", 64, 2, 2, 1, 32, 176, 264),
            new ModelShape("1M", 128, 4, 4, 2, 32, 512, 512),
            new ModelShape("5M", 256, 6, 8, 4, 32, 768, 512),
            new ModelShape("30M", 512, 8, 8, 4, 64, 1536, 8192),
            new ModelShape("100M", 768, 12, 12, 4, 64, 2048, 32000),
            new ModelShape("0.5B", 896, 24, 14, 2, 64, 4864, 32000));

    /** Positions that the models are made for. */
    public static final int POSITIONS = 4096;

    public static final double ROPE_THETA = 10000;
    public static final double EPSILON = 1e-5;

    /** The shape of a name. */
    public static ModelShape named(String name) {
        return find(name)
                .orElseThrow(() -> new IllegalArgumentException("'" + name + "' is no model; there are "
                        + ALL.stream().map(ModelShape::name).collect(Collectors.joining(", "))));
    }

    private static Optional<ModelShape> find(String name) {
        return ALL.stream().filter(shape -> shape.name.equals(name)).findFirst();
    }

    /** As config.json says it. */
    public ObjectNode json(String family) {
        ObjectNode json = Json.object();
        json.put("model_type", family);
        json.put("vocab_size", vocabulary);
        json.put("hidden_size", hidden);
        json.put("intermediate_size", intermediate);
        json.put("num_hidden_layers", layers);
        json.put("num_attention_heads", heads);
        json.put("num_key_value_heads", kvHeads);
        json.put("head_dim", headDim);
        json.put("hidden_act", "silu");
        json.put("max_position_embeddings", POSITIONS);
        json.put("rms_norm_eps", EPSILON);
        json.put("rope_theta", ROPE_THETA);
        json.put("tie_word_embeddings", true);
        return json;
    }

    /** The configuration of a Llama. */
    public DecoderConfig config() {
        return Families.parse(json("llama"), "benchmark");
    }

    /** Weights of all projections of all layers. */
    private long projections() {
        long attention = 2L * hidden * heads * headDim + 2L * hidden * kvHeads * headDim;
        return layers * (attention + 3L * hidden * intermediate);
    }

    /** All parameters. */
    public long parameters() {
        return projections() + (long) vocabulary * hidden + (2L * layers + 1) * hidden;
    }

    /** Weights that a matrix product reads when one token is decoded. */
    public long decodeWeights() {
        return projections() + (long) vocabulary * hidden;
    }

    /**
     * Floating-point operations of the matrix products of a forward pass.
     *
     * @param tokens rows of the projections
     * @param pairs pairs of a query and a key that it sees
     * @param predictions rows of the head
     */
    public double forwardOperations(double tokens, double pairs, double predictions) {
        return 2 * projections() * tokens
                + 4 * pairs * layers * heads * headDim
                + 2.0 * vocabulary * hidden * predictions;
    }
}
