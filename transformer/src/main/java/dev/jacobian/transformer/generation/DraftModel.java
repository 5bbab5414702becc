// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.CausalLM;
import java.util.Arrays;

/**
 * Guesses what a smaller model says. It chooses by the rules of the sequence and with its very random numbers, so that it says the
 * same wherever the two models agree about the odds.
 *
 * <p>Decision: what was guessed is computed on a fork and forgotten. Tokens that turn out right are computed once more, together with the
 * next one, which costs a pass with a few more rows, and works for layers whose states do not go back.
 */
final class DraftModel implements Drafter {
    private final CausalLM model;
    private final TokenChooser chooser;
    private final int vocabulary; // of the model that is drafted for
    private final CachedSequence known; // tokens that were chosen

    DraftModel(CausalLM model, TokenChooser chooser, int vocabulary, CachedSequence known) {
        this.model = model;
        this.chooser = chooser;
        this.vocabulary = vocabulary;
        this.known = known;
    }

    @Override
    public int[] draft(Sequence sequence, int most) {
        int[] tokens = Arrays.copyOf(sequence.tokens(), sequence.length() + most);
        int length = sequence.length();
        Sequence guess = sequence.fork();
        CachedSequence place = known;
        int count = 0;
        while (count < most) {
            int[] now = Arrays.copyOf(tokens, length + count);
            CachedSequence.Rows rows = place.extend(now, now.length - 1);
            if (place == known) {
                place = known.fork();
            }
            int token = choose(guess, rows);
            tokens[length + count++] = token;
            if (guess.continuation().add(token, 0, java.util.List.of()).isPresent()) {
                break; // nothing comes behind an end
            }
        }
        if (place != known) {
            place.release();
        }
        return Arrays.copyOfRange(tokens, length, length + count);
    }

    private int choose(Sequence guess, CachedSequence.Rows rows) {
        Var states = rows.states(); // [N, D]
        Tensor logits = model.logits(states, new int[] {rows.first()}); // [1, V of the draft model]
        if (logits.extent(1) != vocabulary) {
            float[] row = logits.toFloatArray();
            float[] padded = Arrays.copyOf(row, vocabulary); // [V]
            Arrays.fill(padded, Math.min(row.length, vocabulary), vocabulary, Float.NEGATIVE_INFINITY);
            logits = Tensor.of(padded, 1, vocabulary).to(model.device());
        }
        return chooser.choose(guess, logits).tokens()[0];
    }

    @Override
    public void close() {
        known.release();
    }
}
