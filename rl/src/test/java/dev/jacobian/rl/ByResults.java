// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.rollout.Curriculum;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.task.Task;
import java.nio.file.Path;
import java.util.List;

/** Skips by what it has seen, and keeps every third group back. */
final class ByResults implements Curriculum {
    private final Curriculum order;
    private double sum;

    ByResults(Task task) {
        order = Curriculum.inOrder(task, 0);
    }

    @Override
    public List<Draw> next(int count) {
        int skipped = (int) (sum * 3) % 3;
        List<Draw> draws = order.next(count + skipped);
        return draws.subList(skipped, draws.size());
    }

    @Override
    public boolean admits(ScoredGroup group) {
        return group.group().key() % 3 != 1;
    }

    @Override
    public void observe(ScoredGroup group) {
        for (double reward : group.rewards()) {
            sum += Double.isNaN(reward) ? 0 : reward;
        }
    }

    @Override
    public void save(Path checkpoint, ObjectNode state) {
        order.save(checkpoint, state.putObject("order"));
        state.put("sum", sum);
    }

    @Override
    public void restore(Path checkpoint, JsonNode state) {
        order.restore(checkpoint, state.path("order"));
        sum = state.path("sum").asDouble();
    }
}
