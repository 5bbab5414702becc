// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.rl.reward.ExactMatchReward.Answer;
import dev.jacobian.rl.task.Task;
import dev.jacobian.rl.task.catalog.Tasks;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A named task, how hard it is and where its answers stand.
 *
 * @param name a name that {@code jacobian tasks} lists, or {@code jsonl}
 * @param difficulty how hard; the task's usual if empty
 * @param answers where answers stand; the task's usual if empty
 */
record TaskChoice(String name, Optional<Integer> difficulty, Optional<Answer> answers) {
    /** The name of a file of problems. */
    static final String ROWS = "jsonl";

    private static final String DIFFICULTY = "difficulty";
    private static final String ANSWERS = "answers";

    /** The task's usual difficulty and form. */
    static TaskChoice of(String name) {
        return new TaskChoice(name, Optional.empty(), Optional.empty());
    }

    /** The choice that a run was started with. */
    static TaskChoice read(String name, JsonNode options) {
        return new TaskChoice(
                name,
                Optional.ofNullable(options.get(DIFFICULTY)).map(JsonNode::asInt),
                Optional.ofNullable(options.get(ANSWERS)).map(node -> Answer.valueOf(node.asText())));
    }

    /** Difficulty and form in run.json, if they were chosen. */
    Map<String, String> options() {
        Map<String, String> options = new TreeMap<>();
        difficulty.ifPresent(value -> options.put(DIFFICULTY, Integer.toString(value)));
        answers.ifPresent(value -> options.put(ANSWERS, value.name()));
        return options;
    }

    /** Whether the problems are in a file. */
    boolean isRows() {
        return name.equals(ROWS);
    }

    /**
     * The generated task.
     *
     * @throws IllegalArgumentException if there is none of this name, or not with this difficulty or form
     */
    Task task() {
        return Tasks.find(name)
                .orElseThrow(() -> new IllegalArgumentException(
                        "unknown task '" + name + "'; 'jacobian tasks' lists what there is (" + Tasks.names()
                                + "), and --data FILE reads a file"))
                .task(difficulty, answers);
    }
}
