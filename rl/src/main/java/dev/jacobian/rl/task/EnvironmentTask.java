// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.Chat;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.io.spill.ListView;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.EnvironmentReward;
import dev.jacobian.rl.reward.WeightedRewards;
import java.util.List;
import java.util.Optional;

/**
 * The problems of a task in an environment: the policy answers them in several turns, and the environment answers the policy.
 *
 * <p>Where a problem is a conversation, its model is told of the environment's tools through the chat template, in the place of
 * those that the problem brings along.
 */
public final class EnvironmentTask implements Task {
    private final Task problems;
    private final Environment environment;
    private final WeightedRewards rewards;
    private final double solvedThreshold;

    /**
     * @param problems what is asked
     * @param environment what the policy talks with
     * @param rewards what a completion earns
     * @param solvedThreshold the reward from which on a completion counts as solving its problem
     */
    public EnvironmentTask(Task problems, Environment environment, WeightedRewards rewards, double solvedThreshold) {
        this.problems = problems;
        this.environment = environment;
        this.rewards = rewards;
        this.solvedThreshold = solvedThreshold;
    }

    /** With the task's own rewards: for an environment of tools, which has no opinion on what is done with them. */
    public static EnvironmentTask withTools(Task problems, Environment environment) {
        return new EnvironmentTask(problems, environment, problems.rewards(), problems.solvedThreshold());
    }

    /** With the environment's rewards: for a game. Whoever earns 1 in all has solved a problem. */
    public static EnvironmentTask rewarding(Task problems, Environment environment) {
        return new EnvironmentTask(problems, environment, WeightedRewards.of(new EnvironmentReward()), 1);
    }

    @Override
    public Optional<Environment> environment() {
        return Optional.of(environment);
    }

    @Override
    public String name() {
        return problems.name();
    }

    @Override
    public Problem trainProblem(long seed, long index) {
        return told(problems.trainProblem(seed, index));
    }

    @Override
    public List<Problem> trainProblems(long seed, long first, int count) {
        return problems.trainProblems(seed, first, count).stream()
                .map(this::told)
                .toList();
    }

    @Override
    public List<Problem> evalProblems(int count) {
        return ListView.mapped(problems.evalProblems(count), this::told);
    }

    @Override
    public int trainSize() {
        return problems.trainSize();
    }

    @Override
    public int evalSize() {
        return problems.evalSize();
    }

    @Override
    public List<Problem> allProblems() {
        return ListView.mapped(problems.allProblems(), this::told);
    }

    @Override
    public String source(Problem problem) {
        return problems.source(problem);
    }

    @Override
    public WeightedRewards rewards() {
        return rewards;
    }

    @Override
    public double solvedThreshold() {
        return solvedThreshold;
    }

    @Override
    public Optional<String> answer(String completion) {
        return problems.answer(completion);
    }

    /** A problem whose model is told of the tools. */
    private Problem told(Problem problem) {
        if (environment.tools().isEmpty() || problem.chat().isEmpty()) {
            return problem;
        }
        ChatRow row = problem.chat().get();
        ArrayNode tools = Json.object().arrayNode();
        environment.tools().forEach(tools::add);
        Chat chat = row.chat().withTools(tools);
        return new Problem(
                problem.id(), problem.prompt(), problem.columns(), Optional.of(new ChatRow(chat, row.completion())));
    }
}
