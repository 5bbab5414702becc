// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.SamplingFilters;
import dev.jacobian.tensor.Segments;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.TestModels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Contrastive search against its definition computed anew for each sequence, without cache or batch. */
class ContrastiveSearchTest {
    private static final CausalLM MODEL = CausalLM.load(TestPaths.model("llama-gqa"));

    private static GenerationConfig config(double alpha, int topK) {
        return GenerationConfig.builder()
                .maxNewTokens(20)
                .penaltyAlpha(alpha)
                .topK(topK)
                .ignoreEos(true)
                .build();
    }

    /** Hidden states of all tokens, [T][D]. */
    private static float[][] hidden(int[] tokens) {
        return NoGrad.compute(() -> {
            var states = MODEL.hidden(tokens, Segments.of(tokens.length)).value(); // [T, D]
            return IntStream.range(0, tokens.length)
                    .mapToObj(t -> states.slice(0, t, t + 1).toFloatArray())
                    .toArray(float[][]::new);
        });
    }

    private static double cosine(float[] a, float[] b) {
        double dot = 0;
        double squaresOfA = 0;
        double squaresOfB = 0;
        for (int d = 0; d < a.length; d++) {
            dot += (double) a[d] * b[d];
            squaresOfA += (double) a[d] * a[d];
            squaresOfB += (double) b[d] * b[d];
        }
        return dot / Math.sqrt(squaresOfA) / Math.sqrt(squaresOfB);
    }

    private static int[] byDefinition(int[] prompt, int steps, double alpha, int topK) {
        int[] tokens = prompt;
        for (int step = 0; step < steps; step++) {
            float[] row = MODEL.logits(tokens)
                    .slice(0, tokens.length - 1, tokens.length)
                    .toFloatArray();
            double[] p = SamplingFilters.probabilities(row);
            Integer[] order = IntStream.range(0, row.length).boxed().toArray(Integer[]::new);
            Arrays.sort(order, (x, y) -> Double.compare(p[y], p[x]));
            int best = -1;
            double bestScore = Double.NEGATIVE_INFINITY;
            for (int c = 0; c < topK; c++) {
                int[] longer = Arrays.copyOf(tokens, tokens.length + 1);
                longer[tokens.length] = order[c];
                float[][] states = hidden(longer);
                double likeness = IntStream.range(0, tokens.length)
                        .mapToDouble(t -> cosine(states[t], states[tokens(longer)]))
                        .max()
                        .orElseThrow();
                double score = (1 - alpha) * p[order[c]] - alpha * likeness;
                if (score > bestScore) {
                    bestScore = score;
                    best = order[c];
                }
            }
            tokens = Arrays.copyOf(tokens, tokens.length + 1);
            tokens[tokens.length - 1] = best;
        }
        return Arrays.copyOfRange(tokens, prompt.length, tokens.length);
    }

    private static int tokens(int[] longer) {
        return longer.length - 1;
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.3, 0.6, 1.0})
    @DisplayName("each token has the best balance of probability and novelty among the likeliest")
    void definition(double alpha) {
        for (int[] prompt : List.of(new int[] {187, 330, 58}, TestModels.tokens(3, 14, 300))) {
            Generation found = new Generator(MODEL)
                    .generate(List.of(prompt), 1, config(alpha, 4))
                    .get(0)
                    .get(0);
            assertThat(found.tokenIds()).containsExactly(byDefinition(prompt, 20, alpha, 4));
        }
    }

    @Test
    @DisplayName("with next to no weight on novelty it is greedy decoding; with some it is not")
    void greedy() {
        int[] prompt = {187, 330, 58};
        GenerationConfig greedy = GenerationConfig.builder()
                .maxNewTokens(20)
                .doSample(false)
                .ignoreEos(true)
                .build();
        Generation expected =
                new Generator(MODEL).generate(List.of(prompt), 1, greedy).get(0).get(0);
        Generation almost = new Generator(MODEL)
                .generate(List.of(prompt), 1, config(1e-9, 5))
                .get(0)
                .get(0);
        assertThat(almost.tokenIds()).containsExactly(expected.tokenIds());
        assertThat(almost.logProbs()).containsExactly(expected.logProbs());
        assertThat(new Generator(MODEL)
                        .generate(List.of(prompt), 1, config(0.6, 5))
                        .get(0)
                        .get(0)
                        .tokenIds())
                .isNotEqualTo(expected.tokenIds());
    }

    @Test
    @DisplayName("the same alone and among others, with 1 and with 2 threads; a listener hears every token")
    void reproducible() {
        List<int[]> prompts = List.of(new int[] {5}, TestModels.tokens(1, 17, 300), TestModels.tokens(2, 9, 300));
        List<List<Integer>> heard = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        GenerationConfig config = config(0.6, 4);
        List<List<Generation>> together = new Generator(MODEL)
                .generate(
                        prompts,
                        new long[3],
                        1,
                        config,
                        (p, s, token) -> heard.get(p).add(token));
        int threads = ComputePool.threads();
        for (int p = 0; p < 3; p++) {
            int[] ids = together.get(p).get(0).tokenIds();
            assertThat(heard.get(p))
                    .containsExactlyElementsOf(Arrays.stream(ids).boxed().toList());
            try {
                ComputePool.setThreads(1 + p % 2);
                Generation alone = new Generator(MODEL, 1)
                        .generate(List.of(prompts.get(p)), 1, config)
                        .get(0)
                        .get(0);
                assertThat(alone.tokenIds()).containsExactly(ids);
                assertThat(alone.logProbs())
                        .containsExactly(together.get(p).get(0).logProbs());
            } finally {
                ComputePool.setThreads(threads);
            }
        }
    }

    @Test
    @DisplayName("processors act before the candidates are taken")
    void processors() {
        int[] prompt = {187, 330, 58};
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(12)
                .penaltyAlpha(0.5)
                .topK(3)
                .noRepeatNgramSize(1)
                .ignoreEos(true)
                .build();
        int[] ids = new Generator(MODEL)
                .generate(List.of(prompt), 1, config)
                .get(0)
                .get(0)
                .tokenIds();
        assertThat(Arrays.stream(ids).distinct().count()).isEqualTo(12);
        assertThat(ids).doesNotContain(prompt);
    }
}
