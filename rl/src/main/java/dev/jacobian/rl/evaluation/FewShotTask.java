// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.evaluation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.io.spill.ListView;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The problems of a task behind solved examples: few-shot prompts, for models that have learned to go on rather than to answer.
 *
 * <p>Before a text stand the examples' texts, each followed by the separator; before a conversation their turns, behind its system message. An
 * example that asks what the problem asks is passed over, and the next one taken.
 *
 * @param problems the task
 * @param shots examples in order of preference
 * @param count how many are shown
 * @param separator between texts
 */
public record FewShotTask(Task problems, List<Shot> shots, int count, String separator) implements Task {
    /** Copies the list. */
    public FewShotTask {
        shots = List.copyOf(shots);
        if (count < 1 || count > shots.size()) {
            throw new IllegalArgumentException(
                    count + " examples are to be shown, and there are " + shots.size() + "; give at least as many");
        }
    }

    private Problem behindShots(Problem problem) {
        List<Shot> shown =
                shots.stream().filter(shot -> !asks(shot, problem)).limit(count).toList();
        if (problem.chat().isPresent()) {
            ChatRow row = problem.chat().get();
            ChatRow longer =
                    new ChatRow(row.chat().withMessages(turns(row.chat().messages(), shown)), row.completion());
            return new Problem(problem.id(), problem.prompt(), problem.columns(), Optional.of(longer));
        }
        StringBuilder text = new StringBuilder();
        for (Shot shot : shown) {
            if (!shot.isText()) {
                throw new IllegalArgumentException("an example is a conversation, but problem '" + problem.id()
                        + "' is a text; give examples with strings");
            }
            text.append(shot.prompt()).append(shot.completion()).append(separator);
        }
        return new Problem(problem.id(), text + problem.prompt(), problem.columns());
    }

    private static boolean asks(Shot shot, Problem problem) {
        return shot.isText() && shot.prompt().strip().equals(problem.prompt().strip())
                || problem.chat()
                        .map(row -> shot.messages().size() > 1
                                && last(row.chat().messages())
                                        .equals(shot.messages()
                                                .get(shot.messages().size() - 2)))
                        .orElse(false);
    }

    private static JsonNode last(ArrayNode messages) {
        return messages.path(messages.size() - 1);
    }

    private static ArrayNode turns(ArrayNode asked, List<Shot> shown) {
        ArrayNode all = Json.object().arrayNode();
        int at = 0;
        while (at < asked.size() && asked.get(at).path("role").asText().equals("system")) {
            all.add(asked.get(at++));
        }
        for (Shot shot : shown) {
            for (JsonNode message : shot.messages()) {
                if (!message.path("role").asText().equals("system")) {
                    all.add(message);
                }
            }
        }
        while (at < asked.size()) {
            all.add(asked.get(at++));
        }
        return all;
    }

    @Override
    public String name() {
        return problems.name();
    }

    @Override
    public Problem trainProblem(long seed, long index) {
        return behindShots(problems.trainProblem(seed, index));
    }

    @Override
    public List<Problem> evalProblems(int wanted) {
        return ListView.mapped(problems.evalProblems(wanted), this::behindShots);
    }

    @Override
    public int evalSize() {
        return problems.evalSize();
    }

    @Override
    public List<Problem> allProblems() {
        return ListView.mapped(problems.allProblems(), this::behindShots);
    }

    @Override
    public String source(Problem problem) {
        return problems.allProblems().stream()
                .filter(own -> own.id().equals(problem.id()))
                .findFirst()
                .map(problems::source)
                .orElseGet(() -> problems.source(problem));
    }

    @Override
    public OptionalInt recordedPromptTokens() {
        return problems.recordedPromptTokens();
    }

    @Override
    public Optional<Environment> environment() {
        return problems.environment();
    }

    @Override
    public WeightedRewards rewards() {
        return problems.rewards();
    }

    @Override
    public double solvedThreshold() {
        return problems.solvedThreshold();
    }

    @Override
    public Optional<String> answer(String completion) {
        return problems.answer(completion);
    }
}
