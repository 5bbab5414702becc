// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.transformer.CausalLM;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * A completion as the text that rewards, votes and logs read: all of its tokens but those that end and pad it.
 *
 * <p>Decision: special tokens are kept otherwise. Many tokenizers mark the tags of reasoning and answers as special; a decoder
 * that skips those shows a reward a text without its tags, and every completion earns nothing.
 */
public final class CompletionText {
    private final Tokenizer tokenizer;
    private final Set<Integer> cut;

    public CompletionText(CausalLM model) {
        tokenizer = model.tokenizer();
        cut = new LinkedHashSet<>(model.eosTokenIds());
        tokenizer.eosId().ifPresent(cut::add);
        tokenizer.padId().ifPresent(cut::add);
    }

    /** The text of sampled tokens. */
    public String of(int[] tokenIds) {
        return tokenizer.decode(
                Arrays.stream(tokenIds).filter(id -> !cut.contains(id)).toArray(), false);
    }
}
