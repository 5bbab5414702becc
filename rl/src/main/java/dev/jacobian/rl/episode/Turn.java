// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.episode;

import java.util.OptionalDouble;

/**
 * A turn of the policy that its environment has answered, as spans of a run of tokens.
 *
 * @param start its first token, which the policy chose as all up to {@code end}
 * @param end one past its last token
 * @param next one past the tokens with which the environment answered; where the policy's next turn begins
 * @param reward what the turn earned, if the environment gives turns a reward
 * @param calls tools that were called
 * @param failedCalls those of them that answered with an error
 */
public record Turn(int start, int end, int next, OptionalDouble reward, int calls, int failedCalls) {
    public Turn {
        if (start < 0 || end < start || next < end || failedCalls < 0 || calls < failedCalls) {
            throw new IllegalArgumentException("no turn stands at [" + start + ", " + end + ") with an answer up to "
                    + next + ", or has " + failedCalls + " failures in " + calls + " calls");
        }
    }

    /** The same in a run of tokens that begins so many tokens later. */
    Turn shifted(int tokens) {
        return new Turn(start - tokens, end - tokens, next - tokens, reward, calls, failedCalls);
    }
}
