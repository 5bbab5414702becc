// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.WeightFormats;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraConfigReader;
import dev.jacobian.transformer.plan.Head;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What is trained of a model: all of it, or an adapter.
 *
 * @param folder an adapter that training begins with
 * @param fresh {@code peft_config} of a new one
 * @param weights how the weights beside an adapter are held
 */
record LoraChoice(Optional<Path> folder, Optional<ObjectNode> fresh, WeightFormats weights) {
    /** All of the model. */
    static final LoraChoice NONE = new LoraChoice(Optional.empty(), Optional.empty(), WeightFormats.F32);

    private static final String ADAPTER = "adapter";
    private static final String FRESH = "peft_config";
    private static final String WEIGHTS = "weights";

    /** Whether an adapter is trained. */
    boolean isAdapter() {
        return folder.isPresent() || fresh.isPresent();
    }

    /** The model of a folder, ready to be trained. */
    CausalLM load(Path model, ModelOptions options, long seed) {
        return adapter(seed)
                .map(source -> CausalLM.load(model, options.weights(weights), source))
                .orElseGet(() -> CausalLM.load(model, options));
    }

    /** The same with a head that scores, its own or a fresh one. */
    CausalLM loadScoring(Path model, Head.Scores head, ModelOptions options, long seed) {
        return CausalLM.loadScoring(model, head, isAdapter() ? options.weights(weights) : options, adapter(seed), seed);
    }

    private Optional<AdapterSource> adapter(long seed) {
        return folder.isPresent()
                ? folder.map(path -> new AdapterSource.Saved(path).seed(seed))
                : fresh.map(json -> new AdapterSource.Fresh(LoraConfigReader.parse(json, FRESH), seed));
    }

    /** The same in run.json, among the options that a run was started with. */
    Map<String, String> options() {
        Map<String, String> options = new TreeMap<>();
        folder.ifPresent(
                path -> options.put(ADAPTER, path.toAbsolutePath().normalize().toString()));
        fresh.ifPresent(json -> options.put(FRESH, Json.compact(json)));
        if (isAdapter()) {
            options.put(WEIGHTS, weights.label());
        }
        return options;
    }

    /** The choice that a run was started with. */
    static LoraChoice read(JsonNode options, String where) {
        Optional<Path> folder = Optional.ofNullable(options.get(ADAPTER)).map(node -> Path.of(node.asText()));
        Optional<ObjectNode> fresh = Optional.ofNullable(options.get(FRESH))
                .map(node -> LoraConfigReader.parse(Json.parse(node.asText(), where), where)
                        .source());
        return new LoraChoice(
                folder, fresh, WeightFormats.parse(options.path(WEIGHTS).asText(WeightFormats.F32.label())));
    }
}
