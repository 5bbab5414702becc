// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.lora;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonFields;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads adapter_config.json, and the {@code peft_config} of a training configuration, which has the same keys.
 *
 * <p>Decision: PEFT adds keys with every version, most of them for variants of its own. One that stands at nothing ({@code null}, {@code
 * false}, an empty list or object) asks for nothing; any other that is not known here is an error, because it would change the numbers.
 */
public final class LoraConfigReader {
    /** The file in an adapter's folder. */
    public static final String FILE = "adapter_config.json";

    /** What says nothing about numbers. */
    private static final String[] NOTES = {
        "auto_mapping",
        "base_model_name_or_path",
        "revision",
        "inference_mode",
        "megatron_core",
        "peft_version",
        "peft_type",
        "task_type",
        "qalora_group_size",
        "runtime_config",
        "fan_in_fan_out" // how a checkpoint stores a matrix is known of its family
    };

    private static final int MOST_RANK = 1 << 16;
    private static final int MOST_PATTERNS = 256;

    private final JsonFields fields;

    private LoraConfigReader(JsonFields fields) {
        this.fields = fields;
    }

    /**
     * Reads the file of an adapter's folder.
     *
     * @throws FormatException if it is missing or broken, or asks for what is not computed here
     */
    public static LoraConfig read(Path folder) {
        Path file = folder.resolve(FILE);
        return parse(Json.read(file), file.toString());
    }

    /**
     * Reads a JSON object.
     *
     * @param where where it comes from, for messages
     * @throws FormatException if it is broken, or asks for what is not computed here
     */
    public static LoraConfig parse(JsonNode json, String where) {
        return new LoraConfigReader(JsonFields.of(json, where)).config();
    }

    private LoraConfig config() {
        String type = fields.string("peft_type", "LORA");
        if (!type.equals("LORA")) {
            throw wrong("peft_type '" + type + "' is not supported", "Only LORA adapters can be used");
        }
        fields.ignore(NOTES);
        LoraConfig config = new LoraConfig(
                rank("r", fields.integer("r", 8)),
                positive("lora_alpha", fields.number("lora_alpha", 8)),
                dropout(),
                targets(),
                fields.find("exclude_modules").flatMap(json -> modules("exclude_modules", json)),
                fields.bool("use_rslora", false),
                fields.bool("use_dora", false),
                strings("modules_to_save"),
                bias(),
                patterns("rank_pattern", JsonFields::integer, this::rank),
                patterns("alpha_pattern", JsonFields::number, this::positive),
                layers(),
                strings("layers_pattern"),
                init(),
                fields.bool("ensure_weight_tying", false),
                (ObjectNode) fields.node());
        fields.ignoreNamed(name -> asksForNothing(fields.node().get(name)));
        fields.finish();
        if (config.targets() instanceof Modules.Matching && !config.layers().isEmpty()) {
            throw wrong(
                    "layers_to_transform goes with a list of target_modules, not with a regular expression",
                    "Name the layers in the expression");
        }
        if (config.layers().isEmpty() && !config.layersPattern().isEmpty()) {
            throw wrong("layers_pattern is given without layers_to_transform", "Give both or neither");
        }
        return config;
    }

    private static boolean asksForNothing(JsonNode value) {
        return value.isBoolean() && !value.booleanValue() || value.isContainerNode() && value.isEmpty();
    }

    private int rank(String key, int value) {
        if (value < 1 || value > MOST_RANK) {
            throw wrong("'" + key + "' is a rank of " + value, "Use one from 1 to " + MOST_RANK);
        }
        return value;
    }

    private double positive(String key, double value) {
        if (!(value > 0)) {
            throw wrong("'" + key + "' is " + value, "Use a number above 0");
        }
        return value;
    }

    private double dropout() {
        double rate = fields.number("lora_dropout", 0);
        if (!(rate >= 0 && rate < 1)) {
            throw wrong("'lora_dropout' is " + rate, "Use a probability from 0 to less than 1");
        }
        return rate;
    }

