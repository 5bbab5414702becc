// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.evaluation.Estimate;

/**
 * A claim and what came of it.
 *
 * @param claim with its settings
 * @param isQuick whether these are the ones for seconds, which prove nothing
 * @param results of seeds 1, 2, …
 * @param seconds spent, over all seeds
 */
public record ClaimOutcome(Claim claim, boolean isQuick, Results results, double seconds) {
    /** By the claim's own rule. */
    public ClaimVerdict verdict() {
        return claim.rule().judge(results);
    }

    /** {@code claim}, {@code verdict} and the figures, each with its interval ({@code low} and {@code high}) and the value of every seed. */
    public ObjectNode toJson() {
        ObjectNode json = Json.object();
        json.put("claim", claim.about().id());
        json.put("title", claim.about().title());
        json.put("verdict", verdict().words());
        json.put("size", isQuick ? "quick" : "full");
        json.put("seeds", results.seeds().size());
        json.put("seeds_vary", claim.varies());
        json.put("interval", Results.INTERVAL);
        json.put("rule", claim.rule().words());
        json.set("settings", claim.settings());
        ObjectNode figures = json.putObject("figures");
        results.intervals().forEach((name, estimate) -> figures.set(name, figure(name, estimate)));
        json.put("seconds", seconds);
        return json;
    }

    private ObjectNode figure(String name, Estimate estimate) {
        ObjectNode json = Json.object();
        put(json, "mean", estimate.value());
        put(json, "low", estimate.low());
        put(json, "high", estimate.high());
        ArrayNode seeds = json.putArray("seeds");
        for (double value : results.values(name)) {
            if (Double.isFinite(value)) {
                seeds.add(value);
            } else {
                seeds.addNull();
            }
        }
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
