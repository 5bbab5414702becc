// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import dev.jacobian.autograd.Var;
import dev.jacobian.autograd.optim.AdamW;
import dev.jacobian.autograd.optim.AdamWConfig;
import dev.jacobian.jmh.harness.Unit;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.LabelledBatch;
import dev.jacobian.transformer.TrainingPass;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A training step of Qwen2.5-0.5B's shape on 16384 tokens: loss, gradients, AdamW, no clipping; the log-probabilities of the loss
 * are read back. Forward and backward are replayed as a CUDA graph, since the shape is always the same; the phases are those of a
 * step that is not.
 *
 * <p>{@code train_step.py} knows two ways; there is one here, F32 weights and moments and products in BF16, and each of the
 * peer's ways gets a row with it.
 */
final class GpuTraining {
    private static final int SEQUENCES = 8;
    private static final int LENGTH = 2048;

    private static final List<String> CASES = List.of(
            "bf16, " + SEQUENCES + " sequences of " + LENGTH, "autocast, " + SEQUENCES + " sequences of " + LENGTH);

    static final GpuSuite SUITE = new GpuSuite(
            "gpu-training-step",
            "forward, backward and AdamW of Qwen2.5-0.5B's shape on 16384 tokens",
            Unit.TOKENS,
            CASES,
            label -> (double) SEQUENCES * LENGTH,
            Optional.of("train_step.py"),
            "Random weights. Ours keeps F32 weights and moments and multiplies in BF16. The peer is transformers with"
                    + " SDPA and fused AdamW, eager; its way bf16 keeps everything in BF16, its way autocast keeps F32"
                    + " weights and moments as ours does.",
            GpuTraining::measure);

    private GpuTraining() {}

    private static void measure(GpuRun run) {
        CausalLM model = run.model().model();
        int sequences = run.pick(SEQUENCES, 2);
        int length = run.pick(LENGTH, 32);
        List<int[]> tokens = run.model().sequences(sequences, length);
        LabelledBatch batch = LabelledBatch.of(tokens, tokens);
        float[] weights = new float[batch.targets().length]; // [R]
        Arrays.fill(weights, 1f / weights.length);
        AdamW optimizer = new AdamW(model.parameters(), AdamWConfig.DEFAULT.withWeightDecay(0.01));
        Workspace workspace = new Workspace();
        double[] rates; // tokens a second
        try (TrainingPass pass = new TrainingPass(model)) {
            Runnable step = () -> workspace.run(() -> {
                pass.run(batch, weights);
                optimizer.step(1e-5);
                optimizer.zeroGrad();
            });
            step.run(); // so that the warm-up has the capture, however short it is
            rates = Arrays.stream(run.seconds(3, step))
                    .map(seconds -> sequences * length / seconds)
                    .toArray();
        }
        double[] phases = phases(run, workspace, model, tokens, optimizer);
        for (String label : CASES) {
            if (!run.wants(label)) {
                continue;
            }
            run.add(label, rates, (row, score) -> {
                row.put("parameters", model.config().parameters());
                row.put("micro_batches", 1);
                OptionalDouble peak = DevicePeaks.bf16(run.backend().name());
                if (peak.isPresent()) {
                    double operations = run.model().trainingOperationsPerToken(length);
                    row.put("mfu", GpuRun.significant(score * operations / peak.getAsDouble()));
                    row.put("mfu_peak_tflops", peak.getAsDouble() / 1e12);
                }
                row.putObject("phases_s")
                        .put("forward", GpuRun.significant(phases[0]))
                        .put("backward", GpuRun.significant(phases[1]))
                        .put("optimizer", GpuRun.significant(phases[2]));
            });
        }
    }

    /** Seconds of the parts of one step that waits after each: where time goes. Their sum is more than a step's. */
    private static double[] phases(
            GpuRun run, Workspace workspace, CausalLM model, List<int[]> tokens, AdamW optimizer) {
        long[] at = new long[4];
        workspace.run(() -> {
            at[0] = now(run);
            Var loss = model.loss(tokens, tokens);
            at[1] = now(run);
            loss.backward();
            at[2] = now(run);
            optimizer.step(1e-5);
            optimizer.zeroGrad();
            at[3] = now(run);
        });
        return new double[] {(at[1] - at[0]) / 1e9, (at[2] - at[1]) / 1e9, (at[3] - at[2]) / 1e9};
    }

    private static long now(GpuRun run) {
        run.backend().synchronize();
        return System.nanoTime();
    }
}
