// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.evaluation;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;

/**
 * A number that was measured on some problems, and how far it may be from what all problems of the kind would give.
 *
 * @param value the estimate
 * @param standardError its standard deviation over choices of problems; NaN for a single problem
 * @param low the lower end of its confidence interval; NaN where there is none
 * @param high the upper end
 */
public record Estimate(double value, double standardError, double low, double high) {
    /** The same of a sum that was made in another order: the same number, but for rounding. */
    Estimate at(double exact) {
        return new Estimate(exact, standardError, low, high);
    }

    /** The same of a number that lies between two others, whatever a normal distribution says. */
    Estimate within(double least, double most) {
        return new Estimate(value, standardError, Math.clamp(low, least, most), Math.clamp(high, least, most));
    }

    ObjectNode toJson() {
        ObjectNode json = Json.object();
        put(json, "value", value);
        put(json, "standard_error", standardError);
        put(json, "low", low);
        put(json, "high", high);
        return json;
    }

    private static void put(ObjectNode json, String name, double number) {
        if (Double.isFinite(number)) {
            json.put(name, number);
        } else {
            json.putNull(name);
        }
    }
}
