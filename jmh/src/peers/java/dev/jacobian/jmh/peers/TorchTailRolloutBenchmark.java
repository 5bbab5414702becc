// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.peers;

import dev.jacobian.jmh.TailCase;
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
 * The same with libtorch, as in {@link TorchRolloutBenchmark}: batch after batch, each as long as its longest sequence, whose
 * other rows go on to its end.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TorchTailRolloutBenchmark {
    @Param("1M 64x16")
    public String model;

    private InferenceMode mode;
    private int[] lengths;
    private int slots;
    private TorchLlama llama;
    private Tensor first; // [slots]

    @Setup
    public void setUp() {
        Torch.setThreads();
        mode = new InferenceMode();
        torch.manual_seed(1);
        TailCase of = TailCase.parse(model);
        lengths = of.lengths();
        slots = of.slots();
        llama = new TorchLlama(of.model().shape(), false, of.longest());
        long[] ids = new long[slots];
        for (int s = 0; s < slots; s++) {
            ids[s] = s % of.model().shape().vocabulary();
        }
        first = Torch.of(ids, ids.length);
    }

    @Benchmark
    public long waves() {
        long last = 0;
        for (int from = 0; from < lengths.length; from += slots) {
            int longest = 0;
            for (int s = from; s < Math.min(lengths.length, from + slots); s++) {
                longest = Math.max(longest, lengths[s]);
            }
            last += llama.sample(first, longest);
        }
        return last;
    }
}
