// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import dev.jacobian.io.FormatException;
import java.util.Map;
import java.util.OptionalInt;

/**
 * A piece is a token, or unknown.
 *
 * @param ids the vocabulary
 * @param unknown the id of pieces that are not in it; without one, such text is refused
 * @param where the model, for messages
 */
record WordLevel(Map<String, Integer> ids, OptionalInt unknown, String where) implements TokenModel {
    @Override
    public void encode(String piece, IntList out, Work work) {
        Integer id = ids.get(piece);
        out.add(
                id != null
                        ? id
                        : unknown.orElseThrow(() -> new FormatException(
                                where,
                                "'" + piece + "' is not in the vocabulary, and neither is an unk_token",
                                "Add the unk_token to the vocabulary")));
    }
}
