// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import dev.jacobian.transformer.plan.RopeConfig;
import java.util.List;
import java.util.Optional;

/**
 * Reads the rotary embedding of both generations of config.json: {@code rope_parameters} (transformers 5) or {@code
 * rope_theta} with {@code rope_scaling} (4).
 *
 * <p>Decision: a θ inside of {@code rope_parameters} or {@code rope_scaling} counts, whatever is beside them: transformers 5 leaves the default of a
 * class at the old place.
 */
final class RopeReader {
    private static final List<String> LAYER_TYPES = List.of("full_attention", "sliding_attention");

    private RopeReader() {}

    /**
     * The frequencies of all layers.
     *
     * @param others keys of the dictionary that are the family's affair
     */
    static RopeConfig read(JsonFields config, int maxPositions, double defaultTheta, String... others) {
        config.ignore("rope_parameters", "rope_scaling", "rope_theta");
        if (!config.has("rope_parameters")) {
            JsonFields rope = dictionary(config).ignore(others);
            return read(rope, theta(config, rope, defaultTheta), maxPositions);
        }
        JsonFields rope = config.object("rope_parameters").ignore(others);
        double theta = theta(config, rope, defaultTheta);
        RopeConfig result = read(rope, theta, maxPositions);
        if (config.has("rope_scaling")
                && !read(config.object("rope_scaling").ignore("rope_theta").ignore(others), theta, maxPositions)
                        .equals(result)) {
            throw new FormatException(
                    config.where(), "rope_parameters and rope_scaling say different things", "Remove the wrong one");
        }
        return result;
    }

    /** The frequencies of layers of a type, if {@code rope_parameters} is a dictionary of dictionaries by type. */
    static Optional<RopeConfig> ofType(JsonFields config, int maxPositions, double defaultTheta, String layerType) {
        config.ignore("rope_parameters", "rope_theta");
        JsonNode types = config.node().path("rope_parameters");
        if (LAYER_TYPES.stream().noneMatch(types::has)) {
            return Optional.empty();
        }
        JsonFields byType = config.object("rope_parameters").ignore(LAYER_TYPES.toArray(String[]::new));
        byType.finish();
        JsonFields rope = byType.object(layerType);
        return Optional.of(read(rope, theta(config, rope, defaultTheta), maxPositions));
    }

    /** The dictionary of what is not default, of either generation; an empty one if there is none. */
    static JsonFields dictionary(JsonFields config) {
        for (String key : List.of("rope_parameters", "rope_scaling")) {
            if (config.has(key)) {
                return config.object(key);
            }
        }
        return JsonFields.of(JsonNodeFactory.instance.objectNode(), config.where());
    }

    private static RopeConfig read(JsonFields rope, double theta, int maxPositions) {
        String type = type(rope);
        RopeConfig result = switch (type) {
            case "default" -> new RopeConfig.Default(theta);
            case "linear" -> new RopeConfig.Linear(theta, factor(rope));
            case "llama3" -> llama3(rope, theta);
            case "yarn" -> yarn(rope, theta, maxPositions);
            default ->
                throw new FormatException(
                        rope.where(),
                        "rope_type '" + type + "' is not supported",
                        "Known are default, linear, llama3 and yarn");
        };
        if (type.equals("default")) {
            rope.ignore("factor"); // some exporters write factor 1.0 beside the default type
            if (rope.number("factor", 1) != 1) {
                throw new FormatException(
                        rope.where(), "rope_type is default but factor is not 1", "Give the rope_type that is meant");
            }
        }
        HarmlessKeys.ignoreInRope(rope);
        rope.finish();
        return result;
    }

    private static String type(JsonFields rope) {
        String modern = rope.string("rope_type", "");
        String old = rope.string("type", "");
        if (!modern.isEmpty() && !old.isEmpty() && !modern.equals(old)) {
            throw new FormatException(
                    rope.where(), "rope_type '" + modern + "' and type '" + old + "' differ", "Remove the wrong one");
        }
        if (modern.isEmpty() && old.isEmpty()) {
            return "default";
        }
        return modern.isEmpty() ? old : modern;
    }

    private static double theta(JsonFields config, JsonFields rope, double unlessSaid) {
        double outside = config.number("rope_theta", unlessSaid);
        double theta = rope.number("rope_theta", outside);
        if (!((float) theta > 1) || Float.isInfinite((float) theta)) {
            throw new FormatException(
                    config.where(), "rope_theta must be above 1 and finite, found " + theta, "Correct it");
        }
        return theta;
    }

    private static double factor(JsonFields rope) {
        double factor = rope.number("factor");
        if (!(factor >= 1) || Float.isInfinite((float) factor)) {
            throw new FormatException(
                    rope.where(), "factor must be at least 1 and finite, found " + factor, "Correct it");
        }
        return factor;
    }

    private static RopeConfig llama3(JsonFields rope, double theta) {
        double low = ConfigKeys.requirePositive(rope, "low_freq_factor", rope.number("low_freq_factor"));
        double high = rope.number("high_freq_factor");
        if (!(high > low) || Float.isInfinite((float) high)) {
            throw new FormatException(
                    rope.where(),
                    "need 0 < low_freq_factor < high_freq_factor, both finite, found " + low + " and " + high,
                    "Correct it");
        }
        return new RopeConfig.Llama3(
                theta,
                factor(rope),
                low,
                high,
                ConfigKeys.positive(rope, "original_max_position_embeddings", ConfigKeys.MAX_POSITIONS));
    }

    private static RopeConfig yarn(JsonFields rope, double theta, int maxPositions) {
        int original = rope.has("original_max_position_embeddings")
                ? ConfigKeys.positive(rope, "original_max_position_embeddings", ConfigKeys.MAX_POSITIONS)
                : maxPositions;
        rope.ignore("original_max_position_embeddings");
        double factor = factor(rope);
        double mscale = rope.number("mscale", 0);
        double mscaleAllDim = rope.number("mscale_all_dim", 0);
        double derived = RopeConfig.Yarn.defaultAttentionFactor(factor);
        if (mscale != 0 && mscaleAllDim != 0) {
            derived = magnitude(factor, mscale) / magnitude(factor, mscaleAllDim);
        }
        return new RopeConfig.Yarn(
                theta,
                factor,
                original,
                ConfigKeys.requirePositive(rope, "beta_fast", rope.number("beta_fast", 32)),
                ConfigKeys.requirePositive(rope, "beta_slow", rope.number("beta_slow", 1)),
                (float) ConfigKeys.requirePositive(rope, "attention_factor", rope.number("attention_factor", derived)),
                rope.bool("truncate", true));
    }

    private static double magnitude(double factor, double mscale) {
        return factor <= 1 ? 1 : 0.1 * mscale * StrictMath.log(factor) + 1;
    }
}
