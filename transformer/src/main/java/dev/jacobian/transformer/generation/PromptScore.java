// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The log-probabilities of a prompt's own tokens, computed by an {@link Engine} piece by piece between the steps of those that it
 * generates for. The bits are those of sampling: each row of logits has them however the prompt is cut.
 *
 * <p>Decision: nothing of it is shared with other prompts, neither read nor kept, since it needs every row.
 */
final class PromptScore {
    private final int[] tokens;
    private final float inverseTemperature;
    private final int top;
    private final List<TokenScore> scores = new ArrayList<>();
    private final CompletableFuture<List<TokenScore>> result = new CompletableFuture<>();
    private int sequence = -1;
    private int done; // tokens that are in the cache

    /**
     * @param temperature that logits are divided by
     * @param top how many of the likeliest tokens are told in the place of each
     */
    PromptScore(int[] tokens, float temperature, int top) {
        this.tokens = tokens.clone();
        this.inverseTemperature = 1f / temperature;
        this.top = top;
    }

    /** Of each token but the first, in order. */
    CompletableFuture<List<TokenScore>> result() {
        return result;
    }

    int length() {
        return tokens.length;
    }

    boolean hasBegun() {
        return sequence >= 0;
    }

    /** Whether it has ended, or nobody wants it any more. */
    boolean isOver() {
        return result.isDone();
    }

    /** Computes so many tokens at most, or all where a part would be rotated otherwise. */
    void advance(CausalLM model, KvCache cache, int most) {
        if (!hasBegun()) {
            sequence = cache.add();
        }
        int left = tokens.length - done;
        int count = Math.min(left, most);
        if (!model.config().plan().rotatesAlike(done + count, tokens.length)) {
            count = left;
        }
        int[] piece = Arrays.copyOfRange(tokens, done, done + count);
        Var hidden = model.hidden(piece, Segments.of(count), cache, new int[] {sequence}); // [count, D]
        int rows = Math.min(count, tokens.length - 1 - done); // the last row predicts what is not there
        int chunk = model.logitRows();
        for (int from = 0; from < rows; from += chunk) {
            int[] some = new int[Math.min(chunk, rows - from)];
            int first = from;
            Arrays.setAll(some, i -> first + i);
            List<LogitRow> logits = LogitRow.of(model.logits(hidden, some), inverseTemperature); // [n, V]
            for (int i = 0; i < some.length; i++) {
                int token = tokens[done + from + i + 1];
                scores.add(new TokenScore(
                        token, logits.get(i).logProb(token), logits.get(i).likeliest(top)));
            }
        }
        done += count;
        if (done == tokens.length) {
            result.complete(List.copyOf(scores));
        }
    }

    /** Gives its place in the cache back. */
    void release(KvCache cache) {
        if (hasBegun()) {
            cache.release(sequence);
        }
    }

    void fail(Throwable reason) {
        result.completeExceptionally(reason);
    }
}
