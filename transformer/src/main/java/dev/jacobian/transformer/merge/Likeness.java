// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.merge;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.transformer.OpenCheckpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Whether numbers of two models may be mixed: both compute the same from their weights, have the same tensors, and the same token
 * behind each row of the embedding. Reads no weight.
 *
 * <p>Decision: what the models compute is compared ({@link PlanDifference}), not what their config.json files say, which can be written in many
 * ways. A rotation of another base, another window or ε is refused too, although shapes agree: the result could have only one of
 * them, and the other model's weights were made for another one.
 */
final class Likeness {
    private Likeness() {}

    /**
     * Refuses a model that is not like the pattern.
     *
     * @return what differs and does no harm, in words
     * @throws FormatException naming the difference
     */
    static List<String> require(OpenCheckpoint pattern, OpenCheckpoint other) {
        PlanDifference.between(pattern.config().plan(), other.config().plan()).ifPresent(difference -> {
            throw unlike(
                    other,
                    families(pattern, other) + difference.name() + " is " + difference.other() + ", and "
                            + difference.one() + " in " + pattern);
        });
        requireSameTensors(pattern, other);
        List<String> told = new ArrayList<>(tokens(pattern, other));
        tell("model_type", pattern.config().family(), other.config().family(), pattern, other, told);
        tell(
                "max_position_embeddings",
                pattern.config().maxPositions(),
                other.config().maxPositions(),
                pattern,
                other,
                told);
        tell(
                "what ends a sequence",
                new TreeSet<>(pattern.eosTokenIds()),
                new TreeSet<>(other.eosTokenIds()),
                pattern,
                other,
                told);
        return told;
    }

    private static String families(OpenCheckpoint pattern, OpenCheckpoint other) {
        String own = pattern.config().family();
        String others = other.config().family();
        return own.equals(others) ? "" : "it is of the family " + others + ", and " + pattern + " of " + own + "; ";
    }

    private static void tell(
            String what, Object own, Object others, OpenCheckpoint pattern, OpenCheckpoint other, List<String> told) {
        if (!own.equals(others)) {
            told.add(what + " is " + others + " in " + other + " and " + own + " in " + pattern
                    + ", whose value the result has");
        }
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
                            + " (projections or experts stored in another way)");
        }
    }

    /** Tokens that only one of both has are rows that the other was never trained with; that is told. */
    private static List<String> tokens(OpenCheckpoint pattern, OpenCheckpoint other) {
        if (pattern.tokenizer().isEmpty() || other.tokenizer().isEmpty()) {
            OpenCheckpoint without = pattern.tokenizer().isEmpty() ? pattern : other;
            boolean neither = pattern.tokenizer().isEmpty() && other.tokenizer().isEmpty();
            return neither
                    ? List.of()
                    : List.of(without
                            + " has no tokenizer.json: whether its rows stand for the same tokens is not known");
        }
        Tokenizer own = pattern.tokenizer().get();
        Tokenizer others = other.tokenizer().get();
        int alone = 0;
        String first = "";
        for (int id = 0; id < pattern.config().vocabularySize(); id++) {
            Optional<String> token = own.tokenOf(id);
            Optional<String> otherToken = others.tokenOf(id);
            if (token.isPresent() && otherToken.isPresent() && !token.equals(otherToken)) {
                throw unlike(
                        other,
                        "id " + id + " is the token '" + otherToken.get() + "', and '" + token.get() + "' in " + pattern
                                + ": rows of the embedding would be mixed that stand for different tokens");
            }
            if (token.isPresent() != otherToken.isPresent()) {
                first = alone++ == 0 ? "'" + token.or(() -> otherToken).orElseThrow() + "' (id " + id + ")" : first;
            }
        }
        return alone == 0
                ? List.of()
                : List.of("only one of " + other + " and " + pattern + " has the token " + first
                        + (alone == 1 ? "" : " and " + (alone - 1) + " more")
                        + "; their rows are mixed with rows that stand for no token");
    }

    private static FormatException unlike(OpenCheckpoint other, String difference) {
        return new FormatException(
                other.toString(),
                difference,
                "Merge models that come from one base: the same architecture, sizes and vocabulary. Where you know that"
                        + " a value does not matter, write the same one into a copy of its config.json");
    }
}
