// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.merge;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.Yaml;
import dev.jacobian.tensor.DType;
import dev.jacobian.transformer.Checkpoints;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * mergekit's configuration, read and written.
 *
 * <p>Decisions: models are folders on this machine, relative to where the command runs. One slice over all layers is the same as a list of models; slices
 * that stack layers are refused. Merging is row by row of the vocabulary, which the models must share, so a {@code tokenizer_source} of the base or
 * of all comes to the same and is read; what would make another vocabulary is refused, and so is every key that is not known.
 */
public final class MergeFile {
    private static final Set<String> KEYS = Set.of(
            "merge_method", "base_model", "models", "slices", "parameters", "dtype", "out_dtype", "tokenizer_source");

    private final String where;

    private MergeFile(String where) {
        this.where = where;
    }

    /**
     * Reads a file.
     *
     * @throws FormatException if it is no such configuration, or asks for what is not computed here
     */
    public static MergeConfig read(Path file) {
        return new MergeFile(file.toString()).config(Yaml.read(file));
    }

    /** Reads a text; {@code where} names it in messages. */
    public static MergeConfig parse(String yaml, String where) {
        return new MergeFile(where).config(Yaml.parse(yaml, where));
    }

    private MergeConfig config(JsonNode root) {
        if (!root.isObject()) {
            throw wrong("it holds no mapping", "Write merge_method: linear, models: and so on");
        }
        requireKeys(root, KEYS, "the file");
        if (root.has("models") == root.has("slices")) {
            throw wrong(
                    "it has " + (root.has("models") ? "both models and" : "neither models nor") + " slices",
                    "Keep one of them");
        }
        Map<String, MergeValue> parameters = new LinkedHashMap<>(parameters(root, "parameters"));
        List<MergeConfig.Model> models = new ArrayList<>();
        Optional<Path> base = reference(root.path("base_model"), "base_model");
        JsonNode listed = root.path("models");
        if (root.has("slices")) {
            JsonNode slice = onlySlice(root.get("slices"));
            requireKeys(slice, Set.of("sources", "parameters", "base_model"), "the slice");
            parameters(slice, "the slice's parameters")
                    .forEach((name, value) -> parameters.merge(name, value, (ofAll, ofSlice) -> ofSlice.orElse(ofAll)));
            base = base.or(() -> reference(slice.path("base_model"), "the slice's base_model"));
            listed = slice.path("sources");
        }
        if (!listed.isArray() || listed.isEmpty()) {
            throw wrong("it lists no models", "Write models: and below it - model: FOLDER for each");
        }
        for (JsonNode entry : listed) {
            requireKeys(entry, Set.of("model", "parameters", "layer_range"), "a model");
            Path folder = reference(entry.path("model"), "model")
                    .orElseThrow(() -> wrong("an entry names no model", "Write - model: FOLDER"));
            requireAllLayers(entry, folder);
            models.add(new MergeConfig.Model(folder, parameters(entry, "parameters of " + folder)));
        }
        try {
            MergeConfig config = new MergeConfig(
                    method(root.path("merge_method")),
                    base,
                    models,
                    parameters,
                    type(root.path("dtype"), "dtype"),
                    type(root.path("out_dtype"), "out_dtype"));
            requireOwnTokenizer(root.path("tokenizer_source"), config);
            return config;
        } catch (IllegalArgumentException e) {
            throw new FormatException(where, String.valueOf(e.getMessage()), "Change the file", e);
        }
    }

    private MergeMethod method(JsonNode json) {
        if (!json.isTextual()) {
            throw wrong(
                    "merge_method is " + Json.excerpt(json),
                    "It is one of "
                            + String.join(
                                    ", ",
                                    MergeMethod.all().stream()
                                            .map(MergeMethod::name)
                                            .toList()));
        }
        return MergeMethod.named(json.textValue());
    }

    /** A tokenizer of another model than the result's would be asked for in vain. */
    private void requireOwnTokenizer(JsonNode source, MergeConfig config) {
        if (source.isMissingNode() || source.isNull()) {
            return;
        }
        String text = source.isTextual() ? source.textValue() : "";
        Path own = config.pattern().folder();
        boolean isOwn = text.equals("union")
                || text.equals("base") && config.base().isPresent()
                || MergeConfig.same(Path.of(text), own);
        if (!isOwn) {
            throw wrong(
                    "tokenizer_source is " + Json.excerpt(source) + ", and the result has the tokenizer of " + own,
                    "Leave it out, and copy the other tokenizer's files into the result afterwards");
        }
    }

    private void requireKeys(JsonNode mapping, Set<String> known, String of) {
        if (!mapping.isObject()) {
            throw wrong(of + " is " + Json.excerpt(mapping) + ", no mapping", "Write key: value, one a line");
        }
        mapping.fieldNames().forEachRemaining(key -> {
            if (!known.contains(key)) {
                throw wrong(of + " has the key '" + key + "', which is not read here", fix(key, known));
            }
        });
    }

    private static String fix(String key, Set<String> known) {
        return switch (key) {
            case "tokenizer", "chat_template" ->
                "Remove it: the result has the base's (or first model's) tokenizer and template; change its files"
                        + " afterwards";
            case "modules", "residual_weight" -> "Models of text with all their layers are merged; use models";
            default ->
                "Keys here are " + String.join(", ", known.stream().sorted().toList());
        };
    }

