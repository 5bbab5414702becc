// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.tool;

import java.util.Optional;

/**
 * How calls of tools are written in plain text, by a model without a chat template: {@code <<17*3>>}, behind which the answer is put,
 * as in {@code <<17*3>>=51;}.
 *
 * <p>Where there are several tools, their name stands first: {@code <<search:the capital>>}.
 *
 * @param opening begins a call; if it is missing, the call begins where the turn does
 * @param closing ends a call and with it the turn
 * @param before stands before the answer
 * @param behind stands behind the answer
 */
public record PlainCalls(String opening, String closing, String before, String behind) {
    /** The usual form. */
    public static final PlainCalls DEFAULT = new PlainCalls("<<", ">>", "=", ";");

    public PlainCalls {
        if (closing.isEmpty()) {
            throw new IllegalArgumentException("a call in plain text needs something that ends it");
        }
    }

    /** What is called in a turn, if it ends with a call. */
    Optional<String> call(String turn) {
        int end = turn.lastIndexOf(closing);
        if (end < 0) {
            return Optional.empty();
        }
        String before = turn.substring(0, end);
        int begin = opening.isEmpty() ? -1 : before.lastIndexOf(opening);
        return Optional.of(begin < 0 ? before : before.substring(begin + opening.length()));
    }

    /** What stands behind a call. */
    String answer(String result) {
        return before + result + behind;
    }
}
