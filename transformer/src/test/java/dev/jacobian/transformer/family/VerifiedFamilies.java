// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.TestJson;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Which models' numbers the tests compare with those of transformers, by what the files of the oracle hold. */
final class VerifiedFamilies {
    private static final Map<String, Predicate<GoldenModel>> WHAT = new LinkedHashMap<>();

    static {
        WHAT.put("logits", golden -> golden.json().has("cases"));
        WHAT.put("loss and gradients", golden -> golden.json().has("loss"));
        WHAT.put("greedy generation", golden -> golden.json().has("generation"));
        WHAT.put("tokenizer", golden -> has(golden, "tokenizer.json"));
        WHAT.put("chat template", VerifiedFamilies::hasTemplate);
    }

    private VerifiedFamilies() {}

    private static boolean has(GoldenModel golden, String file) {
        return Files.exists(golden.folder().resolve(file));
    }

    private static boolean hasTemplate(GoldenModel golden) {
        return has(golden, "chat_template.jinja")
                || has(golden, "tokenizer_config.json")
                        && TestJson.read(golden.folder().resolve("tokenizer_config.json"))
                                .has("chat_template");
    }

    /** A table in Markdown, a family a row. */
    static String table() {
        List<GoldenModel> models = GoldenModel.all();
        StringBuilder text = new StringBuilder("| `model_type` | models |");
        WHAT.keySet().forEach(what -> text.append(' ').append(what).append(" |"));
        text.append("\n|").append(" --- |".repeat(WHAT.size() + 2)).append('\n');
        for (Family family : Families.all()) {
            List<GoldenModel> own = models.stream()
                    .filter(golden -> family.modelType().equals(type(golden)))
                    .toList();
            text.append("| `").append(family.modelType()).append("` | ");
            text.append(own.stream().map(GoldenModel::name).collect(Collectors.joining(", ")))
                    .append(" |");
            WHAT.values().forEach(test -> text.append(own.stream().anyMatch(test) ? " yes |" : " |"));
            text.append('\n');
        }
        return text.toString();
    }

    private static String type(GoldenModel golden) {
        JsonNode config = TestJson.read(golden.folder().resolve("config.json"));
        return config.path("model_type").asText();
    }
}
