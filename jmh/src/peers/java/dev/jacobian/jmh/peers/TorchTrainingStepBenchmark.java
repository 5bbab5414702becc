// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.peers;

import dev.jacobian.jmh.ModelCase;
import dev.jacobian.transformer.CausalLM;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
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
 * The training step of libtorch through its C++ API: autograd, {@code clip_grad_norm_}, {@code torch::optim::AdamW}, on {@link
 * TorchLlama}.
 *
 * <p>Before the measurement a small model is given the weights of ours and must compute the same loss, so that both sides do
 * the same work.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TorchTrainingStepBenchmark {
    @Param("1M 16x128")
    public String model;

    private TorchLlama llama;
    private TensorVector parameters;
    private Tensor tokens; // [B, T]
    private AdamW optimizer;

    @Setup
    public void setUp() {
        Torch.setThreads();
        requireSameLoss();
        ModelCase of = ModelCase.parse(model);
        torch.manual_seed(1);
        llama = new TorchLlama(of.shape(), true, of.length());
        parameters = llama.parameters();
        tokens = tensor(of);
        AdamWOptions options = new AdamWOptions(1e-5);
        optimizer = new AdamW(parameters, options);
    }

    private static Tensor tensor(ModelCase of) {
        List<int[]> batch = of.tokens();
        long[] ids = new long[of.sequences() * of.length()];
        for (int s = 0; s < of.sequences(); s++) {
            for (int t = 0; t < of.length(); t++) {
                ids[s * of.length() + t] = batch.get(s)[t];
            }
        }
        return Torch.of(ids, of.sequences(), of.length());
    }

    private static void requireSameLoss() {
        ModelCase small = ModelCase.parse("0.1M 3x37");
        CausalLM ours = small.model();
        float expected = ours.loss(small.tokens(), small.tokens()).value().item();
        try (PointerScope _ = new PointerScope()) {
            float loss = new TorchLlama(small.shape(), false, small.length(), ours)
                    .loss(tensor(small))
                    .item_float();
            if (!(Math.abs(loss - expected) < 1e-5)) {
                throw new IllegalStateException("libtorch computes the loss " + loss + " where ours is " + expected
                        + ": the two do not do the same work");
            }
        }
    }

    @Benchmark
    public float step() {
        try (PointerScope _ = new PointerScope()) {
            Tensor loss = llama.loss(tokens);
            loss.backward();
            torch.clip_grad_norm_(parameters, 1);
            optimizer.step();
            optimizer.zero_grad();
            return loss.item_float();
        }
    }
}
