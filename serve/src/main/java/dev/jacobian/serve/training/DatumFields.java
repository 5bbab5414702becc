// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import dev.jacobian.rl.loop.Datum;
import dev.jacobian.serve.http.WebException;
import dev.jacobian.tensor.Nullable;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** A datum that is being read, from either form: its tokens, its targets, and facts of these under the protocol's names. */
final class DatumFields {
    private static final String TARGETS = "target_tokens";
    private static final Set<String> FACTS = new TreeSet<>(List.of("weights", "advantages", "logprobs"));

    private final int number;
    private int[] tokens = {};
    private int @Nullable [] targets;
    private final Map<String, float[]> facts = new TreeMap<>();

    /** @param number of the datum, for messages */
    DatumFields(int number) {
        this.number = number;
    }

    void tokens(int[] value) {
        tokens = value;
    }

    /** Whether an input of a loss is of whole numbers. */
    static boolean isOfIds(String name) {
        return name.equals(TARGETS);
    }

    /** Refuses an input that no loss here has. */
    void requireKnown(String name) {
        if (!name.equals(TARGETS) && !FACTS.contains(name)) {
            throw wrong("has '" + name + "' in loss_fn_inputs, which no loss here takes; they take " + TARGETS + " and "
                    + FACTS);
        }
    }

    /** Refuses what is no list of one number for each token. */
    void requireOneEach(String name, long count, List<Long> shape, boolean sparse) {
        boolean flat = shape.isEmpty() || shape.size() == 1 && shape.getFirst() == count;
        if (sparse || !flat) {
            throw wrong("has '" + name + "' of shape " + shape + (sparse ? ", sparse" : "")
                    + "; one number for each token is taken");
        }
    }

    void targets(int[] value) {
        targets = value;
    }

    void fact(String name, float[] value) {
        for (float number : value) {
            if (!Float.isFinite(number)) {
                throw wrong("has " + number + " in '" + name + "'; send finite numbers");
            }
        }
        facts.put(name, value);
    }

    Datum build() {
        if (targets == null) {
            throw wrong("has no '" + TARGETS + "' in loss_fn_inputs; each token needs the one that comes behind it");
        }
        try {
            return new Datum(tokens, targets, facts);
        } catch (IllegalArgumentException e) {
            throw wrong(String.valueOf(e.getMessage()));
        }
    }

    WebException wrong(String what) {
        return WebException.invalid("data", "data[" + number + "] " + what);
    }
}
