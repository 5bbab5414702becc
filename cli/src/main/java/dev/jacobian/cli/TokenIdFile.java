// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Sequences of token ids in JSON: an array of arrays of integers, or one array of integers for a single sequence.
 *
 * @param where file name, for messages
 * @param sequences the ids
 */
record TokenIdFile(String where, List<int[]> sequences) {
    static TokenIdFile read(Path file) {
        return of(Json.read(file), file.toString());
    }

    static TokenIdFile of(JsonNode json, String where) {
        if (!json.isArray()) {
            throw new FormatException(
                    where, "expected an array of arrays of token ids", "Write it as [[1, 2, 3], [4, 5]]");
        }
        List<int[]> sequences = new ArrayList<>();
        if (!json.isEmpty() && json.get(0).isNumber()) {
            sequences.add(ids(json, where));
        } else {
            for (JsonNode row : json) {
                String place = where + ", sequence " + sequences.size();
                if (!row.isArray()) {
                    throw new FormatException(
                            place, "expected an array of token ids, found " + brief(row), "Write it as [[1, 2], [3]]");
                }
                sequences.add(ids(row, place));
            }
        }
        return new TokenIdFile(where, sequences);
    }

    private static int[] ids(JsonNode row, String where) {
        int[] ids = new int[row.size()];
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = row.get(i);
            if (!id.isIntegralNumber() || !id.canConvertToInt()) {
                throw new FormatException(
                        where + ", position " + i, "expected a token id, found " + brief(id), "Token ids are integers");
            }
            ids[i] = id.intValue();
        }
        return ids;
    }

    private static String brief(JsonNode node) {
        String text = node.toString();
        return text.length() <= 40 ? text : text.substring(0, 37) + "...";
    }

    /** At least one sequence, and none empty: what a model can compute. */
    TokenIdFile requireNonEmpty() {
        if (sequences.isEmpty()) {
            throw new FormatException(where, "there is no sequence in it", "Write at least one, as [[1, 2, 3]]");
        }
        for (int s = 0; s < sequences.size(); s++) {
            if (sequences.get(s).length == 0) {
                throw new FormatException(
                        where + ", sequence " + s,
                        "the sequence is empty",
                        "Begin with at least one token, such as the beginning-of-sequence token");
            }
        }
        return this;
    }

    /** Every id has an embedding; {@code exempt} (the label that does not count) may stand beside them. */
    TokenIdFile requireVocabulary(int size, int... exempt) {
        for (int s = 0; s < sequences.size(); s++) {
            int[] ids = sequences.get(s);
            for (int t = 0; t < ids.length; t++) {
                boolean allowed = exempt.length > 0 && ids[t] == exempt[0];
                if (!allowed && (ids[t] < 0 || ids[t] >= size)) {
                    throw new FormatException(
                            where + ", sequence " + s + ", position " + t,
                            "token id " + ids[t] + " is outside of the model's vocabulary of " + size,
                            "Ids go from 0 to " + (size - 1) + "; were they made with another tokenizer?");
                }
            }
        }
        return this;
    }

    /** The same numbers of tokens in the same sequences. */
    void requireSameShape(TokenIdFile other) {
        if (sequences.size() != other.sequences.size()) {
            throw new FormatException(
                    where,
                    "there are " + sequences.size() + " sequences, " + other.where + " has " + other.sequences.size(),
                    "Both need the same shape");
        }
        for (int s = 0; s < sequences.size(); s++) {
            int own = sequences.get(s).length;
            int others = other.sequences.get(s).length;
            if (own != others) {
                throw new FormatException(
                        where + ", sequence " + s,
                        "there are " + own + " entries, " + other.where + " has " + others,
                        "Both need the same shape; -100 marks positions that do not count");
            }
        }
    }
}
