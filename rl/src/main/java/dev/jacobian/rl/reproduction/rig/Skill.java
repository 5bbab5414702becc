// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.rig;

import dev.jacobian.rl.evaluation.Confidence;
import dev.jacobian.rl.evaluation.Estimate;
import dev.jacobian.rl.evaluation.Evaluation;
import dev.jacobian.rl.evaluation.EvaluationConfig;
import dev.jacobian.rl.evaluation.Evaluator;
import dev.jacobian.rl.metric.Smoothing;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What a model can do on held-out problems: pass@k, maj@k for k = 1, 2, 4, … and the rest of {@link Evaluation#metrics}. */
public record Skill(Evaluation evaluation, Map<String, Estimate> metrics) {
    /**
     * Samples at temperature 1.
     *
     * @param tries samples of each problem
     */
    public static Skill of(CausalLM model, Task task, int problems, int tries, long seed) {
        return of(model, task, problems, tries, GenerationConfig.sampling(Budget.LONGEST, 1f, seed));
    }

    /** Samples as one likes. */
    public static Skill of(CausalLM model, Task task, int problems, int tries, GenerationConfig generation) {
        List<Integer> ks = new ArrayList<>();
        for (int k = 1; k <= tries; k *= 2) {
            ks.add(k);
        }
        Evaluation evaluation = new Evaluator(
                        model, new EvaluationConfig(tries, ks, generation, Smoothing.METHOD1, Confidence.DEFAULT))
                .run(task, problems);
        return new Skill(evaluation, evaluation.metrics());
    }

    /** One of its metrics, such as {@code pass@1} or {@code entropy}. */
    public double get(String metric) {
        Estimate estimate = metrics.get(metric);
        if (estimate == null) {
            throw new IllegalArgumentException("there is no '" + metric + "' among " + metrics.keySet());
        }
        return estimate.value();
    }
}
