// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.JsonFields;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** The simplest curriculum: one training problem of the task after another, each keyed by its place. */
public final class TaskOrder implements Curriculum {
    public static final String NEXT = "next";

    private final Task task;
    private final long seed;
    private long next;

    public TaskOrder(Task task, long seed) {
        this.task = task;
        this.seed = seed;
    }

    @Override
    public List<Draw> next(int count) {
        long first = next;
        next += count;
        List<Problem> problems = task.trainProblems(seed, first, count);
        return IntStream.range(0, count)
                .mapToObj(i -> new Draw(problems.get(i), first + i))
                .toList();
    }

    @Override
    public boolean foresees() {
        return true;
    }

    @Override
    public void save(Path checkpoint, ObjectNode state) {
        state.put(NEXT, next);
    }

    @Override
    public void restore(Path checkpoint, JsonNode state) {
        next = JsonFields.of(state, checkpoint.resolve("trainer_state.json") + ", curriculum")
                .count(NEXT);
    }
}
