// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.merge;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.transformer.OpenCheckpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Whether numbers of two models may be mixed: the same family, the same tensors, heads of the same size, and the same token behind each row of
 * the embedding. Reads no weight.
 */
final class Likeness {
    /** Keys of config.json that say how rows of matrices divide and what lies between them. */
    private static final List<String> SAME = List.of(
            "num_attention_heads",
            "num_key_value_heads",
            "head_dim",
            "hidden_act",
            "hidden_activation",
            "num_experts_per_tok");

    /** Keys that may differ between relatives; the result has those of its pattern. */
    private static final List<String> TOLD =
            List.of("rope_theta", "rope_scaling", "rope_parameters", "rms_norm_eps", "sliding_window", "eos_token_id");

    private Likeness() {}

    /**
     * Refuses a model that is not like the pattern.
     *
     * @return what differs and does no harm, in words
     * @throws FormatException naming the difference
     */
    static List<String> require(OpenCheckpoint pattern, OpenCheckpoint other) {
        if (!pattern.config().family().equals(other.config().family())) {
            throw unlike(
                    other,
                    "it is of the family " + other.config().family() + ", and " + pattern + " of "
                            + pattern.config().family());
        }
        JsonNode config = pattern.config().source();
        JsonNode otherConfig = other.config().source();
        for (String key : SAME) {
            if (!config.path(key).equals(otherConfig.path(key))) {
                throw unlike(
                        other, key + " is " + otherConfig.path(key) + ", and " + config.path(key) + " in " + pattern);
            }
        }
        requireSameTensors(pattern, other);
        requireSameTokens(pattern, other);
        List<String> told = new ArrayList<>();
        for (String key : TOLD) {
            if (!config.path(key).equals(otherConfig.path(key))) {
                told.add(key + " is " + otherConfig.path(key) + " in " + other + " and " + config.path(key) + " in "
                        + pattern + ", whose value the result has");
            }
        }
        return told;
    }

    private static void requireSameTensors(OpenCheckpoint pattern, OpenCheckpoint other) {
        List<OpenCheckpoint.Entry> wanted = pattern.tensors();
        List<OpenCheckpoint.Entry> found = other.tensors();
        for (int i = 0; i < Math.min(wanted.size(), found.size()); i++) {
            if (!found.get(i).extents().equals(wanted.get(i).extents())) {
                throw unlike(
                        other,
                        "tensor '" + found.get(i).name() + "' has shape "
                                + found.get(i).extents() + ", and "
                                + wanted.get(i).extents() + " in " + pattern);
            }
        }
        if (wanted.size() != found.size()) {
            throw unlike(
                    other,
                    "it has " + found.size() + " tensors, and " + pattern + " " + wanted.size()
                            + " (a tied head, biases or experts stored in another way)");
        }
    }

    private static void requireSameTokens(OpenCheckpoint pattern, OpenCheckpoint other) {
        if (pattern.tokenizer().isEmpty() || other.tokenizer().isEmpty()) {
            return; // rows are all that is known
        }
        Tokenizer own = pattern.tokenizer().get();
        Tokenizer others = other.tokenizer().get();
        for (int id = 0; id < pattern.config().vocabularySize(); id++) {
            Optional<String> token = own.tokenOf(id);
            Optional<String> otherToken = others.tokenOf(id);
            if (token.isPresent() && otherToken.isPresent() && !token.equals(otherToken)) {
                throw unlike(
                        other,
                        "id " + id + " is the token '" + otherToken.get() + "', and '" + token.get() + "' in " + pattern
                                + ": rows of the embedding would be mixed that stand for different tokens");
            }
        }
    }

    private static FormatException unlike(OpenCheckpoint other, String difference) {
        return new FormatException(
                other.toString(),
                difference,
                "Merge models that come from one base: the same architecture, sizes and vocabulary");
    }
}
