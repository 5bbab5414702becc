// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static dev.jacobian.transformer.TestModels.tokens;

import dev.jacobian.autograd.Elementwise;
import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Reduction;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.Bits;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.TestPaths;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One number per token: the same logits bit for bit however they are computed. The expectation is always the sequence
 * alone in one pass.
 */
class BitwiseTest {
    @TempDir
    Path temporary;

    /** Every golden model, a trained one, and one whose matrices are wider than the tiles of kernels. */
    static Stream<String> models() {
        return Stream.concat(GoldenModel.all().stream().map(GoldenModel::name), Stream.of("arith-qwen3", "wide"));
    }

    private CausalLM model(String name) {
        return name.equals("wide") ? TestModels.wideModel(temporary) : CausalLM.load(TestPaths.model(name));
    }

    private static float[] logits(CausalLM model, Var hidden, int from, int to) {
        return model.logits(hidden, IntStream.range(from, to).toArray()).toFloatArray();
    }

    @ParameterizedTest
    @MethodSource("models")
    @DisplayName("alone, in a batch, token by token, in pieces, with any number of threads, after thousands of calls")
    void logits(String name) {
        CausalLM model = model(name);
        int vocabulary = model.config().vocabularySize();
        int[] lengths = {1, 15, 16, 17, 3, 41};
        List<int[]> sequences = new ArrayList<>();
        List<float[]> alone = new ArrayList<>();
        for (int length : lengths) {
            int[] sequence = tokens(length, length, vocabulary);
            sequences.add(sequence);
            alone.add(model.logits(sequence).toFloatArray());
        }
        inBatch(model, sequences, alone);
        tokenByToken(model, sequences, alone);
        inPieces(model, sequences.get(5), alone.get(5));
        int threads = ComputePool.threads();
        try {
            for (int count : new int[] {1, 2, 3}) {
                ComputePool.setThreads(count);
                assertBits(count + " threads", model.logits(sequences.get(5)).toFloatArray(), alone.get(5));
                inBatch(model, sequences, alone);
            }
        } finally {
            ComputePool.setThreads(threads);
        }
        int calls = name.equals("llama-gqa") ? 3000 : 100;
        for (int call = 0; call < calls; call++) {
            model.logits(sequences.get(call % 5));
        }
        for (int s = 0; s < lengths.length; s++) {
            assertBits(
                    "after " + calls + " calls", model.logits(sequences.get(s)).toFloatArray(), alone.get(s));
        }
    }

    private static void inBatch(CausalLM model, List<int[]> sequences, List<float[]> alone) {
        Segments segments =
                Segments.of(sequences.stream().mapToInt(s -> s.length).toArray());
        int[] packed = sequences.stream().flatMapToInt(Arrays::stream).toArray();
        Var hidden = NoGrad.compute(() -> model.hidden(packed, segments));
        Var recorded = model.hidden(packed, segments); // with a gradient to come: the same path, with statistics kept
        assertBits(
                "with gradient", recorded.value().toFloatArray(), hidden.value().toFloatArray());
        for (int s = 0; s < sequences.size(); s++) {
            assertBits(
                    "sequence " + s + " in a batch",
                    logits(model, hidden, segments.start(s), segments.start(s) + segments.length(s)),
                    alone.get(s));
        }
    }

    private static void tokenByToken(CausalLM model, List<int[]> sequences, List<float[]> alone) {
        NoGrad.run(() -> {
            KvCache cache = model.newKvCache();
            DecodingPass pass = new DecodingPass(model, cache);
            int[] handles = sequences.stream().mapToInt(s -> cache.add()).toArray();
            int vocabulary = model.config().vocabularySize();
            for (int t = 0; t < 41; t++) {
                int position = t;
                int[] running = IntStream.range(0, handles.length)
                        .filter(s -> sequences.get(s).length > position)
                        .toArray();
                int[] step = Arrays.stream(running)
                        .map(s -> sequences.get(s)[position])
                        .toArray();
                Var hidden = pass.run(
                        step, Arrays.stream(running).map(s -> handles[s]).toArray());
                for (int i = 0; i < running.length; i++) {
                    float[] expected = Arrays.copyOfRange(
                            alone.get(running[i]), position * vocabulary, (position + 1) * vocabulary);
                    assertBits(
                            "sequence " + running[i] + " decoded at " + position,
                            logits(model, hidden, i, i + 1),
                            expected);
                }
            }
        });
    }

