// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import dev.jacobian.transformer.WeightFormats;
import dev.jacobian.transformer.lora.LoraConfigReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Option;

/** Whether an adapter is trained instead of the whole model, and which. */
final class LoraOption {
    private static final String PEFT_CONFIG = "peft_config";

    /** TRL's names for what its commands take, and PEFT's. */
    private static final Map<String, String> SHORT = new LinkedHashMap<>();

    static {
        SHORT.put("lora_r", "r");
        SHORT.put("lora_alpha", "lora_alpha");
        SHORT.put("lora_dropout", "lora_dropout");
        SHORT.put("lora_target_modules", "target_modules");
        SHORT.put("lora_modules_to_save", "modules_to_save");
        SHORT.put("lora_bias", "bias");
        SHORT.put("use_rslora", "use_rslora");
        SHORT.put("use_dora", "use_dora");
    }

    @Option(
            names = "--lora",
            description =
                    "Train a low-rank adapter instead of all weights (r 16, alpha 32, all linear layers; --set lora_r,"
                            + " lora_alpha, lora_dropout, lora_target_modules=q_proj,v_proj, lora_modules_to_save,"
                            + " lora_bias, use_rslora, use_dora, or 'peft_config' in --config). The result is PEFT's"
                            + " adapter_model.safetensors.")
    private boolean lora;

    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description =
                    "Train this adapter on: a folder with PEFT's adapter_config.json and adapter_model.safetensors.")
    private Optional<Path> adapter = Optional.empty();

    @Option(
            names = "--weights",
            paramLabel = "FORMAT",
            converter = WeightsOption.Converter.class,
            description =
                    "With an adapter: how to hold the weights that are not trained: f32, bf16, q8_0, q4_0 or as-stored"
                            + " (default: f32).")
    private Optional<WeightFormats> weights = Optional.empty();

    /** Whether the command line asks for an adapter. */
    boolean isGiven() {
        return lora || adapter.isPresent();
    }

    /** The settings without those that are about adapters. */
    static Given without(Given given) {
        return given.without(List.of(PEFT_CONFIG)).without(SHORT.keySet());
    }

    /** What the command line and the settings choose; empty if they say nothing about adapters. */
    Optional<LoraChoice> choice(Given given) {
        if (adapter.isPresent()) {
            SHORT.keySet().stream().filter(given.keys()::contains).findFirst().ifPresent(key -> {
                throw new CliException("'" + key + "' is about a new adapter, and --adapter names one that has its own"
                        + " adapter_config.json; leave one of the two out");
            });
        }
        Optional<ObjectNode> fresh = fresh(given);
        if (adapter.isEmpty() && fresh.isEmpty()) {
            if (weights.isPresent()) {
                throw new CliException(
                        "--weights goes with an adapter (--lora or --adapter): weights that are trained are F32");
            }
            return Optional.empty();
        }
        adapter.map(LoraOption::existing).ifPresent(folder -> fresh.ifPresent(asked -> requireSame(asked, folder)));
        return Optional.of(new LoraChoice(
                adapter, adapter.isPresent() ? Optional.empty() : fresh, weights.orElse(WeightFormats.F32)));
    }

    /** Refuses a {@code peft_config} that asks for another adapter than the one that is trained on, which keeps its own. */
    private static void requireSame(ObjectNode asked, Path folder) {
        ObjectNode own = LoraConfigReader.read(folder).source();
        asked.properties().forEach(field -> {
            JsonNode has = own.path(field.getKey());
            if (!field.getValue().isNull() && !isSame(field.getValue(), has)) {
                throw new CliException("'peft_config' has " + field.getKey() + " = " + Json.excerpt(field.getValue())
                        + ", and the adapter in " + folder + " has "
                        + (has.isMissingNode() ? "none" : Json.excerpt(has))
                        + "; an adapter that is trained on keeps its own settings: leave 'peft_config' out, or"
                        + " --adapter to begin a new one");
            }
        });
    }

    /** Equal numbers, or equal lists in any order: PEFT writes names of modules in the order of a set. */
    private static boolean isSame(JsonNode asked, JsonNode own) {
        if (asked.isNumber() && own.isNumber()) {
            return asked.doubleValue() == own.doubleValue();
        }
        if (asked.isArray() && own.isArray()) {
            return Set.copyOf(list(asked)).equals(Set.copyOf(list(own)));
        }
        return asked.equals(own);
    }

    private static List<String> list(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(one -> texts.add(one.toString()));
        return texts;
    }

    /** Refuses a path that cannot be an adapter's folder. */
    static Path existing(Path folder) {
        if (!Files.exists(folder.resolve(LoraConfigReader.FILE))) {
            throw new CliException("there is no " + folder.resolve(LoraConfigReader.FILE)
                    + "; --adapter takes the folder of an adapter that PEFT or jacobian has saved");
        }
        return folder;
    }

    private Optional<ObjectNode> fresh(Given given) {
        Optional<JsonNode> config =
                given.get(PEFT_CONFIG).map(Given.Value::json).filter(json -> !json.isNull());
        ObjectNode json;
        if (config.isPresent()) {
            if (!(config.get() instanceof ObjectNode object)) {
                throw new CliException(
                        "'peft_config' must be an object with PEFT's LoraConfig, found " + Json.excerpt(config.get()));
            }
            json = object.deepCopy();
        } else if (lora) {
            json = Json.object().put("r", 16).put("lora_alpha", 32).put("target_modules", "all-linear");
        } else {
            SHORT.keySet().stream().filter(given.keys()::contains).findFirst().ifPresent(key -> {
                throw new CliException("'" + key + "' is about an adapter; say --lora to train one");
            });
            return Optional.empty();
        }
        SHORT.forEach((name, key) -> given.get(name).ifPresent(value -> json.set(key, list(name, value.json()))));
        return Optional.of(json);
    }

    /** {@code q_proj,v_proj} as a list. */
    private static JsonNode list(String name, JsonNode value) {
        boolean modules = name.endsWith("_modules") || name.endsWith("_to_save");
        if (!modules || !value.isTextual() || value.textValue().equals("all-linear")) {
            return value;
        }
        ArrayNode names = Json.object().putArray("names");
        List.of(value.textValue().split(",")).forEach(one -> names.add(one.strip()));
        return names;
    }
}
