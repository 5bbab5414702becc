// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import dev.jacobian.transformer.plan.RopeConfig;
import java.util.ArrayList;
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

    private static final String ORIGINAL = "original_max_position_embeddings";

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
            case "dynamic" -> new RopeConfig.Dynamic(theta, factor(rope), maxPositions);
            default ->
                throw new FormatException(
                        rope.where(),
                        "rope_type '" + type + "' is not supported",
                        "Known are default, linear, dynamic, llama3, yarn and, where all layers turn alike, longrope");
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

    /**
     * LongRoPE, if the dictionary says so; "su" is its first name. Its numbers stand partly outside of it.
     *
     * @param pairs how many are turned
     * @param others keys of the dictionary that are the family's affair
     */
    static Optional<RopeConfig> longRope(
            JsonFields config, int maxPositions, double defaultTheta, int pairs, String... others) {
        JsonFields rope = dictionary(config);
        String type = type(rope);
        if (!type.equals("longrope") && !type.equals("su")) {
            return Optional.empty();
        }
        config.ignore("rope_parameters", "rope_scaling", "rope_theta", ORIGINAL);
        rope.ignore(others).ignore(ORIGINAL);
        JsonFields of = config.has(ORIGINAL) ? config : rope;
        int original = of.has(ORIGINAL) ? ConfigKeys.positive(of, ORIGINAL, ConfigKeys.MAX_POSITIONS) : maxPositions;
        double given = rope.has("factor") ? factor(rope) : 1;
        double factor = of.has(ORIGINAL) ? (double) maxPositions / original : given;
        double derived = RopeConfig.LongRope.defaultAttentionFactor(factor, original);
        RopeConfig result = new RopeConfig.LongRope(
                theta(config, rope, defaultTheta),
                factors(rope, "short_factor", pairs),
                factors(rope, "long_factor", pairs),
                original,
                (float) ConfigKeys.requirePositive(rope, "attention_factor", rope.number("attention_factor", derived)));
        HarmlessKeys.ignoreInRope(rope);
        rope.finish();
        return Optional.of(result);
    }

    private static List<Double> factors(JsonFields rope, String key, int pairs) {
        List<Double> factors = new ArrayList<>();
        for (JsonNode factor : rope.array(key)) {
            factors.add(ConfigKeys.requirePositive(rope, key, factor.asDouble()));
        }
        if (factors.size() != pairs) {
            throw new FormatException(
                    rope.where(),
                    key + " has " + factors.size() + " numbers for " + pairs + " pairs of elements",
                    "Correct the file");
        }
        return factors;
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

    /**
     * The factor on the scores of latent attention that belongs to a scaled rotary embedding: the square of {@code 0.1 ·
     * mscale_all_dim · ln(factor) + 1}, 1 where the file has none of them.
     */
    static double scoreFactor(JsonFields config) {
        JsonFields rope = dictionary(config);
        if (type(rope).equals("default")) {
            return 1;
        }
        double allDim = rope.number("mscale_all_dim", 0);
        double magnitude = allDim == 0 ? 1 : magnitude(factor(rope), allDim);
        return magnitude * magnitude;
    }

    private static double magnitude(double factor, double mscale) {
        return factor <= 1 ? 1 : 0.1 * mscale * StrictMath.log(factor) + 1;
    }
}
