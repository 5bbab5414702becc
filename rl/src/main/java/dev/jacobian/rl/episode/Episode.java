// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.episode;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What happened between a policy and its environment, beside the tokens themselves.
 *
 * <p>A turn that was cut by a limit or interrupted has no answer, so it is not among the turns: it is what stands behind the last one.
 *
 * @param start where the policy's first turn begins in the run of tokens
 * @param turns those that the environment answered, in order
 * @param ending why it ended
 * @param failure what the environment failed with, if it did
 */
public record Episode(int start, List<Turn> turns, Ending ending, Optional<String> failure) {
    public Episode {
        turns = List.copyOf(turns);
        if (failure.isPresent() != (ending == Ending.FAILED)) {
            throw new IllegalArgumentException(
                    "an episode has a failure exactly if it ended with one, not " + ending + " with " + failure);
        }
        int at = start;
        for (Turn turn : turns) {
            if (turn.start() != at) {
                throw new IllegalArgumentException(
                        "a turn begins at token " + turn.start() + ", but what is before it ends at " + at);
            }
            at = turn.next();
        }
    }

    /** The sum of what the turns earned; empty if none of them has a reward. */
    public OptionalDouble reward() {
        double[] given =
                turns.stream().flatMapToDouble(turn -> turn.reward().stream()).toArray();
        double sum = 0;
        for (double reward : given) {
            sum += reward; // in order
        }
        return given.length == 0 ? OptionalDouble.empty() : OptionalDouble.of(sum);
    }

    /** An episode in which nothing has happened yet. */
    public static Episode from(int start) {
        return new Episode(start, List.of(), Ending.PAUSED, Optional.empty());
    }

    /** The same with one more turn. */
    public Episode with(Turn turn) {
        List<Turn> more = new ArrayList<>(turns);
        more.add(turn);
        return new Episode(start, more, ending, failure);
    }

    /** The same, ended. */
    public Episode ended(Ending reason) {
        return new Episode(start, turns, reason, Optional.empty());
    }

    /** The same, ended by a failure of the environment. */
    public Episode failed(String message) {
        return new Episode(start, turns, Ending.FAILED, Optional.of(message));
    }

    /** Where the turn begins that has no answer yet. */
    public int open() {
        return turns.isEmpty() ? start : turns.getLast().next();
    }

    /** Where the policy's last turn begins, answered or not, in a run of so many tokens. */
    public int lastTurn(int length) {
        return turns.isEmpty() || open() < length ? open() : turns.getLast().start();
    }

    /** The same in a run of tokens that begins so many tokens later: behind a prompt, say. */
    public Episode behind(int tokens) {
        return new Episode(
                start - tokens, turns.stream().map(turn -> turn.shifted(tokens)).toList(), ending, failure);
    }
}