    private static void inPieces(CausalLM model, int[] sequence, float[] alone) {
        int vocabulary = model.config().vocabularySize();
        for (int[] ends : new int[][] {{1, 2, 41}, {16, 32, 41}, {15, 33, 41}, {40, 41}, {17, 18, 19, 41}}) {
            NoGrad.run(() -> {
                KvCache cache = model.newKvCache();
                int handle = cache.add();
                int from = 0;
                for (int to : ends) {
                    Var hidden = model.hidden(
                            Arrays.copyOfRange(sequence, from, to), Segments.of(to - from), cache, new int[] {handle});
                    float[] expected = Arrays.copyOfRange(alone, from * vocabulary, to * vocabulary);
                    assertBits("piece " + from + ".." + to, logits(model, hidden, 0, to - from), expected);
                    from = to;
                }
            });
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    @DisplayName("prompts shared by their continuations give the bits of prompts repeated; gradients agree")
    void sharedPrefixes(String name) {
        CausalLM model = model(name);
        int vocabulary = model.config().vocabularySize();
        for (int prompt : new int[] {1, 2, 7, 15, 16, 17, 32}) {
            int[] tails = {1, 5, 17, 0, 16};
            int[] lengths = {prompt, tails[0], tails[1], tails[2], tails[3], tails[4], 3, 2};
            int[] parents = {-1, 0, 0, 0, 0, 0, -1, 6};
            Segments shared = Segments.of(lengths, parents);
            int[] packed = tokens(prompt, shared.rows(), vocabulary);
            float[] hidden =
                    NoGrad.compute(() -> model.hidden(packed, shared)).value().toFloatArray();
            int width = model.config().hiddenSize();
            for (int s = 0; s < lengths.length; s++) {
                int before = shared.history(s);
                int parent = Math.max(0, parents[s]);
                int[] whole = new int[before + lengths[s]];
                System.arraycopy(packed, shared.start(parent), whole, 0, before);
                System.arraycopy(packed, shared.start(s), whole, before, lengths[s]);
                if (whole.length == 0) {
                    continue;
                }
                float[] expected = NoGrad.compute(() -> model.hidden(whole, Segments.of(whole.length)))
                        .value()
                        .toFloatArray();
                assertBits(
                        name + " prompt " + prompt + " segment " + s,
                        Arrays.copyOfRange(hidden, shared.start(s) * width, (shared.start(s) + lengths[s]) * width),
                        Arrays.copyOfRange(expected, before * width, expected.length));
            }
        }
        sharedGradients(model);
    }

    @ParameterizedTest
    @MethodSource("models")
    @DisplayName("continuations of continuations: the logits of each path are those of the sequence alone")
    void forest(String name) {
        CausalLM model = model(name);
        int vocabulary = model.config().vocabularySize();
        Segments segments = Segments.of(new int[] {9, 4, 3, 17, 1}, new int[] {-1, 0, 1, 1, 0});
        int[] tokens = tokens(8, segments.rows(), vocabulary);
        Var hidden = NoGrad.compute(() -> model.hidden(tokens, segments));
        for (int s = 0; s < segments.count(); s++) {
            int leaf = s;
            int length = segments.history(s) + segments.length(s);
            int[] rows = IntStream.range(0, length)
                    .map(position -> segments.row(leaf, position))
                    .toArray();
            int[] path = Arrays.stream(rows).map(row -> tokens[row]).toArray();
            Bits.assertBits(
                    name + " path of " + s,
                    model.logits(hidden, rows).toFloatArray(),
                    model.logits(path).toFloatArray());
        }
    }

    /** The loss of two continuations of one prompt, with the prompt computed once and twice. */
    private static void sharedGradients(CausalLM model) {
        int vocabulary = model.config().vocabularySize();
        int[] prompt = tokens(1, 6, vocabulary);
        int[] first = tokens(2, 3, vocabulary);
        int[] second = tokens(3, 4, vocabulary);
        int[] sharedTokens = concat(prompt, first, second);
        int[] targets = concat(first, second);
        // the token at each of these rows predicts the next one; row 5 ends the prompt and predicts both firsts
        Var once = model.hidden(sharedTokens, Segments.of(new int[] {6, 3, 4}, new int[] {-1, 0, 0}));
        backward(model, once, new int[] {5, 6, 7, 5, 9, 10, 11}, targets);
        List<Tensor> shared = takeGradients(model);
        Var twice = model.hidden(concat(prompt, first, prompt, second), Segments.of(9, 10));
        backward(model, twice, new int[] {5, 6, 7, 14, 15, 16, 17}, targets);
        List<Tensor> repeated = takeGradients(model);
        for (int i = 0; i < shared.size(); i++) {
            float[] expected = repeated.get(i).toFloatArray();
            double scale = 0;
            for (float value : expected) {
                scale = Math.max(scale, Math.abs(value));
            }
            Bits.assertClose(
                    "gradient of " + model.parameters().get(i).name(),
                    shared.get(i).toFloatArray(),
                    expected,
                    2e-5 * Math.max(scale, 1e-2));
        }
    }

    private static void backward(CausalLM model, Var hidden, int[] rows, int[] targets) {
        Elementwise.scale(
                        Reduction.mean(model.logProbs(hidden, rows, targets, 1f).logProbs()), -1f)
                .backward();
    }

    private static List<Tensor> takeGradients(CausalLM model) {
        List<Tensor> gradients = new ArrayList<>();
        for (Parameter parameter : model.parameters()) {
            gradients.add(parameter.grad().orElseThrow());
            parameter.clearGrad();
        }
        return gradients;
    }

    private static int[] concat(int[]... parts) {
        return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
    }

    @ParameterizedTest
    @MethodSource("models")
    @DisplayName("loss and every gradient with 1, 2 and 3 threads")
    void gradients(String name) {
        CausalLM model = model(name);
        int vocabulary = model.config().vocabularySize();
        List<int[]> sequences =
                List.of(tokens(1, 33, vocabulary), tokens(2, 50, vocabulary), tokens(3, 64, vocabulary));
        int threads = ComputePool.threads();
        List<Tensor> expected = null;
        float expectedLoss = 0;
        try {
            for (int count : new int[] {1, 2, 3}) {
                ComputePool.setThreads(count);
                Var loss = model.loss(sequences, sequences);
                loss.backward();
                List<Tensor> gradients = takeGradients(model);
                if (expected == null) {
                    expected = gradients;
                    expectedLoss = loss.value().item();
                }
                assertBits("loss", new float[] {loss.value().item()}, new float[] {expectedLoss});
                for (int i = 0; i < gradients.size(); i++) {
                    assertBits(
                            count + " threads, gradient of "
                                    + model.parameters().get(i).name(),
                            gradients.get(i).toFloatArray(),
                            expected.get(i).toFloatArray());
                }
            }
        } finally {
            ComputePool.setThreads(threads);
        }
    }
}
