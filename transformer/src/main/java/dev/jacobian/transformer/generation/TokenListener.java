// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

/** Is told of every token as it is chosen: streaming, progress. */
@FunctionalInterface
public interface TokenListener {
    /**
     * A token was chosen.
     *
     * @param prompt index of the prompt
     * @param sample index of the continuation among those of the prompt
     * @param token the token, end tokens included
     */
    void onToken(int prompt, int sample, int token);
}
