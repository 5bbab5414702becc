// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.catalog;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.task.EnvironmentTask;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import java.util.List;
import java.util.Optional;

/** An environment that has a name, with its settings: a record of them, whose defaults are the record that {@link Environments} lists. */
public interface EnvironmentKind {
    /** The name that {@code --environment} takes. */
    String name();

    /** What it is, in a sentence. */
    String about();

    /**
     * The environment of these settings.
     *
     * @throws IllegalArgumentException if it cannot be had
     */
    Environment environment();

    /**
     * Problems of its own.
     *
     * @param isConversation whether prompts are messages, for a model with a chat template, or plain text
     * @return empty if it takes those of a data file
     */
    Optional<Task> problems(boolean isConversation);

    /** Whether it gives rewards itself; otherwise those of the problems' task hold. */
    boolean isRewarding();

    /** Whether the policy calls tools, which in a conversation the model's chat template must show it. */
    default boolean hasTools() {
        return !isRewarding();
    }

    /** What a person should know before a run in it, a sentence each. */
    default List<String> remarks() {
        return List.of();
    }

    /**
     * The task of playing in it.
     *
     * @param others problems to take in the place of its own
     * @param isConversation whether its own problems are messages or plain text
     * @throws IllegalArgumentException if there are no problems
     */
    default Task task(Optional<Task> others, boolean isConversation) {
        Task problems = others.or(() -> problems(isConversation))
                .orElseThrow(() -> new IllegalArgumentException(
                        "environment '" + name() + "' has no problems of its own; give some with --data FILE"));
        if (others.isEmpty() && problems.evalSize() < 1) {
            throw new IllegalArgumentException("environment '" + name() + "' has too few problems with these settings:"
                    + " none is held out to be measured; widen them");
        }
        Environment environment = environment();
        try {
            requireUsable(problems, environment);
        } catch (RuntimeException unusable) {
            environment.close();
            throw unusable;
        }
        return isRewarding()
                ? EnvironmentTask.rewarding(problems, environment)
                : EnvironmentTask.withTools(problems, environment);
    }

    private static void requireUsable(Task problems, Environment environment) {
        List<Problem> listed = problems.allProblems();
        for (Problem problem : listed.isEmpty() ? List.of(problems.trainProblem(0, 0)) : listed) {
            try {
                environment.requireUsable(problem.columns());
            } catch (IllegalArgumentException unusable) {
                throw new FormatException(
                        problems.source(problem),
                        "environment '" + environment.name() + "': " + unusable.getMessage(),
                        "Correct the problems, or name the column that it reads with --set");
            }
        }
    }
}
