// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.peers;

import dev.jacobian.jmh.OfflineCase;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.transformer.CausalLM;
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
 * Ten steps of fine-tuning by libtorch: a mean over the tokens of completions, {@code clip_grad_norm_}, {@code torch::optim::AdamW}.
 *
 * <p>Before the measurement a small model is given the weights of ours and must compute the same loss.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TorchSftStepBenchmark {
    @Param("0.04M 4x20")
    public String model;

    private TorchLlama llama;
    private TensorVector parameters;
    private Tensor tokens; // [B, T]
    private AdamW optimizer;
    private int prompt;

    @Setup
    public void setUp() {
        Torch.setThreads();
        requireSameLoss();
        OfflineCase of = OfflineCase.parse(model);
        CausalLM ours = of.model();
        prompt = of.prompt();
        llama = new TorchLlama(of.shape(), true, of.length(), ours);
        parameters = llama.parameters();
        tokens = Torch.of(of.tokens(ours, 1));
        optimizer = new AdamW(parameters, new AdamWOptions(1e-5));
    }

    private static void requireSameLoss() {
        OfflineCase small = OfflineCase.parse("0.04M 3x14");
        CausalLM ours = small.model();
        double expected = small.firstStep(Sft.DEFAULT, false).get("loss");
        try (PointerScope _ = new PointerScope()) {
            Torch.requireSame(
                    "the loss",
                    new TorchLlama(small.shape(), false, small.length(), ours)
                            .loss(Torch.of(small.tokens(ours, 1)), small.prompt())
                            .item_float(),
                    expected);
        }
    }

    @Benchmark
    public float steps() {
        float last = 0;
        for (int step = 0; step < OfflineCase.STEPS; step++) {
            try (PointerScope _ = new PointerScope()) {
                Tensor loss = llama.loss(tokens, prompt);
                loss.backward();
                torch.clip_grad_norm_(parameters, 1);
                optimizer.step();
                optimizer.zero_grad();
                last = loss.item_float();
            }
        }
        return last;
    }
}
