// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

/**
 * What an {@link Engine} is asked for: continuations of one prompt.
 *
 * @param prefix the prompt, or a paused continuation, and what its random numbers are drawn from
 * @param samples how many continuations; they share what is computed of the prompt
 * @param config how tokens are chosen, of this request alone
 * @param pauseAfter tokens after which a continuation that has not ended is {@linkplain FinishReason#PAUSED paused}
 * @param listener is told of tokens and ends, on the thread that drives the engine
 */
public record GenerationRequest(
        Prefix prefix, int samples, GenerationConfig config, int pauseAfter, RequestListener listener) {
    /** No pause. */
    public static final int NEVER = Integer.MAX_VALUE;

    public GenerationRequest {
        if (samples < 1) {
            throw new IllegalArgumentException("need at least 1 sample per prompt, got " + samples);
        }
        if (config.search().isAsked()) {
            throw new IllegalArgumentException("a request is answered token by token, without num_beams and"
                    + " penalty_alpha; Generator takes a list of prompts with these");
        }
        if (pauseAfter < 1) {
            throw new IllegalArgumentException("need at least 1 token before a pause, got " + pauseAfter);
        }
    }

    /** One continuation of a prompt that nobody listens to, keyed by 0. */
    public GenerationRequest(int[] prompt, GenerationConfig config) {
        this(new Prefix(prompt, 0), 1, config, NEVER, RequestListener.NONE);
    }

    /** The same with other samples. */
    public GenerationRequest withSamples(int number) {
        return new GenerationRequest(prefix, number, config, pauseAfter, listener);
    }

    /** The same with another listener. */
    public GenerationRequest withListener(RequestListener other) {
        return new GenerationRequest(prefix, samples, config, pauseAfter, other);
    }

    /** The limit of new tokens. */
    int maxNewTokens() {
        return config.length().newTokens(prefix.tokens().length - prefix.continued());
    }

    /** Tokens of a continuation that reaches its limit, those of the prompt included. */
    long longest() {
        return (long) prefix.tokens().length - prefix.continued() + maxNewTokens();
    }
}
