// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.reward.Columns;
import java.util.List;

/**
 * What a policy talks with: it begins a {@link Session} for each sample and answers turn by turn.
 *
 * <pre>{@code
 * Environment echo = Environment.of("echo", start -> said -> said.number() < 3
 *         ? Reply.of(new Observation.Text("You said: " + said.text()))
 *         : Reply.done(1));
 * }</pre>
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>What a session answers is a function of its {@link Start} and of what the policy has said so far: not of time, of threads or
 *       of other sessions. So the same run gives the same bits again, and an interrupted episode goes on by telling a new session
 *       what was said. An environment that cannot promise this, because it lives elsewhere, says so with {@link #isRepeatable}.
 *   <li>It works with text, not with tokens: who samples makes tokens of an answer, and the policy's own stay as they were chosen.
 *   <li>Sessions run at once on threads of their own; one session is asked one thing at a time.
 *   <li>Whatever it throws, an answer that is no answer, and one that does not come in time end that episode alone, as a failure that is
 *       counted.
 * </ul>
 */
public interface Environment extends AutoCloseable {
    /** A short name for metrics and messages. */
    String name();

    /** Calls at once of an environment that does not say. */
    int USUAL_CALLS = 64;

    /**
     * Begins an episode.
     *
     * @throws Exception if it cannot; the sample is a failure then
     */
    Session reset(Start start) throws Exception;

    /**
     * Checks that a problem's columns have what it reads, so that a row without it is told before a run begins.
     *
     * @throws IllegalArgumentException naming the column and what is wrong with it
     */
    default void requireUsable(Columns columns) {}

    /** How far an episode may go. */
    default EnvironmentLimits limits() {
        return EnvironmentLimits.DEFAULT;
    }

    /**
     * Texts that end a turn of a policy that writes plain text. Turns of a conversation end with the model's end token alone.
     */
    default List<String> stops() {
        return List.of();
    }

    /** The tools that a model is told of, as JSON schemas; empty if there are none. */
    default List<ObjectNode> tools() {
        return List.of();
    }

    /** How many sessions there can be at once; a rollout with more plays them one after the other. */
    default int mostSessions() {
        return Integer.MAX_VALUE;
    }

    /** How many calls may be under way at once; others wait, and their deadline does not begin before. */
    default int callsAtOnce() {
        return USUAL_CALLS;
    }

    /** Whether a session that is told the same answers the same; otherwise no run can be repeated, and none resumed to the same bits. */
    default boolean isRepeatable() {
        return true;
    }

    /** Gives back what the environment holds, when nobody plays any more; for whoever made it. */
    @Override
    default void close() {}

    /** An environment with the usual limits whose sessions need no closing. */
    static Environment of(String name, Beginning beginning) {
        return new Environment() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public Session reset(Start start) throws Exception {
                return beginning.reset(start);
            }
        };
    }

    /** How an environment of a few lines begins an episode. */
    @FunctionalInterface
    interface Beginning {
        /** Begins it. */
        Session reset(Start start) throws Exception;
    }
}
