// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Where metrics go beside {@code metrics.jsonl}. */
public enum ReportTo {
    /** Nowhere. */
    NONE,
    /** To an event file of TensorBoard. */
    TENSORBOARD;

    /** The key. */
    static final String KEY = "report_to";

    /** What transformers knows beside TensorBoard: services and programs that nothing is sent to here. */
    private static final Set<String> OTHERS = Set.of(
            "all",
            "azure_ml",
            "clearml",
            "codecarbon",
            "comet_ml",
            "dagshub",
            "dvclive",
            "flyte",
            "mlflow",
            "neptune",
            "none",
            "swanlab",
            "trackio",
            "wandb");

    /** Whether a value of transformers', a name or a list of some, names TensorBoard. */
    static boolean isTensorBoard(JsonNode value) {
        return names(value).contains("tensorboard");
    }

    /** Whether it names only what transformers knows; null and an empty list name nothing. */
    static boolean isKnown(JsonNode value) {
        return names(value).stream().allMatch(name -> OTHERS.contains(name) || name.equals("tensorboard"));
    }

    private static List<String> names(JsonNode value) {
        List<String> names = new ArrayList<>();
        if (value.isArray()) {
            value.forEach(name -> names.add(name.asText()));
        } else if (!value.isNull()) {
            names.add(value.asText());
        }
        return names;
    }
}
