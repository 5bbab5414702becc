// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.GenerationConfigBuilder;
import dev.jacobian.transformer.generation.GenerationKey;
import dev.jacobian.transformer.generation.GenerationKey.Type;
import dev.jacobian.transformer.generation.GenerationKeys;
import dev.jacobian.transformer.generation.GenerationSettings;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The settings of generation as options: every key of {@link GenerationKeys} under its own name with hyphens, and the model's
 * generation_config.json beneath them.
 */
final class GenerationOptions {
    @Option(names = "--greedy", description = "Take the likeliest token each time: --do-sample=false.")
    private boolean greedy;

    @Mixin
    private RecommendedOption recommended;

    private final Map<GenerationKey, OptionSpec> options = new LinkedHashMap<>();

    /** Adds an option for each key to the command. */
    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("unused") // picocli calls it
    void addTo(CommandSpec command) {
        ArgGroupSpec.Builder group =
                ArgGroupSpec.builder().validate(false).heading("%nSettings of generation (docs/generation.md):%n");
        for (GenerationKey key : GenerationKeys.ALL) {
            OptionSpec option = option(key);
            options.put(key, option);
            group.addArg(option);
        }
        command.addArgGroup(group.build());
    }

    private static OptionSpec option(GenerationKey key) {
        String doc = key.doc().replace("`", "").replace("%", "%%");
        String sentence = doc.substring(0, 1).toUpperCase(Locale.ROOT) + doc.substring(1);
        String preset = key.preset().isEmpty() ? "" : " (default: " + key.preset() + ")";
        OptionSpec.Builder option =
                OptionSpec.builder(name(key)).paramLabel(label(key.type())).description(sentence + preset + ".");
        if (key.type() == Type.STRINGS) {
            return option.type(List.class)
                    .auxiliaryTypes(String.class)
                    .arity("1")
                    .build();
        }
        return key.type() == Type.BOOLEAN
                ? option.type(String.class).arity("0..1").fallbackValue("true").build()
                : option.type(String.class).arity("1").build();
    }

    private static String name(GenerationKey key) {
        return "--" + key.name().replace('_', '-');
    }

    private static String label(Type type) {
        return switch (type) {
            case INTEGER -> "N";
            case NUMBER -> "X";
            case BOOLEAN -> "true|false";
            case TOKEN, TOKENS -> "ID";
            case EARLY -> "true|false|never";
            case STRINGS -> "TEXT";
            case SEQUENCES, BIASES, BIAS_OF_TOKENS, DECAY -> "JSON";
        };
    }

    /**
     * What the options say.
     *
     * @param folder of the model, whose recommendations are taken where the options say nothing
     * @throws FormatException if a value is of another type, or a file is broken or has settings that are unknown or not supported
     */
    GenerationSettings settings(Path folder) {
        GenerationSettings settings = recommended.settings(folder);
        options.forEach((key, option) -> {
            Object given = option.getValue();
            if (given != null) {
                settings.set(key.name(), json(key, given), name(key));
            }
        });
        if (greedy) {
            if (settings.asks("do_sample")) {
                throw new FormatException("--greedy", "--do-sample says it too", "Give one of them");
            }
            settings.set("do_sample", BooleanNode.FALSE, "--greedy");
        }
        return settings;
    }

    private static JsonNode json(GenerationKey key, Object given) {
        if (given instanceof List<?> texts) {
            var array = JsonNodeFactory.instance.arrayNode();
            texts.forEach(text -> array.add(text.toString()));
            return array;
        }
        String text = given.toString();
        try {
            return text.equals("never") ? TextNode.valueOf(text) : Json.parse(text, name(key));
        } catch (FormatException e) {
            throw new FormatException(
                    name(key), "'" + text + "' is not " + key.type().words(), "Correct the value");
        }
    }

    /** Says what the model's own settings do. */
    void tellRecommended(GenerationSettings settings, Streams streams) {
        recommended.tell(settings, streams);
    }

    /** A configuration with all settings, to which more may be added. */
    static GenerationConfigBuilder builder(GenerationSettings settings, long seed) {
        return settings.apply(GenerationConfig.builder().seed(seed));
    }
}
