// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.config.MeasuringConfig;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.Optional;

/**
 * What the policy does on held-out problems: on as many as asked for, or as there are, because a small file should not end a run
 * at its first evaluation.
 */
record HeldOutProblems(CausalLM model, Task task, RlConfig config, Workspace workspace) {
    /** How many are measured. */
    int available(int wanted) {
        return Math.min(wanted, task.evalSize());
    }

    /** The share of them that the policy solves. */
    double passAt1(int wanted) {
        GenerationConfig sampling = config.rollout().sampling(0);
        return workspace.compute(() -> Evaluation.passAt1(model, task, available(wanted), sampling));
    }

    /** Says so, if there are fewer than the run wants. */
    Optional<String> shortage() {
        int size = task.evalSize();
        MeasuringConfig measuring = config.measuring();
        boolean evaluates = measuring.evalSteps() > 0;
        if (size >= measuring.finalEvalProblems() && !(evaluates && size < measuring.evalProblems())) {
            return Optional.empty();
        }
        return Optional.of(
                "Task '" + task.name() + "' has " + size + " held-out problems, fewer than final_eval_problems ("
                        + measuring.finalEvalProblems() + ")"
                        + (evaluates ? " or eval_problems (" + measuring.evalProblems() + ")" : "") + ": all " + size
                        + " are measured");
    }
}
