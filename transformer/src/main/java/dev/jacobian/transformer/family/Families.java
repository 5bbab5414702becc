// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonFields;
import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Head;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/** The model families that can be loaded, and the way from a config.json to its family's plan. */
public final class Families {
    private static final List<Family> ALL = List.of(
            new Llama(),
            new Mistral(),
            new Ministral(),
            new Ministral3(),
            new Qwen2(),
            new Qwen3(),
            new Olmo2(),
            new Olmo3(),
            new Granite(),
            new Nemotron(),
            new SmolLm3(),
            new StarCoder2(),
            new Gpt2(),
            new Mixtral(),
            new Qwen2Moe(),
            new Qwen3Moe(),
            new Qwen3Next(),
            new Qwen35(),
            new GptOss(),
            new DeepSeek3(),
            new Lfm2(),
            new Gemma(),
            new Gemma2(),
            new Gemma3(),
            new Phi3(),
            new GptNeoX(),
            new StableLm(),
            new Glm(),
            new Glm4(),
            new Cohere(),
            new Cohere2());

    private Families() {}

    /** All families. */
    public static List<Family> all() {
        return ALL;
    }

    /** The family of a {@code model_type}, if there is one. */
    public static Optional<Family> named(String modelType) {
        return ALL.stream()
                .filter(family -> family.modelType().equals(modelType))
                .findFirst();
    }

    /**
     * Reads config.json of a checkpoint folder.
     *
     * @throws FormatException if the file is missing or broken, the architecture is unknown, or a key is there that this
     *     code does not know and that might change the numbers
     */
    public static DecoderConfig read(Path folder) {
        Path file = folder.resolve("config.json");
        return parse(Json.read(file), file.toString());
    }

    /**
     * Reads the content of a config.json. Of a model that reads images too it is the language model within.
     *
     * @param where where it comes from, for messages
     * @throws FormatException as {@link #read}
     */
    public static DecoderConfig parse(JsonNode config, String where) {
        JsonFields fields = JsonFields.of(TextPart.of(config, where), where);
        Family family = of(fields);
        ConfigKeys keys = ConfigKeys.of(fields, family.keys());
        DecoderPlan plan = family.plan(keys);
        Optional<Head.Scores> scores = ScoringConfig.head(fields, family);
        return keys.finish(
                family.modelType(),
                scores.map(head -> family.scoring(plan, head)).orElse(plan));
    }

    /**
     * The configuration of a model that scores, made of a language model's: its plan, and config.json as transformers writes it.
     *
     * @param padding the token that is no part of a sequence, where the configuration does not say
     */
    public static DecoderConfig scoring(DecoderConfig config, Head.Scores head, OptionalInt padding) {
        Family family = named(config.family()).orElseThrow();
        return new DecoderConfig(
                config.family(),
                family.scoring(config.plan(), head),
                config.maxPositions(),
                config.initializerRange(),
                config.quantization(),
                ScoringConfig.write(config.source(), family, head, padding));
    }

    private static Family of(JsonFields config) {
        String type = config.string("model_type");
        Family family = named(type)
                .orElseThrow(() -> new FormatException(
                        config.where(),
                        "model_type '" + type + "' is not supported",
                        "Use a checkpoint of one of: "
                                + ALL.stream().map(Family::modelType).collect(Collectors.joining(", "))
                                + "; or, for text alone, of one that reads images: "
                                + String.join(", ", TextPart.wrappers())));
        checkArchitecture(config, family);
        return family;
    }

    private static void checkArchitecture(JsonFields config, Family family) {
        config.find("architectures").ifPresent(list -> {
            String first = list.path(0).asText("");
            boolean known = family.isArchitecture(first) || ScoringConfig.isArchitecture(first, family);
            if (list.size() > 0 && !known) {
                throw new FormatException(
                        config.where(),
                        "architecture '" + first + "' does not belong to model_type '" + family.modelType() + "'",
                        "Only causal language models, and those with a head that scores in its place, can be loaded: "
                                + family.architecture());
            }
        });
    }
}
