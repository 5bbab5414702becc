// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * What a value model says of the tokens of a {@link TokenBatch}: the prediction at a token is of what follows once it stands there to be
 * chosen, V(s_t).
 *
 * @param now [N] by the weights that learn
 * @param old [N] by the weights as they were when learning from these samples began, which a clip refers to
 * @param returns [N] what the prediction should have been
 */
public record TokenValues(float[] now, float[] old, double[] returns) {
    /** Checks the lengths. */
    public TokenValues {
        if (now.length != old.length || now.length != returns.length) {
            throw new IllegalArgumentException(
                    "values need one prediction, one old prediction and one return per token, got " + now.length + ", "
                            + old.length + " and " + returns.length);
        }
    }
}
