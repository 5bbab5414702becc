// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.peers;

import dev.jacobian.jmh.OfflineCase;
import dev.jacobian.rl.offline.Dpo;
import dev.jacobian.transformer.CausalLM;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Scalar;
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
 * Ten steps of direct preference optimization by libtorch: chosen and rejected in one batch, through the reference without gradients
 * and through the policy, {@code clip_grad_norm_}, {@code torch::optim::AdamW}.
 *
 * <p>Before the measurement a small model is given the weights of ours and must find the chosen completions as likely.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TorchDpoStepBenchmark {
    private static final float BETA = 0.1f;

    @Param("0.04M 4x20")
    public String model;

    private TorchLlama policy;
    private TorchLlama reference;
    private TensorVector parameters;
    private Tensor tokens; // [2 · B, T]
    private AdamW optimizer;
    private int prompt;
    private int pairs;

    @Setup
    public void setUp() {
        Torch.setThreads();
        requireSameScores();
        OfflineCase of = OfflineCase.parse(model);
        CausalLM ours = of.model();
        prompt = of.prompt();
        pairs = of.rows();
        policy = new TorchLlama(of.shape(), true, of.length(), ours);
        reference = new TorchLlama(of.shape(), false, of.length(), ours);
        parameters = policy.parameters();
        tokens = Torch.of(of.tokens(ours, 2));
        optimizer = new AdamW(parameters, new AdamWOptions(1e-5));
    }

    private static void requireSameScores() {
        OfflineCase small = OfflineCase.parse("0.04M 3x14");
        CausalLM ours = small.model();
        double expected = small.firstStep(Dpo.DEFAULT, true).get("logps/chosen");
        try (PointerScope _ = new PointerScope()) {
            Torch.requireSame(
                    "log-probabilities",
                    new TorchLlama(small.shape(), false, small.length(), ours)
                            .scores(Torch.of(small.tokens(ours, 1)), small.prompt())
                            .mean()
                            .item_float(),
                    expected);
        }
    }

    /** Of rows that begin with the chosen ones: how much more likely these are. */
    private Tensor margins(Tensor scores) {
        return scores.narrow(0, 0, pairs).sub(scores.narrow(0, pairs, pairs)); // [B]
    }

    @Benchmark
    public float steps() {
        float last = 0;
        for (int step = 0; step < OfflineCase.STEPS; step++) {
            try (PointerScope _ = new PointerScope()) {
                Tensor anchor = margins(reference.scores(tokens, prompt)); // [B]
                Tensor margin = margins(policy.scores(tokens, prompt)).sub(anchor);
                Tensor loss =
                        torch.log_sigmoid(margin.mul(new Scalar(BETA))).mean().neg();
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
