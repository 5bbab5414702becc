// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import java.util.List;

/**
 * Follows a request while it is generated. Called on the thread that drives the engine, between two passes of the model: what
 * takes long here holds up every request, so hand things on to a queue. What it throws fails its own request alone.
 */
public interface RequestListener {
    /** Hears nothing. */
    RequestListener NONE = new RequestListener() {};

    /**
     * A token was chosen.
     *
     * @param sample index of the continuation
     * @param token the token, end tokens included
     * @param logProb its log-probability at the sampling temperature over the whole vocabulary
     * @param likeliest the likeliest tokens of the step, if they were asked for; otherwise empty
     */
    default void onToken(int sample, int token, float logProb, List<TokenLogProb> likeliest) {}

    /** A continuation has ended, or was paused or cancelled. The {@linkplain Submission#result result} follows when all have. */
    default void onFinish(int sample, Generation generation) {}
}
