// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.chat;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.jinja.JinjaTemplate.Span;
import dev.jacobian.io.tokenizer.Tokenizer;
import java.util.BitSet;
import java.util.List;

/**
 * A conversation as text.
 *
 * @param text with its special tokens
 * @param generations what the assistant says, where the template marks it with {@code generation} blocks
 */
public record RenderedChat(String text, List<Span> generations) {
    /**
     * Its token ids; the text brings its special tokens along, so none are added.
     */
    public int[] encode(Tokenizer tokenizer) {
        return tokenizer.encode(text, false);
    }

    /**
     * Which tokens hold something that the assistant says, wholly or in part.
     *
     * @param ids what {@link #encode} gave
     * @throws FormatException if the tokenizer changes the text so that places in it have no token
     */
    public BitSet assistantTokens(Tokenizer tokenizer, int[] ids) {
        return TokenPlaces.of(text, ids, tokenizer).covering(generations);
    }
}
