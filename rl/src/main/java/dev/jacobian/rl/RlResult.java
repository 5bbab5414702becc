// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;

/**
 * What a run achieved.
 *
 * @param passAt1Before held-out pass@1 before training
 * @param passAt1After held-out pass@1 after training, on the same problems
 * @param steps rollouts learned from
 * @param samples completions sampled for training
 * @param seconds time spent, over all resumed parts
 * @param peakMemoryBytes largest memory of the process
 * @param samplingLogpDifferenceMax largest difference between a token's log-probability in sampler and trainer; NaN if the sampler's
 *     are not known
 */
public record RlResult(
        double passAt1Before,
        double passAt1After,
        int steps,
        long samples,
        double seconds,
        long peakMemoryBytes,
        double samplingLogpDifferenceMax) {
    /** Whether there were held-out problems; recorded samples have none, and both rates are NaN. */
    public boolean isMeasured() {
        return !Double.isNaN(passAt1After);
    }

    /** Under the names of {@code run.json} and of {@code rl --json}. */
    public ObjectNode toJson() {
        ObjectNode json = Json.object();
        if (isMeasured()) {
            json.put("pass@1_before", passAt1Before);
            json.put("pass@1_after", passAt1After);
        }
        json.put("steps", steps);
        json.put("samples", samples);
        json.put("seconds", seconds);
        json.put("peak_memory_bytes", peakMemoryBytes);
        if (!Double.isNaN(samplingLogpDifferenceMax)) {
            json.put("sampling_logp_difference_max", samplingLogpDifferenceMax);
        }
        return json;
    }
}
