// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.Optional;

/** A reward that finds an answer in a completion before it judges it: what a majority vote can count. */
public interface ReadsAnswer {
    /** The answer in a completion, if there is one. */
    Optional<String> answer(String completion);
}
