// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.config.MeasuringConfig;
import dev.jacobian.rl.evaluation.Evaluator;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What the policy does on held-out problems: on as many as asked for, or as there are, because a small file should not end a run
 * at its first evaluation.
 */
record HeldOutProblems(CausalLM model, Task task, RlConfig config, Workspace workspace, Consumer<String> say) {
    /** How many are measured. */
    int available(int wanted) {
        return Math.min(wanted, task.evalSize());
    }

    /** The share of them that the policy solves. Rewards that fail here are counted and said, and take nothing from the run's budget. */
    double passAt1(int wanted) {
        GenerationConfig sampling = config.rollout().sampling(0);
        Evaluator.PassAt1 measured = workspace.compute(
                () -> Evaluator.passAt1(model, task, available(wanted), sampling, config.rewardCalls()));
        measured.failures().note().ifPresent(note -> say.accept("Held-out problems: " + note));
        return measured.value();
    }

    /** Says so, if there are fewer than the run wants. */
    Optional<String> shortage() {
        int size = task.evalSize();
        MeasuringConfig measuring = config.measuring();
        List<String> missed = new ArrayList<>();
        if (size < measuring.finalEvalProblems()) {
            missed.add("final_eval_problems (" + measuring.finalEvalProblems() + ")");
        }
        if (measuring.evalSteps() > 0 && size < measuring.evalProblems()) {
            missed.add("eval_problems (" + measuring.evalProblems() + ")");
        }
        return missed.isEmpty()
                ? Optional.empty()
                : Optional.of("Task '" + task.name() + "' has " + size + " held-out problems, fewer than "
                        + String.join(" and ", missed) + ": all " + size + " are measured there");
    }
}
