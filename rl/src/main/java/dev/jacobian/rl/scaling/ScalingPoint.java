// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.scaling;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.evaluation.Estimate;

/**
 * What was gained for a price.
 *
 * @param setting what was set, in words: {@code k = 8}
 * @param samples completions, or beams, that a problem is given
 * @param tokens that were sampled for a problem, all of its samples together, in the mean
 * @param accuracy share of problems that are solved, with its interval
 */
public record ScalingPoint(String setting, double samples, double tokens, Estimate accuracy) {
    ObjectNode toJson() {
        ObjectNode json = Json.object();
        json.put("setting", setting);
        json.put("samples", samples);
        json.put("tokens", tokens);
        json.put("accuracy", accuracy.value());
        put(json, "low", accuracy.low());
        put(json, "high", accuracy.high());
        return json;
    }

    private static void put(ObjectNode json, String name, double value) {
        if (Double.isFinite(value)) {
            json.put(name, value);
        } else {
            json.putNull(name);
        }
    }
}
