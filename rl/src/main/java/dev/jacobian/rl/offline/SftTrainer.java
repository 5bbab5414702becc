// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.tensor.DType;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.MemoryPlan;
import java.nio.file.Path;

/**
 * Supervised fine-tuning on demonstrations: {@link OfflineTrainer} with the method {@link Sft}, for demonstrations that need no file.
 *
 * <p>Examples are packed, never padded; prompts cost a forward pass but no loss. The same seed gives the same bits, whatever
 * the number of threads.
 */
public final class SftTrainer {
    private final OfflineTrainer<Demonstration> trainer;

    /**
     * A trainer of all parameters.
     *
     * @param config of the method {@code sft}
     * @throws IllegalStateException if the run cannot fit into the heap, with what would help
     * @throws dev.jacobian.io.FormatException if an example is too long or has nothing to learn; with file and row
     */
    public SftTrainer(CausalLM model, SftDataset data, OfflineConfig config) {
        if (!(config.method() instanceof Sft method)) {
            throw new IllegalArgumentException(
                    "demonstrations are for sft, not for " + config.method().name());
        }
        model.requireTrainable("fine-tuning");
        trainer = new OfflineTrainer<>(model, method, Examples.of(data, method, model, config), config);
    }

    /** The memory that the run will need; for data that is made up, if examples are no longer than those of the first step. */
    public MemoryPlan memoryPlan() {
        return trainer.memoryPlan();
    }

    /** Optimizer steps of the run. */
    public int steps() {
        return trainer.steps();
    }

    /** Adds a listener. */
    public SftTrainer listener(TrainingListener listener) {
        trainer.listener(listener);
        return this;
    }

    /** {@link OfflineTrainer#output}. */
    public SftTrainer output(Path folder, RunOrigin origin, DType storedAs, boolean resume) {
        trainer.output(folder, origin, storedAs, resume);
        return this;
    }

    /** Trains to the last step, writes the trained model if there is an output folder, and returns the last step's loss. */
    public double train() {
        return trainer.train();
    }
}
