// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.loop;

import java.util.Arrays;
import java.util.List;

/**
 * A batch and what the model thinks of its targets.
 *
 * @param data the batch
 * @param logProbs [N] log-probabilities of all targets, datum after datum
 */
public record Scored(List<Datum> data, float[] logProbs) {
    public Scored {
        data = List.copyOf(data);
        int targets = data.stream().mapToInt(Datum::count).sum();
        if (logProbs.length != targets) {
            throw new IllegalArgumentException(logProbs.length + " log-probabilities of " + targets + " targets");
        }
    }

    /** N. */
    public int count() {
        return logProbs.length;
    }

    /** The log-probabilities of one datum's targets. */
    public float[] logProbs(int datum) {
        int from = data.subList(0, datum).stream().mapToInt(Datum::count).sum();
        return Arrays.copyOfRange(logProbs, from, from + data.get(datum).count());
    }

    /**
     * A fact of all targets, [N].
     *
     * @throws IllegalArgumentException if a datum lacks it
     */
    public float[] fact(String name) {
        float[] all = new float[count()];
        int at = 0;
        for (int d = 0; d < data.size(); d++) {
            float[] own = data.get(d).facts().get(name);
            if (own == null) {
                throw new IllegalArgumentException(
                        "datum " + d + " has no '" + name + "', which the loss needs; it has "
                                + data.get(d).facts().keySet());
            }
            System.arraycopy(own, 0, all, at, own.length);
            at += own.length;
        }
        return all;
    }

    /** A fact of all targets, [N], with a number for data that lack it. */
    public float[] fact(String name, float otherwise) {
        return new Scored(
                        data.stream()
                                .map(datum -> datum.facts().containsKey(name) ? datum : datum.with(name, otherwise))
                                .toList(),
                        logProbs)
                .fact(name);
    }
}
