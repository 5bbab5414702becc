// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.task.Problem;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.Generator;
import java.util.ArrayList;
import java.util.List;

/** Carries out rollout tasks. The one here samples in this process; others may send tasks elsewhere. */
@FunctionalInterface
public interface Rollouts {
    /** One group per problem, in order. */
    List<Group> run(RolloutTask task);

    /** Samples from {@code model} itself: the weights that train are the weights that sample. */
    static Rollouts local(CausalLM model) {
        return task -> {
            RolloutEvent event = new RolloutEvent();
            event.begin();
            List<int[]> prompts = new ArrayList<>();
            for (Problem problem : task.problems()) {
                prompts.add(model.tokenizer().encode(problem.prompt(), true));
            }
            List<List<Generation>> generations = new Generator(model)
                    .generate(prompts, task.keys(), task.samples(), task.generation(), (prompt, sample, token) -> {});
            List<Group> groups = new ArrayList<>();
            for (int p = 0; p < prompts.size(); p++) {
                List<Trajectory> samples = generations.get(p).stream()
                        .map(g -> new Trajectory(g.tokenIds(), g.logProbs(), g.finishReason(), task.weightVersion()))
                        .toList();
                groups.add(new Group(task.problems().get(p), prompts.get(p), samples));
            }
            event.commit(groups);
            return groups;
        };
    }
}