    private JsonNode onlySlice(JsonNode slices) {
        if (!slices.isArray() || slices.size() != 1) {
            throw wrong(
                    "there are " + slices.size() + " slices",
                    "Layers cannot be stacked anew here: give one slice over all layers, or a list of models");
        }
        return slices.get(0);
    }

    private void requireAllLayers(JsonNode entry, Path folder) {
        JsonNode range = entry.path("layer_range");
        if (range.isMissingNode() || range.isNull()) {
            return;
        }
        int layers = Checkpoints.config(folder).layers();
        if (range.path(0).asInt(-1) != 0 || range.path(1).asInt(-1) != layers) {
            throw wrong(
                    "layer_range of " + folder + " is " + Json.excerpt(range) + ", and the model has " + layers
                            + " layers",
                    "Layers cannot be stacked anew here: write [0, " + layers + "], or leave it out");
        }
    }

    private Map<String, MergeValue> parameters(JsonNode of, String name) {
        JsonNode json = of.path("parameters");
        Map<String, MergeValue> out = new LinkedHashMap<>();
        if (json.isMissingNode() || json.isNull()) {
            return out;
        }
        if (!json.isObject()) {
            throw wrong(name + " is " + Json.excerpt(json) + ", no mapping", "Write name: value, one a line");
        }
        json.properties()
                .forEach(entry -> out.put(
                        entry.getKey(),
                        MergeValue.parse(entry.getValue(), where + ", " + name + ", " + entry.getKey())));
        return out;
    }

    private Optional<Path> reference(JsonNode json, String key) {
        if (json.isMissingNode() || json.isNull()) {
            return Optional.empty();
        }
        JsonNode path = json.isObject() ? json.path("model").path("path") : json;
        if (!path.isTextual() || path.textValue().isBlank()) {
            throw wrong(key + " is " + Json.excerpt(json) + ", no folder", "Write the path of a checkpoint's folder");
        }
        String text = path.textValue();
        Path folder = Path.of(text);
        if (!Files.isDirectory(folder)) {
            if (text.contains("+")) {
                throw wrong(
                        key + " " + text + " is a model with an adapter, which must be one model first",
                        "Run jacobian merge --model DIR --adapter DIR --out DIR, and name what it wrote");
            }
            throw wrong(
                    key + " " + text + " is no folder on this machine",
                    "Name the folder of a checkpoint (nothing is downloaded), from where the command runs");
        }
        return Optional.of(folder);
    }

    private Optional<DType> type(JsonNode json, String key) {
        if (json.isMissingNode() || json.isNull()) {
            return Optional.empty();
        }
        return Optional.of(
                switch (json.asText().toLowerCase(Locale.ROOT)) {
                    case "float32" -> DType.F32;
                    case "bfloat16" -> DType.BF16;
                    case "float16" -> DType.F16;
                    default ->
                        throw wrong(key + " is " + Json.excerpt(json), "It is one of float32, bfloat16 and float16");
                });
    }

    /** A configuration as a file has it, which reads as the same. */
    public static String text(MergeConfig config) {
        StringBuilder out = new StringBuilder("merge_method: ")
                .append(config.method().name())
                .append('\n');
        config.base()
                .ifPresent(base -> out.append("base_model: ")
                        .append(quoted(base.toString()))
                        .append('\n'));
        out.append("models:\n");
        for (MergeConfig.Model model : config.models()) {
            out.append("  - model: ").append(quoted(model.folder().toString())).append('\n');
            append(model.parameters(), "    ", out);
        }
        append(config.parameters(), "", out);
        config.dtype()
                .ifPresent(type -> out.append("dtype: ").append(name(type)).append('\n'));
        config.outDtype()
                .ifPresent(type -> out.append("out_dtype: ").append(name(type)).append('\n'));
        return out.toString();
    }

    private static void append(Map<String, MergeValue> parameters, String indent, StringBuilder out) {
        if (!parameters.isEmpty()) {
            out.append(indent).append("parameters:\n");
            new TreeMap<>(parameters)
                    .forEach((key, value) -> out.append(indent)
                            .append("  ")
                            .append(key)
                            .append(": ")
                            .append(text(value))
                            .append('\n'));
        }
    }

    private static String text(MergeValue value) {
        return switch (value) {
            case MergeValue.Constant(double number) -> Double.toString(number);
            case MergeValue.Gradient(List<Double> points) -> points.toString();
            case MergeValue.ByName(List<MergeValue.ByName.Entry> entries) ->
                entries.stream()
                        .map(entry -> "{"
                                + entry.filter()
                                        .map(filter -> "filter: " + quoted(filter) + ", ")
                                        .orElse("")
                                + "value: " + text(entry.value()) + "}")
                        .collect(Collectors.joining(", ", "[", "]"));
        };
    }

    private static String quoted(String text) {
        return JsonNodeFactory.instance.textNode(text).toString();
    }

    private static String name(DType type) {
        return switch (type) {
            case BF16 -> "bfloat16";
            case F16 -> "float16";
            default -> "float32";
        };
    }

    private FormatException wrong(String what, String fix) {
        return new FormatException(where, what, fix);
    }
}
