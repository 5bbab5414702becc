// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.catalog;

import dev.jacobian.io.Json;
import dev.jacobian.io.chat.Chat;
import dev.jacobian.io.chat.ChatBridge;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.HeldOut;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.Rng;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Problems that are drawn; one in ten, by a hash of what makes it itself, is held out for evaluation.
 *
 * @param name of the task
 * @param draw what a generator of random numbers makes a problem of
 * @param isConversation whether prompts are the messages of a user
 * @param rewards what a completion earns
 */
record MadeUp(String name, Function<Rng, Drawn> draw, boolean isConversation, WeightedRewards rewards) implements Task {
    private static final long EVALUATION = -1; // streams of training are indices

    /** Draws after which the evaluation has all of a small number of problems, as good as certainly. */
    private static final int DRAWS = 20_000;

    /** So many different ones among them are more than anybody asks for. */
    private static final int MANY = 1000;

    /**
     * A problem.
     *
     * @param id what makes it itself
     * @param question as a prompt
     * @param columns what rewards and the environment read
     */
    record Drawn(String id, String question, Map<String, Object> columns) {}

    @Override
    public Problem trainProblem(long seed, long index) {
        Rng rng = new Rng(seed, index);
        for (int i = 0; i < DRAWS; i++) {
            Drawn drawn = draw.apply(rng);
            if (!HeldOut.contains(drawn.id)) {
                return problem(drawn);
            }
        }
        throw new IllegalArgumentException(
                "task '" + name + "' has no problems that are not held out; widen its settings");
    }

    @Override
    public List<Problem> evalProblems(int count) {
        Map<String, Drawn> drawn = heldOut(count);
        if (drawn.size() < count) {
            throw new IllegalArgumentException(
                    name + " has only " + drawn.size() + " evaluation problems, asked for " + count);
        }
        return drawn.values().stream().map(this::problem).toList();
    }

    @Override
    public int evalSize() {
        int size = heldOut(MANY).size();
        return size < MANY ? size : Integer.MAX_VALUE;
    }

    private Map<String, Drawn> heldOut(int count) {
        Rng rng = new Rng(0, EVALUATION);
        Map<String, Drawn> problems = new LinkedHashMap<>();
        for (int last = 0; last < DRAWS && problems.size() < count; last++) {
            Drawn drawn = draw.apply(rng);
            if (HeldOut.contains(drawn.id) && problems.putIfAbsent(drawn.id, drawn) == null) {
                last = 0;
            }
        }
        return problems;
    }

    private Problem problem(Drawn drawn) {
        Columns columns = new Columns(drawn.columns);
        if (!isConversation) {
            return new Problem(drawn.id, drawn.question, columns);
        }
        Chat chat = Chat.of(Json.object().arrayNode().add(ChatBridge.user(drawn.question)), name);
        ChatRow row = new ChatRow(chat, Json.object().arrayNode());
        return new Problem(drawn.id, Json.compact(chat.messages()), columns, Optional.of(row));
    }
}
