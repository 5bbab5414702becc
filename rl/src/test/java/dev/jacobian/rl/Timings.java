// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Jsonl;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The metrics that two runs with the same bits may differ in: times. */
final class Timings {
    static final List<String> NAMES = List.of(
            "step_time",
            "sampling_time",
            "switch_time",
            "tokens_per_s",
            "rollout/wait_seconds",
            "rollout/sampler_wait_seconds",
            "rollout/reward_seconds");

    private Timings() {}

    /** A run's metrics without them. */
    static List<JsonNode> without(Path run) {
        List<JsonNode> metrics = new ArrayList<>();
        for (JsonNode line : Jsonl.read(run.resolve("metrics.jsonl"))) {
            metrics.add(((ObjectNode) line).remove(NAMES));
        }
        return metrics;
    }
}
