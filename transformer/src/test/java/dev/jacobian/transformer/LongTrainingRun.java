// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.transformer.TestModels.tokens;

import dev.jacobian.autograd.Var;
import dev.jacobian.autograd.optim.AdamW;
import dev.jacobian.autograd.optim.AdamWConfig;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.config.DecoderConfig;
import java.util.List;
import java.util.Optional;

/**
 * Optimizer steps on one long sequence, on the tiny model of {@link LongContextRun} with activation checkpointing, whose memory can be
 * planned and, in a JVM of its own, measured.
 *
 * @param attention {@code full} or {@code window}
 * @param length tokens of the sequence
 * @param steps how many
 */
record LongTrainingRun(String attention, int length, int steps) {
    /** Arguments: the three components. Prints how it ended. */
    static void main(String[] args) {
        LongTrainingRun run = new LongTrainingRun(args[0], Integer.parseInt(args[1]), Integer.parseInt(args[2]));
        long begin = System.nanoTime();
        try {
            float loss = run.train();
            double seconds = (System.nanoTime() - begin) / 1e9;
            System.out.println(
                    "completed with a loss of " + loss + ", " + run.steps * run.length / seconds + " tokens/s");
        } catch (OutOfMemoryError tooSmall) {
            System.out.println("out of memory");
        }
    }

    List<String> arguments() {
        return List.of(attention, Integer.toString(length), Integer.toString(steps));
    }

    private DecoderConfig config() {
        return LongContextRun.config(attention.equals("window"), length);
    }

    MemoryPlan plan() {
        return MemoryPlanner.training(config())
                .step(Segments.of(length), length - 1, true)
                .plan();
    }

    /** The steps; the loss of the last. */
    float train() {
        CausalLM model = CausalLM.create(config(), Optional.empty(), 1).gradientCheckpointing(true);
        AdamW optimizer = new AdamW(model.parameters(), AdamWConfig.DEFAULT);
        List<int[]> batch = List.of(tokens(1, length, LongContextRun.VOCABULARY));
        Workspace workspace = new Workspace();
        float last = Float.NaN;
        for (int step = 0; step < steps; step++) {
            last = workspace.compute(() -> {
                Var loss = model.loss(batch, batch);
                loss.backward();
                optimizer.step(1e-3, 1f);
                optimizer.zeroGrad();
                return loss.value().item();
            });
        }
        return last;
    }
}
