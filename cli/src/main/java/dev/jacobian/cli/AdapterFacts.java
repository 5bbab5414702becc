// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.io.safetensors.TensorInfo;
import dev.jacobian.transformer.lora.LoraConfig;
import dev.jacobian.transformer.lora.LoraConfigReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What an adapter's folder holds.
 *
 * @param modules paths of what it changes, in the order of the file
 */
record AdapterFacts(LoraConfig config, List<String> modules, List<TensorInfo> tensors) {
    private static final String PREFIX = "base_model.model.";

    /** Whether a folder is an adapter's. */
    static boolean isAdapter(Path folder) {
        return Files.exists(folder.resolve(LoraConfigReader.FILE)) && !Files.exists(folder.resolve("config.json"));
    }

    static AdapterFacts of(Path folder) {
        LoraConfig config = LoraConfigReader.read(folder);
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("adapter_model.safetensors"))) {
            List<TensorInfo> infos = List.copyOf(file.infos());
            List<String> modules = infos.stream()
                    .map(TensorInfo::name)
                    .filter(name -> name.matches(".*\\.lora_(A\\.weight|embedding_A)"))
                    .map(name -> name.replaceFirst("\\.lora_.*", ""))
                    .map(name -> name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name)
                    .distinct()
                    .toList();
            return new AdapterFacts(config, modules, infos);
        }
    }

    private long parameters() {
        return tensors.stream().mapToLong(TensorInfo::elements).sum();
    }

    private String kind() {
        return (config.magnitudes() ? "DoRA" : "LoRA") + (config.rankStabilized() ? ", rank-stabilized" : "");
    }

    private String base() {
        return config.source().path("base_model_name_or_path").asText("unknown");
    }

    /** In words, a fact a line. */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(row(
                "adapter",
                "%s of rank %d, alpha %s, dropout %s",
                kind(),
                config.rank(),
                config.alpha(),
                config.dropout()));
        lines.add(row("base model", "%s", base()));
        lines.add(row(
                "changes",
                "%d modules, such as %s",
                modules.size(),
                modules.stream().findFirst().orElse("none")));
        lines.add(row(
                "also trained",
                "biases: %s; whole modules: %s",
                config.bias().label(),
                config.saved().isEmpty() ? "none" : String.join(", ", config.saved())));
        lines.add(row("stored", "%,d parameters in %d tensors", parameters(), tensors.size()));
        return lines;
    }

    private static String row(String name, String format, Object... values) {
        return String.format(Locale.ROOT, "%-13s %s", name, String.format(Locale.ROOT, format, values));
    }

    ObjectNode toJson() {
        ObjectNode json = Json.object();
        json.put("peft_type", "LORA");
        json.put("r", config.rank());
        json.put("lora_alpha", config.alpha());
        json.put("use_dora", config.magnitudes());
        json.put("use_rslora", config.rankStabilized());
        json.put("base_model_name_or_path", base());
        json.put("parameters", parameters());
        ArrayNode list = json.putArray("modules");
        modules.forEach(list::add);
        return json;
    }
}
