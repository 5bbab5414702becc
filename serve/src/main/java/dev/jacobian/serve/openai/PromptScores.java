// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import dev.jacobian.transformer.generation.TokenScore;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Has the engine score the prompts of a request, while the client is shown that it is not forgotten. */
final class PromptScores {
    private PromptScores() {}

    /**
     * The scores of each prompt.
     *
     * @param temperature that logits are divided by
     * @param top how many of the likeliest tokens are told in the place of each
     * @throws IOException if the client has gone
     */
    static List<List<TokenScore>> of(
            ServedModel model, List<int[]> prompts, float temperature, int top, Duration beat, AnswerWriter out)
            throws IOException, InterruptedException {
        List<CompletableFuture<List<TokenScore>>> asked = new ArrayList<>();
        try {
            for (int[] prompt : prompts) {
                asked.add(EngineErrors.told(() -> model.engine().score(prompt, temperature, top)));
            }
            List<List<TokenScore>> scores = new ArrayList<>();
            for (CompletableFuture<List<TokenScore>> one : asked) {
                scores.add(await(one, beat, out));
            }
            return scores;
        } finally {
            asked.forEach(one -> one.cancel(false)); // nothing goes on for a client that has gone
        }
    }

    private static List<TokenScore> await(CompletableFuture<List<TokenScore>> one, Duration beat, AnswerWriter out)
            throws IOException, InterruptedException {
        while (true) {
            try {
                return one.get(beat.toNanos(), TimeUnit.NANOSECONDS);
            } catch (TimeoutException stillAtIt) {
                out.beat();
            } catch (ExecutionException e) {
                throw EngineErrors.failed(Objects.requireNonNullElse(e.getCause(), e));
            }
        }
    }
}
