// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import dev.jacobian.rl.loop.Datum;
import dev.jacobian.rl.loop.LossFunction;
import dev.jacobian.rl.loop.LossFunctions;
import dev.jacobian.serve.http.WebException;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * A batch and a loss on it.
 *
 * @param model whom it is for
 * @param number its place among the model's requests
 * @param content what tells it from another request of that number
 * @param forwardOnly whether no gradient is wanted
 */
record ForwardRequest(
        String model,
        OptionalInt number,
        String content,
        List<Datum> data,
        String lossName,
        Map<String, Double> lossConfig,
        boolean forwardOnly) {
    /**
     * Refuses what the model or the loss cannot take, before it waits.
     *
     * @throws WebException naming the datum
     */
    ForwardRequest check(int vocabulary, int positions) {
        if (data.isEmpty()) {
            throw WebException.invalid("data", "data is empty; send at least one datum");
        }
        loss();
        for (int d = 0; d < data.size(); d++) {
            Datum datum = data.get(d);
            if (datum.tokens().length > positions) {
                throw WebException.invalid(
                        "data",
                        "data[" + d + "] has " + datum.tokens().length + " tokens, and the model " + positions
                                + " positions; cut it");
            }
            requireIds(d, "model_input", datum.tokens(), vocabulary);
            requireIds(d, "target_tokens", datum.targets(), vocabulary);
            if (!lossName.equals("cross_entropy")) {
                requireFact(d, datum, "logprobs");
                requireFact(d, datum, "advantages");
            }
        }
        return this;
    }

    private static void requireIds(int datum, String name, int[] ids, int vocabulary) {
        for (int id : ids) {
            if (id < 0 || id >= vocabulary) {
                throw WebException.invalid(
                        "data",
                        "data[" + datum + "]: " + name + " has the id " + id + ", and the vocabulary ids from 0 to "
                                + (vocabulary - 1));
            }
        }
    }

    private void requireFact(int at, Datum datum, String name) {
        if (!datum.facts().containsKey(name)) {
            throw WebException.invalid(
                    "data", "data[" + at + "] has no '" + name + "' in loss_fn_inputs, which " + lossName + " needs");
        }
    }

    /** @throws WebException if there is no such loss, or it takes no such setting */
    LossFunction loss() {
        try {
            return LossFunctions.named(lossName, lossConfig);
        } catch (IllegalArgumentException e) {
            throw WebException.invalid("loss_fn", String.valueOf(e.getMessage()));
        }
    }
}
