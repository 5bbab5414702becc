// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonFields;
import dev.jacobian.transformer.plan.LayerPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** The keys of a config.json that say something of each layer: which have a window, of which type each is. */
public abstract sealed class LayerKeys extends SingleKeys permits ConfigKeys {
    /** Class default of transformers' MistralConfig, Qwen2Config and Qwen3Config. */
    private static final int DEFAULT_WINDOW = 4096;

    /** Class default of transformers' Qwen2Config and Qwen3Config. */
    private static final int DEFAULT_MAX_WINDOW_LAYERS = 28;

    LayerKeys(JsonFields fields, Map<String, String> names) {
        super(fields, names);
    }

    /** {@code num_hidden_layers} layers. */
    public List<LayerPlan> layers(IntFunction<LayerPlan> layer) {
        return IntStream.range(0, layers()).mapToObj(layer).toList();
    }

    /**
     * The window of each layer, 0 for none: {@code sliding_window} where {@code layer_types} says so, or, without it, where
     * the family does; a file without {@code sliding_window} means 4096.
     */
    public List<Integer> windows(IntPredicate slides) {
        return windows(DEFAULT_WINDOW, slides);
    }

    /** The same where a file without {@code sliding_window} means {@code unlessSaid}, 0 for none. */
    public List<Integer> windows(int unlessSaid, IntPredicate slides) {
        int layers = layers();
        boolean given = fields.node().has("sliding_window"); // null means none, whatever an absent one does
        boolean limited = given ? fields.has("sliding_window") : unlessSaid > 0;
        int window = fields.integer("sliding_window", unlessSaid);
        Optional<JsonNode> types = fields.find("layer_types");
        if (types.isPresent() && types.get().size() > layers) {
            throw new FormatException(
                    fields.where(),
                    "layer_types has " + types.get().size() + " entries for " + layers + " layers",
                    "Correct the file");
        }
        List<Integer> windows = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            boolean slidesHere = types.isPresent() ? slides(types.get(), layer, layers) : limited && slides.test(layer);
            if (slidesHere && (!limited || window <= 0)) {
                throw new FormatException(
                        fields.where(),
                        "layer " + layer + " slides but sliding_window is not positive",
                        "Give the window, or null for none");
            }
            windows.add(slidesHere ? window : 0);
        }
        return windows;
    }

    /** The same where {@code use_sliding_window} lets layers from {@code max_window_layers} on slide (Qwen). */
    public List<Integer> windowsFromLayer() {
        boolean used = flag("use_sliding_window");
        int first = fields.integer("max_window_layers", DEFAULT_MAX_WINDOW_LAYERS);
        return windows(layer -> used && layer >= first);
    }

    /** The same where all layers slide if {@code use_sliding_window} is true. */
    public List<Integer> windowsIfUsed() {
        boolean used = flag("use_sliding_window");
        return windows(layer -> used);
    }

    /** The same where it lets every other layer before {@code max_window_layers} slide, the first among them (Qwen 2 with experts). */
    public List<Integer> windowsBeforeLayer() {
        boolean used = flag("use_sliding_window");
        int end = fields.integer("max_window_layers", DEFAULT_MAX_WINDOW_LAYERS);
        return windows(layer -> used && layer % 2 == 0 && layer < end);
    }

    /**
     * The same where every so-many-th layer, as {@code sliding_window_pattern} says, is without a window; {@code unlessSaid} is the
     * pattern of a file that does not say.
     */
    public List<Integer> windowsButEvery(int unlessSaid) {
        fields.ignore("_sliding_window_pattern"); // the same once more, as transformers' classes keep it
        int pattern = positive(
                "sliding_window_pattern", MAX_LAYERS, positive("_sliding_window_pattern", MAX_LAYERS, unlessSaid));
        return windows(layer -> (layer + 1) % pattern != 0);
    }

    /** The type of each layer: {@code layer_types}, each of which must be known, or where there is none what the family has. */
    public List<String> layerTypes(IntFunction<String> unlessSaid, String... known) {
        int layers = layers();
        if (fields.find("layer_types").isEmpty()) {
            return IntStream.range(0, layers).mapToObj(unlessSaid).toList();
        }
        List<String> types = new ArrayList<>();
        for (JsonNode type : fields.array("layer_types")) {
            if (!List.of(known).contains(type.asText())) {
                throw new FormatException(
                        fields.where(),
                        "layer_types[" + types.size() + "] is " + Json.excerpt(type),
                        "Known are " + String.join(" and ", known));
            }
            types.add(type.asText());
        }
        if (types.size() != layers) {
            throw new FormatException(
                    fields.where(),
                    "layer_types has " + types.size() + " entries for " + layers + " layers",
                    "Correct the file");
        }
        return types;
    }

    /** The layers that an array lists by their numbers; empty where there is no array. */
    public Optional<Set<Integer>> layerNumbers(String key) {
        if (fields.find(key).isEmpty()) {
            return Optional.empty();
        }
        Set<Integer> numbers = new TreeSet<>();
        for (JsonNode number : fields.array(key)) {
            if (!number.isInt() || number.intValue() < 0 || number.intValue() >= layers()) {
                throw new FormatException(
                        fields.where(),
                        key + " has " + Json.excerpt(number),
                        "Give numbers of layers, from 0 to " + (layers() - 1));
            }
            numbers.add(number.intValue());
        }
        return Optional.of(numbers);
    }

    /** A switch for each layer: an array of 0 and 1, or where there is none what the family does. */
    public List<Boolean> switches(String key, IntPredicate unlessSaid) {
        int layers = layers();
        if (fields.find(key).isEmpty()) {
            return IntStream.range(0, layers).mapToObj(unlessSaid::test).toList();
        }
        List<Boolean> switches = new ArrayList<>();
        for (JsonNode value : fields.array(key)) {
            switches.add(value.asInt(-1) == 1);
            if (!value.isIntegralNumber() || value.asInt() != 0 && value.asInt() != 1) {
                throw new FormatException(
                        fields.where(), key + " has " + Json.excerpt(value), "Give 0 or 1 for each layer");
            }
        }
        if (switches.size() != layers) {
            throw new FormatException(
                    fields.where(),
                    key + " has " + switches.size() + " entries for " + layers + " layers",
                    "Correct the file");
        }
        return switches;
    }

    private boolean slides(JsonNode types, int layer, int layers) {
        String type = types.path(layer).asText("");
        return switch (type) {
            case "full_attention" -> false;
            case "sliding_attention" -> true;
            default ->
                throw new FormatException(
                        fields.where(),
                        "layer_types[" + layer + "] is '" + type + "'",
                        "Known are full_attention and sliding_attention, one for each of the " + layers + " layers");
        };
    }
}
