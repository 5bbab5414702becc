// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.loop.Scored;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.TokenScore;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What became of something that was asked for. */
sealed interface Outcome {
    /** An answer that is only ever JSON. */
    record Done(ObjectNode json) implements Outcome {}

    /**
     * What forward and forward_backward saw.
     *
     * @param scored log-probabilities of all targets
     * @param metrics sums by name
     */
    record Scores(Scored scored, Map<String, Double> metrics) implements Outcome {}

    /**
     * Continuations of a prompt.
     *
     * @param prompt log-probabilities of the prompt's tokens but the first, if they were asked for
     * @param top how many of the likeliest were asked for in the place of each
     */
    record Samples(List<Generation> sequences, Optional<List<TokenScore>> prompt, int top) implements Outcome {}

    /** It failed. */
    record Failed(String message, Blame blame) implements Outcome {
        ObjectNode json() {
            return Json.object()
                    .put("error", message)
                    .put("category", blame.name().toLowerCase(Locale.ROOT));
        }
    }

    /** Who can mend a failure. */
    enum Blame {
        USER,
        SERVER
    }
}
