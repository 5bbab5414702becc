// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.curriculum;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.run.RunDirectory;

/**
 * How often each problem of a pool has been solved of late: {@code s ← decay · s + (1 − decay) · solved share of a new group}, and the share
 * itself for the first one. A problem that was never seen has the rate that was measured before the run, or 0: it might be hard.
 */
final class SuccessRates {
    private static final String SEEN = "seen";
    private static final String RATES = "success_rates";

    private final double decay;
    private final double[] rates;
    private final boolean[] seen;

    /** @param before [size] rates to begin with; copied */
    SuccessRates(double[] before, double decay) {
        this.decay = decay;
        this.rates = before.clone();
        this.seen = new boolean[before.length];
    }

    /** A problem's rate. */
    double of(int place) {
        return rates[place];
    }

    /** Takes in a group of samples of a problem; those without a reward say nothing, those that are merely not learned from do. */
    void observe(int place, ScoredGroup group) {
        int counted = 0;
        int solved = 0;
        for (int i = 0; i < group.rewards().length; i++) {
            boolean judged = !Double.isNaN(group.rewards()[i]);
            counted += judged ? 1 : 0;
            solved += judged && group.solved()[i] ? 1 : 0;
        }
        if (counted > 0) {
            double share = solved / (double) counted;
            rates[place] = seen[place] ? decay * rates[place] + (1 - decay) * share : share;
            seen[place] = true;
        }
    }

    /** The mean rate of the problems that were seen; NaN if there are none. */
    double mean() {
        double sum = 0;
        int count = 0;
        for (int i = 0; i < rates.length; i++) {
            sum += seen[i] ? rates[i] : 0;
            count += seen[i] ? 1 : 0;
        }
        return sum / count;
    }

    /** The share of problems that were seen. */
    double coverage() {
        int count = 0;
        for (boolean one : seen) {
            count += one ? 1 : 0;
        }
        return count / (double) seen.length;
    }

    void save(ObjectNode state) {
        ArrayNode places = state.putArray(SEEN);
        ArrayNode values = state.putArray(RATES);
        for (int i = 0; i < seen.length; i++) {
            if (seen[i]) {
                places.add(i);
                values.add(rates[i]);
            }
        }
    }

    void restore(JsonFields state) {
        JsonNode places = state.array(SEEN);
        JsonNode values = state.array(RATES);
        if (places.size() != values.size()) {
            throw broken(state, "'" + SEEN + "' has " + places.size() + " places, '" + RATES + "' " + values.size());
        }
        for (int i = 0; i < places.size(); i++) {
            JsonNode place = places.get(i);
            double rate = values.get(i).asDouble(Double.NaN);
            if (!place.isInt() || place.intValue() < 0 || place.intValue() >= rates.length) {
                throw broken(state, "there is no problem " + place + " among the " + rates.length);
            }
            if (!(rate >= 0 && rate <= 1)) {
                throw broken(state, "a success rate is " + values.get(i));
            }
            rates[place.intValue()] = rate;
            seen[place.intValue()] = true;
        }
    }

    private static FormatException broken(JsonFields state, String what) {
        return new FormatException(state.where(), what, RunDirectory.EARLIER);
    }
}
