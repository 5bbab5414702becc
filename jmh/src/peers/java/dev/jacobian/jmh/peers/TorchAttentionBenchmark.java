// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.peers;

import dev.jacobian.jmh.AttentionCase;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
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
 * {@code scaled_dot_product_attention} of libtorch. Its fused kernel for CPUs wants as many key heads as query heads, so they
 * are given repeated and the repeating is not timed, nor is the sum over a group that their gradients would need. When
 * decoding, the query heads of a group are the rows of one product, so that nothing is repeated.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TorchAttentionBenchmark {
    @Param("score 16x200 h4/2 d32")
    public String attention;

    private AttentionCase shape;
    private TensorVector inputs;
    private Tensor q; // [B, H, T, E]
    private Tensor k;
    private Tensor v;
    private Tensor out;
    private TensorVector dOut;

    @Setup
    public void setUp() {
        Torch.setThreads();
        torch.manual_seed(1);
        shape = AttentionCase.parse(attention);
        long b = shape.sequences();
        long t = shape.length();
        long e = shape.headDim();
        boolean decode = shape.kind().equals("decode");
        boolean train = shape.kind().equals("backward");
        long keyHeads = decode ? shape.kvHeads() : shape.heads();
        q = decode ? torch.randn(b, keyHeads, shape.heads() / keyHeads, e) : torch.randn(b, shape.heads(), t, e);
        k = torch.randn(b, keyHeads, t, e);
        v = torch.randn(b, keyHeads, t, e);
        for (Tensor input : new Tensor[] {q, k, v}) {
            input.set_requires_grad(train);
        }
        inputs = new TensorVector(q, k, v);
        out = forward();
        dOut = new TensorVector(torch.randn(b, shape.heads(), t, e));
    }

    private Tensor forward() {
        boolean causal = !shape.kind().equals("decode");
        return torch.scaled_dot_product_attention(
                q, k, v, new TensorOptional(), 0, causal, new DoubleOptional(), false);
    }

    @Benchmark
    public long torch() {
        try (PointerScope _ = new PointerScope()) {
            if (shape.kind().equals("backward")) {
                return torch.grad(new TensorVector(out), inputs, dOut, new BoolOptional(true), false, false)
                        .size();
            }
            return forward().size(0);
        }
    }
}