    private Modules targets() {
        if (fields.find("target_parameters")
                .filter(json -> !asksForNothing(json))
                .isPresent()) {
            throw wrong(
                    "'target_parameters' asks for adapters of the weights of experts, which are not supported",
                    "Name linear layers in target_modules");
        }
        return fields.find("target_modules")
                .flatMap(json -> modules("target_modules", json))
                .orElseGet(Modules.Default::new);
    }

    private Optional<Modules> modules(String key, JsonNode json) {
        if (json.isTextual()) {
            String text = json.textValue();
            return Optional.of(
                    key.equals("target_modules") && text.equalsIgnoreCase("all-linear")
                            ? new Modules.AllLinear()
                            : new Modules.Matching(ModulePattern.whole(text, fields.where() + ", " + key)));
        }
        List<String> names = strings(key);
        return names.isEmpty() ? Optional.empty() : Optional.of(new Modules.Named(names));
    }

    /** A list of strings, or one. */
    private List<String> strings(String key) {
        Optional<JsonNode> json = fields.find(key);
        if (json.isEmpty()) {
            return List.of();
        }
        if (json.get().isTextual()) {
            return List.of(json.get().textValue());
        }
        List<String> strings = new ArrayList<>();
        for (JsonNode element : fields.array(key)) {
            if (!element.isTextual() || element.textValue().isEmpty()) {
                throw wrong("'" + key + "' has the element " + Json.excerpt(element), "List names of modules");
            }
            strings.add(element.textValue());
        }
        return strings;
    }

    private Bias bias() {
        String bias = fields.string("bias", "none");
        for (Bias one : Bias.values()) {
            if (one.label().equals(bias)) {
                return one;
            }
        }
        throw wrong("'bias' is '" + bias + "'", "Use none, all or lora_only");
    }

    private List<Integer> layers() {
        Optional<JsonNode> json = fields.find("layers_to_transform");
        if (json.isEmpty()) {
            return List.of();
        }
        if (!json.get().isArray()) {
            return List.of(fields.integer("layers_to_transform"));
        }
        List<Integer> layers = new ArrayList<>();
        for (JsonNode element : json.get()) {
            if (!element.isIntegralNumber() || !element.canConvertToInt()) {
                throw wrong("'layers_to_transform' has the element " + Json.excerpt(element), "List numbers of layers");
            }
            layers.add(element.intValue());
        }
        return layers;
    }

    private Init init() {
        Optional<JsonNode> json = fields.find("init_lora_weights");
        if (json.isEmpty() || json.get().isBoolean()) {
            return json.isEmpty() || json.get().booleanValue() ? Init.ZERO_B : Init.RANDOM_B;
        }
        String name = fields.string("init_lora_weights");
        return switch (name) {
            case "gaussian" -> Init.GAUSSIAN;
            case "eva", "orthogonal" -> Init.OF_PEFT;
            default ->
                throw wrong(
                        "'init_lora_weights' is '" + name + "', which is not supported",
                        "Use true, false or \"gaussian\"; an adapter whose beginning changed the base model's weights"
                                + " can be converted to LoRA by PEFT (path_initial_model_for_weight_conversion)");
        };
    }

    private interface Value<T> {
        T read(JsonFields fields, String key);
    }

    private interface Check<T> {
        T checked(String key, T value);
    }

    private <T> Map<ModulePattern, T> patterns(String key, Value<T> value, Check<T> check) {
        Map<ModulePattern, T> patterns = new LinkedHashMap<>();
        if (fields.find(key).isPresent()) {
            JsonFields object = fields.object(key);
            if (object.node().size() > MOST_PATTERNS) {
                throw wrong(
                        "'" + key + "' has more than " + MOST_PATTERNS + " entries", "Use fewer, wider expressions");
            }
            object.node().fieldNames().forEachRemaining(pattern -> {
                String where = fields.where() + ", " + key;
                patterns.put(ModulePattern.ending(pattern, where), check.checked(pattern, value.read(object, pattern)));
            });
        }
        return patterns;
    }

    private FormatException wrong(String what, String fix) {
        return new FormatException(fields.where(), what, fix);
    }
}
