// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe.stage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonFields;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code stage.json}, which says that a stage is finished, and everything that is told of it. Written atomically and last.
 *
 * <pre>
 * { "format": 1, "stage": "rl", "purpose": "…", "settings": {…}, "seconds": 12.5,
 *   "figures": {"pass@1_after": 0.6, …}, "products": {"model": "."},
 *   "curves": {"reward": {"steps": [1, 2], "values": [0.1, 0.2]}, …},
 *   "samples": [{"when": "before", "prompt": "…", "completion": "…", "reward": 1.0, "solved": true}, …] }
 * </pre>
 *
 * @param stage name
 * @param purpose in a sentence
 * @param settings with which it was done
 * @param seconds that the last part of it took, which began when it was gone on with last
 * @param result all that came of it
 */
public record StageFile(String stage, String purpose, ObjectNode settings, double seconds, StageResult result) {
    /** The file's name. */
    public static final String NAME = "stage.json";

    private static final int FORMAT = 1;
    private static final String FIX = "Remove the file to do the stage again";

    /** What is told of a stage; empty if it is not finished. */
    public static Optional<StageFile> read(Path folder) {
        Path file = folder.resolve(NAME);
        return Files.exists(file) ? Optional.of(parse(Json.read(file), file.toString())) : Optional.empty();
    }

    private static StageFile parse(JsonNode json, String where) {
        JsonFields fields = JsonFields.of(json, where);
        if (fields.integer("format") != FORMAT) {
            throw new FormatException(
                    where, "format " + fields.integer("format"), "Go on with the version that wrote it");
        }
        Map<String, JsonNode> figures = new LinkedHashMap<>();
        object(fields, "figures").properties().forEach(entry -> {
            if (!entry.getValue().isNumber() && !entry.getValue().isTextual()) {
                throw new FormatException(where, "the figure '" + entry.getKey() + "' is neither number nor text", FIX);
            }
            boolean whole = entry.getValue().isIntegralNumber();
            figures.put(
                    entry.getKey(), whole ? LongNode.valueOf(entry.getValue().longValue()) : entry.getValue());
        });
        Map<String, String> products = new LinkedHashMap<>();
        object(fields, "products")
                .properties()
                .forEach(entry -> products.put(entry.getKey(), entry.getValue().asText()));
        Map<String, Curve> curves = new LinkedHashMap<>();
        object(fields, "curves")
                .properties()
                .forEach(entry -> curves.put(entry.getKey(), curve(entry.getValue(), where)));
        List<Sample> samples = new ArrayList<>();
        for (JsonFields sample : fields.objects("samples")) {
            samples.add(new Sample(
                    sample.string("when"),
                    sample.string("prompt"),
                    sample.string("completion"),
                    sample.number("reward"),
                    sample.bool("solved", false)));
        }
        try {
            return new StageFile(
                    fields.string("stage"),
                    fields.string("purpose"),
                    object(fields, "settings"),
                    fields.number("seconds"),
                    new StageResult(figures, products, curves, samples));
        } catch (IllegalArgumentException refused) {
            throw new FormatException(where, String.valueOf(refused.getMessage()), FIX, refused);
        }
    }

    private static ObjectNode object(JsonFields fields, String key) {
        return (ObjectNode) fields.object(key).node();
    }

    private static Curve curve(JsonNode json, String where) {
        List<Integer> steps = new ArrayList<>();
        json.path("steps").forEach(step -> steps.add(step.asInt()));
        List<Double> values = new ArrayList<>();
        json.path("values").forEach(value -> values.add(value.asDouble()));
        if (steps.size() != values.size()) {
            throw new FormatException(
                    where, "a curve has " + steps.size() + " steps and " + values.size() + " values", FIX);
        }
        return new Curve(steps, values);
    }

    /** Writes it into the stage's folder, whole or not at all. */
    void write(Path folder) {
        Json.write(folder.resolve(NAME), toJson());
    }

    /** The file's content. */
    public ObjectNode toJson() {
        ObjectNode json = Json.object();
        json.put("format", FORMAT);
        json.put("stage", stage);
        json.put("purpose", purpose);
        json.set("settings", settings);
        json.put("seconds", seconds);
        ObjectNode figures = json.putObject("figures");
        result.figures().forEach(figures::set);
        ObjectNode products = json.putObject("products");
        result.products().forEach(products::put);
        ObjectNode curves = json.putObject("curves");
        result.curves().forEach((name, curve) -> {
            ObjectNode points = curves.putObject(name);
            ArrayNode steps = points.putArray("steps");
            curve.steps().forEach(steps::add);
            ArrayNode values = points.putArray("values");
            curve.values().forEach(values::add);
        });
        ArrayNode samples = json.putArray("samples");
        for (Sample sample : result.samples()) {
            samples.addObject()
                    .put("when", sample.when())
                    .put("prompt", sample.prompt())
                    .put("completion", sample.completion())
                    .put("reward", sample.reward())
                    .put("solved", sample.solved());
        }
        return json;
    }
}
