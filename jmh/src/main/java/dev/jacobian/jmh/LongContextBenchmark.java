// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.DecodingPass;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Tokens at a position of a long sequence, always at the same one: each call works on a fork that it lets go of. Decoding makes several of
 * them, one after the other, so that the fork does not count.
 *
 * <p>Keys and values of the tokens before are random numbers, written to the cache without a pass: what a token costs depends on how
 * many there are, not on what they say, and computing them would take longer than measuring.
 *
 * <p>Training has no position: a call computes loss and gradients of a whole sequence, so its tokens see half of it on average.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LongContextBenchmark {
    private static final int CHUNK = 4096;

    /** See {@link LongCase#parse}. */
    @Param("decode full 1024")
    public String position;

    private final Workspace workspace = new Workspace();
    private CausalLM model;
    private KvCache cache;
    private int before;
    private int[] tokens;
    private Segments all;
    private int piece;
    private boolean trains;

    @Setup
    public void setUp() {
        LongCase of = LongCase.parse(position);
        model = of.model();
        cache = model.newKvCache();
        trains = of.trains();
        piece = of.piece();
        ModelShape shape = ModelShape.named("1M");
        tokens = new int[of.tokens()];
        all = Segments.of(tokens.length);
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = i * 31 % shape.vocabulary();
        }
        if (!trains) {
            fill(of, shape);
        }
    }

    private void fill(LongCase of, ModelShape shape) {
        before = cache.add();
        int width = shape.kvHeads() * shape.headDim();
        Tensor numbers = Tensor.of(MatMulCase.numbers(CHUNK * width, 3), CHUNK, width);
        int[] sequence = {before};
        for (int at = 0; at < of.position(); at += CHUNK) {
            int n = Math.min(CHUNK, of.position() - at);
            Tensor rows = numbers.slice(0, 0, n);
            for (int layer = 0; layer < shape.layers(); layer++) {
                cache.append(layer, sequence, Segments.of(n), rows, rows);
            }
            cache.advance(sequence, Segments.of(n));
        }
    }

    @Benchmark
    public float token() {
        return trains ? trained() : generated();
    }

    private float trained() {
        return workspace.compute(() -> {
            Var loss = model.loss(List.of(tokens), List.of(tokens));
            loss.backward();
            model.parameters().forEach(Parameter::clearGrad);
            return loss.value().item();
        });
    }

    private float generated() {
        return workspace.compute(() -> NoGrad.compute(() -> {
            int[] sequence = {cache.fork(before, cache.length(before))};
            float last = piece == 1 ? decoded(sequence) : first(model.hidden(tokens, all, cache, sequence));
            cache.release(sequence[0]);
            return last;
        }));
    }

    private float decoded(int[] sequence) {
        float[] last = new float[1];
        DecodingPass pass = new DecodingPass(model, cache); // with nothing to close on the CPU
        for (int token : tokens) {
            Workspace.inner(() -> last[0] = first(pass.run(new int[] {token}, sequence)));
        }
        return last[0];
    }

    private static float first(Var hidden) {
        return hidden.value().get(0, 0);
    }
}
