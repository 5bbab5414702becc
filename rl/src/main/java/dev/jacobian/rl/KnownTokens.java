// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.run.RunDirectory;
import java.nio.file.Path;

/**
 * Whether groups that come back from a checkpoint are of the model that goes on: a token that it has no row for would end the run in the middle
 * of a step, and not by its name.
 */
final class KnownTokens {
    private final int vocabulary;
    private final Path folder;

    /**
     * @param vocabulary of the model
     * @param folder the run's
     */
    KnownTokens(int vocabulary, Path folder) {
        this.vocabulary = vocabulary;
        this.folder = folder;
    }

    /**
     * Refuses a group of another vocabulary.
     *
     * @param what it is, for the message: {@code the buffer}
     * @throws FormatException naming the first token that the model does not have, and its problem
     */
    void require(Iterable<Group> groups, String what) {
        for (Group group : groups) {
            for (Trajectory sample : group.samples()) {
                for (int token : sample.tokens()) {
                    if (token < 0 || token >= vocabulary) {
                        throw new FormatException(
                                "the last checkpoint in " + folder + ", " + what + ", problem '"
                                        + group.problem().id() + "'",
                                "a sample has the token " + token + ", and the model has " + vocabulary
                                        + " tokens: the samples were drawn by another model",
                                RunDirectory.EARLIER);
                    }
                }
            }
        }
    }
}
