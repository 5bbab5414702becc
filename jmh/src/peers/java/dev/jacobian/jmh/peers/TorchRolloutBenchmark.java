// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.peers;

import dev.jacobian.jmh.ModelCase;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Sampling with libtorch: a key-value cache allocated beforehand, all sequences in one batch, no autograd, {@code
 * multinomial} on the softmax. It does not record log-probabilities, which ours does.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TorchRolloutBenchmark {
    @Param("1M 64x64")
    public String model;

    private InferenceMode mode;
    private ModelCase of;
    private TorchLlama llama;
    private Tensor first; // [B]

    @Setup
    public void setUp() {
        Torch.setThreads();
        mode = new InferenceMode();
        torch.manual_seed(1);
        of = ModelCase.parse(model);
        llama = new TorchLlama(of.shape(), false, of.length());
        long[] ids = new long[of.sequences()];
        for (int s = 0; s < ids.length; s++) {
            ids[s] = s % of.shape().vocabulary();
        }
        first = Torch.of(ids, ids.length);
    }

    @Benchmark
    public long generate() {
        return llama.sample(first, of.length());
    }
}
