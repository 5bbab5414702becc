// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.reasoninggym.GymScoring;
import dev.jacobian.rl.reasoninggym.ReasoningGym;
import dev.jacobian.rl.reasoninggym.ReasoningGymReward;
import dev.jacobian.rl.reward.ExactMatchReward.Answer;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.rl.task.catalog.TaskMixture;
import dev.jacobian.rl.task.catalog.Tasks;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A named task, how hard it is and where its answers stand.
 *
 * @param name a name that {@code jacobian tasks} lists, {@code jsonl}, or {@code reasoning-gym} for rows that it printed
 * @param difficulty how hard; the task's usual if empty
 * @param answers where answers stand; the task's usual if empty
 */
record TaskChoice(String name, Optional<Integer> difficulty, Optional<Answer> answers) {
    /** The name of a file of problems. */
    static final String ROWS = "jsonl";

    private static final String GYM = "reasoning-gym";

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
        return name.equals(ROWS) || isGym();
    }

    /** Whether they are rows that reasoning-gym printed: {@code reasoning-gym}, or {@code reasoning-gym:gcd} for rows that do not say their task. */
    boolean isGym() {
        return name.equals(GYM) || name.startsWith(GYM + ":");
    }

    /** How such rows are scored. */
    ReasoningGymReward gymReward() {
        String task = name.length() > GYM.length() ? name.substring(GYM.length() + 1) : "";
        return new ReasoningGymReward(GymScoring.RIGHT, answers.orElse(Answer.TAG), task);
    }

    /** The rows of some data, with rewards of somebody's choice instead of the task's own if there are some. */
    JsonlTask rows(Rows data, Optional<WeightedRewards> rewards, boolean skipBadRows) {
        if (isGym()) {
            return ReasoningGym.task(
                    data,
                    rewards.orElseGet(() -> WeightedRewards.of(gymReward())),
                    answers.orElse(Answer.TAG),
                    skipBadRows);
        }
        return rewards.map(own -> JsonlTask.of(data, own, skipBadRows))
                .orElseGet(() -> JsonlTask.of(data, skipBadRows));
    }

    /**
     * The generated task.
     *
     * @throws IllegalArgumentException if there is none of this name, or not with this difficulty or form
     */
    Task task() {
        if (TaskMixture.isOne(name)) {
            if (difficulty.isPresent() || answers.isPresent()) {
                throw new IllegalArgumentException(
                        "--difficulty and --answers are of one task; in a mixture write" + " NAME@DIFFICULTY:WEIGHT");
            }
            return TaskMixture.parse(name);
        }
        return Tasks.find(name)
                .orElseThrow(() -> new IllegalArgumentException(
                        "unknown task '" + name + "'; 'jacobian tasks' lists what there is (" + Tasks.names()
                                + "), and --data FILE reads a file"))
                .task(difficulty, answers);
    }
}
