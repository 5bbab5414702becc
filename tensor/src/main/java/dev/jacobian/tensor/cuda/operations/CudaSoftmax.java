// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.SoftmaxKernels;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.engine.CudaEngine;

/** Softmax over the vocabulary, a block a row. */
public final class CudaSoftmax implements SoftmaxKernels {
    private static final int THREADS = 256;

    private final CudaEngine engine;

    public CudaSoftmax(CudaEngine engine) {
        this.engine = engine;
    }

    @Override
    public void logProbs(
            Tensor logits,
            float inverseTemperature,
            int[] targets,
            Tensor logProbs,
            @Nullable Tensor entropy,
            Tensor stats) {
        engine.launch(
                CudaEngine.typed("log_probs", logits.dtype()),
                targets.length,
                1,
                THREADS,
                logits,
                logits.extent(1),
                inverseTemperature,
                targets,
                logProbs,
                entropy,
                stats);
    }

    @Override
    public void logProbsBackward(
            Tensor logits, float inverseTemperature, int[] targets, Tensor dLogProbs, Tensor stats) {
        engine.launch(
                CudaEngine.typed("log_probs_backward", logits.dtype()),
                targets.length,
                1,
                THREADS,
                logits,
                logits.extent(1),
                inverseTemperature,
                targets,
                dLogProbs,
                stats);
    }

    @Override
    public void softmax(Tensor logits, float inverseTemperature, Tensor out) {
        engine.launch(
                CudaEngine.typed("softmax", logits.dtype()),
                logits.extent(0),
                1,
                THREADS,
                logits,
                logits.extent(1),
                inverseTemperature,
                out);
    }
}
