// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.rig;

import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.RlTrainer;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * One run of an experiment: a trained model and the metrics of its steps.
 *
 * @param model as training left it
 * @param steps their metrics, beginning with step 0 where the model was measured before
 */
public record Arm(CausalLM model, List<StepMetrics> steps) {
    private static final int LAST = 5; // a fifth of the steps is their end

    public Arm {
        steps = List.copyOf(steps);
    }

    /** Trains a model, with the trainer and the settings that everybody has. */
    public static Arm train(CausalLM model, Task task, RlConfig config) {
        return train(model, task, config, UnaryOperator.identity());
    }

    /** The same with parts of the trainer exchanged. */
    public static Arm train(CausalLM model, Task task, RlConfig config, UnaryOperator<RlTrainer> with) {
        List<StepMetrics> steps = new ArrayList<>();
        with.apply(new RlTrainer(model, task, config))
                .listener(TrainingListener.eachStep(steps::add))
                .train();
        return new Arm(model, steps);
    }

    /** A metric at each step that has it. */
    public double[] series(String metric) {
        return having(metric).mapToDouble(step -> step.get(metric)).toArray();
    }

    private Stream<StepMetrics> having(String metric) {
        return steps.stream().filter(step -> !Double.isNaN(step.get(metric)));
    }

    /** Its mean over the run: the area under its curve. */
    public double mean(String metric) {
        return DoubleStream.of(series(metric)).average().orElse(Double.NaN);
    }

    /** Its mean over the last fifth of the steps that have it. */
    public double last(String metric) {
        double[] values = series(metric);
        return DoubleStream.of(values)
                .skip(values.length - Math.max(1, values.length / LAST))
                .average()
                .orElse(Double.NaN);
    }

    /** Its mean over the first fifth of the steps that have it. */
    public double first(String metric) {
        double[] values = series(metric);
        return DoubleStream.of(values)
                .limit(Math.max(1, values.length / LAST))
                .average()
                .orElse(Double.NaN);
    }

    /** The steps at which a metric was measured. */
    public double[] places(String metric) {
        return having(metric).mapToDouble(StepMetrics::step).toArray();
    }
}
