// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static dev.jacobian.transformer.TestModels.tokens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.KvCacheType;
import dev.jacobian.tensor.Segments;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.GoldenModels;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Sequences much longer than windows, in every type of cache: the same bits however they are cut. Of an exact cache the expectation is
 * the sequence alone in one pass without a cache; of an 8-bit one, alone in one pass over the cache.
 */
class CachedBitsTest {
    private static final int LENGTH = 125;

    private static CausalLM model(GoldenModel golden, KvCacheType type) {
        return CausalLM.load(golden.folder(), ModelOptions.DEFAULT.kvCache(type));
    }

    private static float[] logits(CausalLM model, Var hidden) {
        return model.logits(hidden, IntStream.range(0, hidden.value().extent(0)).toArray())
                .toFloatArray();
    }

    /** Logits [T, V] of a sequence in pieces; token by token where a piece is 1. */
    private static float[] inPieces(CausalLM model, int[] sequence, int... pieces) {
        int vocabulary = model.config().vocabularySize();
        float[] all = new float[sequence.length * vocabulary];
        NoGrad.run(() -> {
            KvCache cache = model.newKvCache();
            int[] handle = {cache.add()};
            DecodingPass pass = new DecodingPass(model, cache);
            int from = 0;
            while (from < sequence.length) {
                for (int piece : pieces) {
                    int[] part = Arrays.copyOfRange(sequence, from, Math.min(sequence.length, from + piece));
                    if (part.length > 0) {
                        Var hidden = piece == 1
                                ? pass.run(part, handle)
                                : model.hidden(part, Segments.of(part.length), cache, handle);
                        float[] own = logits(model, hidden);
                        System.arraycopy(own, 0, all, from * vocabulary, own.length);
                        from += part.length;
                        assertThat(cache.usedBytes()).isLessThanOrEqualTo(cache.bytesOf(from, piece));
                    }
                }
            }
        });
        return all;
    }

    /** The same beside other sequences, of which some share a beginning with it. */
    private static float[] inBatch(CausalLM model, int[] sequence) {
        int vocabulary = model.config().vocabularySize();
        float[] all = new float[sequence.length * vocabulary];
        NoGrad.run(() -> {
            KvCache cache = model.newKvCache();
            int other = cache.add();
            int own = cache.add();
            int[] noise = tokens(9, 70, vocabulary);
            model.hidden(noise, Segments.of(70), cache, new int[] {other});
            int[] first = Arrays.copyOf(sequence, 50);
            float[] begun = logits(model, model.hidden(first, Segments.of(50), cache, new int[] {own}));
            System.arraycopy(begun, 0, all, 0, begun.length);
            int fork = cache.fork(own, 50);
            int[] rest = Arrays.copyOfRange(sequence, 50, sequence.length);
            int[] batch = new int[2 * rest.length + 5];
            System.arraycopy(noise, 0, batch, 0, 5);
            System.arraycopy(rest, 0, batch, 5, rest.length);
            System.arraycopy(noise, 0, batch, 5 + rest.length, Math.min(70, rest.length));
            Var hidden =
                    model.hidden(batch, Segments.of(5, rest.length, rest.length), cache, new int[] {other, fork, own});
            float[] both = logits(model, hidden);
            System.arraycopy(both, 5 * vocabulary, all, 50 * vocabulary, rest.length * vocabulary);
        });
        return all;
    }

    @GoldenModels
    @DisplayName("in one pass, in pieces, token by token, in a batch, from a fork, on 1 and 2 threads")
    void bits(GoldenModel golden) {
        int[] sequence =
                tokens(5, LENGTH, model(golden, KvCacheType.AUTO).config().vocabularySize());
        int threads = ComputePool.threads();
        for (KvCacheType type : new KvCacheType[] {KvCacheType.AUTO, KvCacheType.Q8_0}) {
            CausalLM model = model(golden, type);
            if (model.config().maxPositions() < LENGTH || model.config().plan().rotationsDependOnLength()) {
                return;
            }
            float[] alone = type == KvCacheType.AUTO
                    ? model.logits(sequence).toFloatArray()
                    : inPieces(model, sequence, LENGTH);
            try {
                for (int count = 1; count <= 2; count++) {
                    ComputePool.setThreads(count);
                    String what = golden + ", " + type + ", " + count + " threads";
                    assertBits(what + ", in pieces", inPieces(model, sequence, 37, 1, 2, 16, 1, 30), alone);
                    assertBits(what + ", in a batch", inBatch(model, sequence), alone);
                }
            } finally {
                ComputePool.setThreads(threads);
            }
            assertBits(golden + ", " + type + ", token by token", inPieces(model, sequence, 1), alone);
        }
    }

    @GoldenModels
    @DisplayName("8 bits move log-probabilities a little")
    void divergence(GoldenModel golden) {
        CausalLM exact = model(golden, KvCacheType.AUTO);
        int length = Math.min(100, exact.config().maxPositions());
        int[] sequence = tokens(6, length, exact.config().vocabularySize());
        float[] expected = inPieces(exact, sequence, length);
        float[] actual = inPieces(model(golden, KvCacheType.Q8_0), sequence, length);
        int vocabulary = exact.config().vocabularySize();
        double[] divergences = IntStream.range(0, length)
                .mapToDouble(t -> divergence(expected, actual, t * vocabulary, vocabulary))
                .sorted()
                .toArray();
        // not the mean: a router that stands on an edge chooses another expert, and a row is another row then
        assertThat(divergences[length / 2]).as("median KL of %s", golden).isBetween(-1e-9, 1e-3);
        assertThat(divergences[length - 1]).as("largest KL of %s", golden).isGreaterThan(1e-9); // something was rounded
    }

    /** KL(p ‖ q) in nats of the softmax of two rows. */
    private static double divergence(float[] p, float[] q, int at, int n) {
        double[] logP = logSoftmax(p, at, n);
        double[] logQ = logSoftmax(q, at, n);
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += logP[i] == Double.NEGATIVE_INFINITY ? 0 : Math.exp(logP[i]) * (logP[i] - logQ[i]);
        }
        return sum;
    }

    private static double[] logSoftmax(float[] logits, int at, int n) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, logits[at + i]);
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += Math.exp(logits[at + i] - max);
        }
        double[] result = new double[n];
        for (int i = 0; i < n; i++) {
            result[i] = logits[at + i] - max - Math.log(sum);
        }
        return result;
    }

    @Test
    @DisplayName("an unknown type, 8 bits on a GPU and F32 beside BF16 are refused, with what there is")
    void refused() {
        assertThatThrownBy(() -> KvCacheType.parse("fp8"))
                .hasMessage("unknown type of KV cache 'fp8'; use one of auto, f32, q8_0");
        assertThat(KvCacheType.parse("Q8_0")).isEqualTo(KvCacheType.Q8_0);
        ModelOptions onGpu = ModelOptions.DEFAULT.on(Device.cuda(0));
        assertThatThrownBy(() -> onGpu.kvCache(KvCacheType.Q8_0))
                .hasMessageContainingAll("q8_0", "cuda:0", "kv_cache_type at auto");
        assertThatThrownBy(() -> onGpu.computingIn(DType.BF16).kvCache(KvCacheType.F32))
                .hasMessageContainingAll("BF16", "f32");
        assertThatThrownBy(() ->
                        model(GoldenModel.all().getFirst(), KvCacheType.Q8_0).requireExactKvCache("training"))
                .hasMessageStartingWith("training needs log-probabilities")
                .hasMessageContainingAll("kv_cache_type q8_0", "auto");
    }
}
