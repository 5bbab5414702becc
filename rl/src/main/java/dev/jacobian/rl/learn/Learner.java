// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.optim.AdamW;
import dev.jacobian.autograd.optim.AdamWConfig;
import dev.jacobian.autograd.optim.GradientClipping;
import dev.jacobian.autograd.optim.Optimizer;
import dev.jacobian.autograd.optim.Schedule;
import dev.jacobian.io.JsonFields;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.io.safetensors.SafetensorsWriter;
import dev.jacobian.rl.config.OptimizationConfig;
import dev.jacobian.rl.run.Checkpointed;
import dev.jacobian.tensor.Tensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;

/**
 * The optimizer step that every trainer shares: accumulate, clip, check, schedule, step, zero.
 *
 * <pre>{@code
 * Learner learner = new Learner(model.parameters(), config.optimization(), config.maxSteps(), false);
 * workspace.run(() -> learner.update(() -> {
 *     // backward passes, which add to the parameters' gradients
 *     return loss;
 * }));
 * }</pre>
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>It knows parameters and their gradients, and nothing of where a gradient comes from: demonstrations, rewards and
 *       preferences end in the same lines.
 *   <li>Call {@link #update} inside a {@link dev.jacobian.tensor.Workspace}: the gradients that it clears are then the arrays of
 *       the next ones.
 *   <li>A loss or gradient that is not finite is never applied, so the weights stay those of the last good step.
 *   <li>{@link #updates} counts the versions of the weights; {@link #forget} does not turn it back.
 *   <li>Its state goes into a checkpoint the same way for all trainers ({@link #save}, {@link #restore}); the weights
 *       themselves are the model's to save.
 * </ul>
 *
 * <p>Not thread-safe.
 */
public final class Learner implements Checkpointed {
    private static final String MOMENTS = "optimizer.safetensors";

    private final List<Parameter> parameters;
    private final Optimizer optimizer;
    private final OptimizationConfig config;
    private final Schedule schedule;
    private int updates;

    /**
     * A learner that has seen no step.
     *
     * @param totalUpdates optimizer steps of the whole run, which the learning rate's schedule spans
     * @param offload keep the moments of parameters on a device in the host's memory; the same bits
     */
    public Learner(List<Parameter> parameters, OptimizationConfig config, int totalUpdates, boolean offload) {
        this.parameters = List.copyOf(parameters);
        this.optimizer = config.optimizer(this.parameters, offload);
        this.config = config;
        this.schedule = config.schedule(totalUpdates);
    }

    /**
     * One optimizer step, by the schedule's rate.
     *
     * @param accumulate adds the step's gradient to the parameters, in as many micro-batches as it likes, and returns the loss
     * @throws IllegalStateException if the loss or the gradient is not finite; the weights are left as they are
     */
    public Update update(DoubleSupplier accumulate) {
        return step(accumulate.getAsDouble(), config.learningRate() * schedule.factor(updates));
    }

    /**
     * One optimizer step with the gradients that the parameters have.
     *
     * @param loss that they are of
     * @param rate learning rate of this step
     * @throws IllegalStateException if the loss or the gradient is not finite; the weights are left as they are
     */
    public Update step(double loss, double rate) {
        return step(loss, rate, config.maxGradNorm());
    }

    /**
     * The same with numbers of this step's own.
     *
     * @param maxNorm limit of the gradient's norm; 0 for none
     * @throws IllegalStateException also if the optimizer is another than AdamW
     */
    public Update step(double loss, double rate, double maxNorm, AdamWConfig numbers) {
        if (!(optimizer instanceof AdamW adam)) {
            throw new IllegalStateException(
                    "these are AdamW's numbers, and the optimizer is another; leave optim at adamw_torch");
        }
        adam.configure(numbers);
        return step(loss, rate, maxNorm);
    }

    private Update step(double loss, double rate, double maxNorm) {
        GradientClipping.Norm norm = GradientClipping.measure(parameters, maxNorm);
        if (!Double.isFinite(loss) || !Double.isFinite(norm.norm())) {
            throw new IllegalStateException("optimizer step " + (updates + 1) + ": the loss is " + loss
                    + " and the gradient norm " + norm.norm()
                    + "; the run diverged. Start again with a lower learning_rate; --model may be a"
                    + " checkpoint-N folder of this run");
        }
        optimizer.step(rate, norm.scale());
        optimizer.zeroGrad();
        updates++;
        return new Update(loss, norm.norm(), rate);
    }

    /** Forgets the optimizer's moments, as online mirror descent does when its anchor moves. */
    public void forget() {
        optimizer.reset();
    }

    /** Optimizer steps that the weights have seen: their version. */
    public int updates() {
        return updates;
    }

    /**
     * Writes the optimizer's moments into a checkpoint's folder, and what else a learner needs to go on into its description.
     *
     * @param state gets {@code updates} and {@code optimizer_steps}, which differ once moments were forgotten
     */
    @Override
    public void save(Path checkpoint, ObjectNode state) {
        SafetensorsWriter writer = new SafetensorsWriter();
        optimizer.state().forEach(writer::add);
        writer.write(checkpoint.resolve(MOMENTS));
        state.put("updates", updates);
        state.put("optimizer_steps", optimizer.steps());
    }

    /**
     * Goes on from what {@link #save} wrote.
     *
     * @throws IllegalArgumentException if the moments are not those of these parameters
     * @throws dev.jacobian.io.FormatException if a number of the state is missing or is no count
     */
    @Override
    public void restore(Path checkpoint, JsonNode state) {
        JsonFields fields =
                JsonFields.of(state, checkpoint.resolve("trainer_state.json").toString());
        try (SafetensorsFile file = SafetensorsFile.open(checkpoint.resolve(MOMENTS))) {
            Map<String, Tensor> moments = new LinkedHashMap<>();
            file.names().forEach(name -> moments.put(name, file.read(name)));
            optimizer.restore(moments, fields.count("optimizer_steps"));
        }
        updates = Math.toIntExact(fields.count("updates"));
    }
}
