// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static dev.jacobian.transformer.TestModels.tokens;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Segments;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the sampler reports is what the trainer computes: a ratio of exactly 1 on the first update. */
class OnPolicyTest {
    private static final int SAMPLES = 3;

    @TempDir
    Path temporary;

    @ParameterizedTest(name = "{0}, temperature {1}")
    @CsvSource({
        "qwen3,1",
        "qwen3,0.7",
        "llama-gqa,1",
        "llama-gqa,0.7",
        "qwen2-sharded,1",
        "qwen2-sharded,0.7",
        "mistral-swa-f16,1",
        "mistral-swa-f16,0.7",
        "arith-qwen3,1",
        "arith-qwen3,0.7",
        "wide,0.7"
    })
    @DisplayName("sampled log-probabilities are those of one packed training pass; batching changes no sample")
    void sampledIsTrained(String name, float temperature) {
        CausalLM model = name.equals("wide") ? TestModels.wideModel(temporary) : CausalLM.load(TestPaths.model(name));
        int vocabulary = model.config().vocabularySize();
        List<int[]> prompts = new ArrayList<>(); // every length modulo the cache's page
        for (int length = 1; length <= 17; length++) {
            prompts.add(tokens(1000 + length, length, vocabulary));
        }
        GenerationConfig config = GenerationConfig.sampling(21, temperature, 5);
        List<List<Generation>> sampled = new Generator(model).generate(prompts, SAMPLES, config);
        assertTrainingPass(model, prompts, sampled, temperature, false);
        assertTrainingPass(model, prompts, sampled, temperature, true);

        for (int maxBatch : new int[] {1, 7}) {
            assertEqual(
                    "max batch " + maxBatch,
                    new Generator(model, maxBatch).generate(prompts, SAMPLES, config),
                    sampled);
        }
        for (int p : new int[] {0, 15, 16}) {
            long[] key = {p};
            assertEqual(
                    "prompt " + p + " alone",
                    new Generator(model).generate(List.of(prompts.get(p)), key, SAMPLES, config, (a, b, c) -> {}),
                    List.of(sampled.get(p)));
        }
        int threads = ComputePool.threads();
        try {
            ComputePool.setThreads(threads == 1 ? 2 : 1);
            assertEqual("threads", new Generator(model).generate(prompts, SAMPLES, config), sampled);
        } finally {
            ComputePool.setThreads(threads);
        }
        assertThat(allTokens(
                        new Generator(model).generate(prompts, SAMPLES, GenerationConfig.sampling(21, temperature, 6))))
                .as("another seed")
                .isNotEqualTo(allTokens(sampled));
    }

    private static List<Integer> allTokens(List<List<Generation>> generations) {
        return generations.stream()
                .flatMap(List::stream)
                .flatMap(generation -> Arrays.stream(generation.tokenIds()).boxed())
                .toList();
    }

    private static void assertEqual(String what, List<List<Generation>> actual, List<List<Generation>> expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int p = 0; p < actual.size(); p++) {
            for (int s = 0; s < SAMPLES; s++) {
                Generation a = actual.get(p).get(s);
                Generation e = expected.get(p).get(s);
                String where = what + ", prompt " + p + ", sample " + s;
                assertThat(a.tokenIds()).as(where).containsExactly(e.tokenIds());
                assertThat(a.finishReason()).as(where).isEqualTo(e.finishReason());
                assertBits(where, a.logProbs(), e.logProbs());
            }
        }
    }

    /** All continuations in one pass, each with a copy of its prompt or all on one. */
    private static void assertTrainingPass(
            CausalLM model, List<int[]> prompts, List<List<Generation>> sampled, float temperature, boolean share) {
        List<int[]> parts = new ArrayList<>();
        List<Integer> parents = new ArrayList<>();
        List<Integer> rows = new ArrayList<>();
        List<Integer> targets = new ArrayList<>();
        List<float[]> expected = new ArrayList<>();
        int at = 0;
        for (int p = 0; p < prompts.size(); p++) {
            int promptPart = parts.size();
            int promptEnd = 0;
            for (int s = 0; s < SAMPLES; s++) {
                int[] completion = sampled.get(p).get(s).tokenIds();
                if (s == 0 || !share) {
                    at = add(parts, parents, prompts.get(p), -1, at);
                    promptEnd = at - 1;
                    promptPart = parts.size() - 1;
                }
                int begin = at;
                at = add(parts, parents, Arrays.copyOf(completion, completion.length - 1), promptPart, at);
                for (int t = 0; t < completion.length; t++) {
                    rows.add(t == 0 ? promptEnd : begin + t - 1);
                    targets.add(completion[t]);
                }
                expected.add(sampled.get(p).get(s).logProbs());
            }
        }
        Segments segments = Segments.of(parts.stream().mapToInt(x -> x.length).toArray(), unbox(parents));
        var result = model.logProbs(
                model.hidden(parts.stream().flatMapToInt(Arrays::stream).toArray(), segments),
                unbox(rows),
                unbox(targets),
                temperature);
        float[] trained = result.logProbs().value().toFloatArray();
        int from = 0;
        for (float[] one : expected) {
            assertBits(
                    share ? "shared prompts" : "repeated prompts",
                    Arrays.copyOfRange(trained, from, from + one.length),
                    one);
            from += one.length;
        }
        assertThat(from).isEqualTo(trained.length);
    }

    private static int add(List<int[]> parts, List<Integer> parents, int[] tokens, int parent, int at) {
        parts.add(tokens);
        parents.add(parent);
        return at + tokens.length;
    }

    private static int[] unbox(List<Integer> values) {
        return values.stream().mapToInt(Integer::intValue).toArray();
    }
}
