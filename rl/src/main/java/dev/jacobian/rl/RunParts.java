// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.learn.Learner;
import dev.jacobian.rl.rollout.Buffer;
import dev.jacobian.rl.rollout.Curriculum;
import dev.jacobian.rl.rollout.TaskOrder;
import dev.jacobian.rl.rollout.partial.GroupsUnderWay;
import dev.jacobian.rl.run.Checkpointed;
import java.nio.file.Path;

/**
 * All parts of a reinforcement-learning run that move between steps, but weights and counters: the learner's numbers stand in
 * the checkpoint's description itself, the others under names of their own.
 *
 * @param updates what the method remembers from step to step
 * @param underWay groups that are being sampled
 * @param ahead batches that were made ahead
 * @param promptsPerStep groups of a step, for checkpoints from when every run took the problems in order
 */
record RunParts(
        Learner learner,
        PolicyUpdates updates,
        Curriculum curriculum,
        GroupsUnderWay underWay,
        Buffer buffer,
        QueuedBatches ahead,
        int promptsPerStep)
        implements Checkpointed {
    static final String CURRICULUM = "curriculum";
    static final String BUFFER = "buffer";
    static final String UNDER_WAY = "under_way";
    static final String METHOD = "method";

    @Override
    public void save(Path checkpoint, ObjectNode description) {
        learner.save(checkpoint, description);
        ObjectNode method = Json.object();
        updates.save(checkpoint, method);
        if (!method.isEmpty()) {
            description.set(METHOD, method);
        }
        curriculum.save(checkpoint, description.putObject(CURRICULUM));
        underWay.save(checkpoint, description.putObject(UNDER_WAY));
        buffer.save(checkpoint, description.putObject(BUFFER));
        ahead.save(checkpoint, description);
    }

    @Override
    public void restore(Path checkpoint, JsonNode description) {
        learner.restore(checkpoint, description);
        updates.restore(checkpoint, description.path(METHOD));
        JsonNode inOrder =
                Json.object().put(TaskOrder.NEXT, description.path("step").asLong() * promptsPerStep);
        curriculum.restore(checkpoint, description.has(CURRICULUM) ? description.get(CURRICULUM) : inOrder);
        underWay.restore(checkpoint, description.path(UNDER_WAY));
        buffer.restore(checkpoint, description.path(BUFFER));
        ahead.restore(checkpoint, description);
    }
}
