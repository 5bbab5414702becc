// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.Bits;
import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.TestModels;
import dev.jacobian.transformer.family.Families;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Beam search against transformers' beams, against all sequences there are, and that it depends on nothing else. */
class BeamSearchTest {
    @TempDir
    Path temporary;

    private static CausalLM model(String name) {
        return CausalLM.load(TestPaths.model(name));
    }

    private static List<Generation> beams(CausalLM model, int[] prompt, GenerationConfig config) {
        return new Generator(model)
                .generate(List.of(prompt), config.search().numReturnSequences(), config)
                .get(0);
    }

    static Stream<String> goldens() {
        return Stream.of("llama-mha-tied", "qwen3")
                .flatMap(name ->
                        Stream.of("beam2_short", "beam3_short", "beam4_short").map(beam -> name + "/" + beam));
    }

    @ParameterizedTest
    @MethodSource("goldens")
    @DisplayName("beams, their order and their scores are transformers'")
    void golden(String name) {
        String folder = name.substring(0, name.indexOf('/'));
        JsonNode golden = Json.read(TestPaths.testdata("models", folder, "golden.json"));
        JsonNode expected = golden.get("generation").get(name.substring(name.indexOf('/') + 1));
        GenerationSettings settings = new GenerationSettings();
        for (String key : List.of(
                "max_new_tokens",
                "num_beams",
                "num_return_sequences",
                "length_penalty",
                "early_stopping",
                "eos_token_id")) {
            settings.set(key, expected.get(key), name);
        }
        GenerationConfig config = settings.apply(GenerationConfig.builder()).build();
        assertThat(config.doSample())
                .as("beams are no draws unless they are asked to be")
                .isFalse();
        int end = expected.get("eos_token_id").intValue();
        int[] prompt =
                TestJson.ints(golden.get("cases").get("short").get("input_ids").get(0));
        List<Generation> found = beams(model(folder), prompt, config);
        assertThat(found).hasSize(expected.get("new_tokens").size());
        for (int b = 0; b < found.size(); b++) {
            int[] tokens = TestJson.ints(expected.get("new_tokens").get(b));
            int length = (int) Arrays.stream(tokens).takeWhile(id -> id != end).count();
            int[] ids = found.get(b).tokenIds();
            assertThat(ids)
                    .as("beam %d", b)
                    .containsExactly(Arrays.copyOf(tokens, Math.min(length + 1, tokens.length)));
            assertThat(found.get(b).score().orElseThrow())
                    .isCloseTo(expected.get("sequences_scores").get(b).doubleValue(), within(2e-5));
            assertThat(found.get(b).finishReason())
                    .isEqualTo(length < tokens.length ? FinishReason.STOP : FinishReason.LENGTH);
        }
    }

    /** A model with few tokens, all of whose short continuations can be listed. */
    private CausalLM tiny() {
        String config = """
            {"model_type": "qwen3", "vocab_size": 5, "hidden_size": 16, "intermediate_size": 32,
             "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8,
             "hidden_act": "silu", "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
             "initializer_range": 0.9, "tie_word_embeddings": false, "eos_token_id": 3}
            """;
        Json.write(temporary.resolve("config.json"), Json.parse(config, "tiny model"));
        return CausalLM.create(Families.read(temporary), Optional.empty(), 5);
    }

    /** Every continuation of at most {@code limit} tokens that an end token or the limit ends, with its log-probability. */
    private static Map<List<Integer>, Double> all(CausalLM model, int[] prompt, int limit, int end) {
        Map<List<Integer>, Double> found = new HashMap<>();
        List<Map.Entry<List<Integer>, Double>> open = new ArrayList<>(List.of(Map.entry(List.of(), 0.0)));
        while (!open.isEmpty()) {
            Map.Entry<List<Integer>, Double> entry = open.removeLast();
            int[] tokens = IntStream.concat(
                            Arrays.stream(prompt), entry.getKey().stream().mapToInt(id -> id))
                    .toArray();
            Tensor logits = model.logits(tokens);
            float[] row = logits.slice(0, tokens.length - 1, tokens.length).toFloatArray();
            double sum = 0;
            for (float x : row) {
                sum += Math.exp(x);
            }
            for (int id = 0; id < row.length; id++) {
                List<Integer> longer = new ArrayList<>(entry.getKey());
                longer.add(id);
                double logProb = entry.getValue() + row[id] - Math.log(sum);
                if (id == end || longer.size() == limit) {
                    found.put(longer, logProb);
                } else {
                    open.add(Map.entry(longer, logProb));
                }
            }
        }
        return found;
    }

    @ParameterizedTest
    @CsvSource({"0, never", "1, never", "0.5, never", "2.5, never", "-1, never", "0, false"})
    @DisplayName("with beams for all sequences there are it finds the best ones, in order")
    void exhaustive(double penalty, String stopping) {
        CausalLM model = tiny();
        int[] prompt = {1, 4};
        int limit = 3;
        Map<List<Integer>, Double> all = all(model, prompt, limit, 3);
        List<List<Integer>> best = all.keySet().stream()
                .sorted(Comparator.comparingDouble(ids -> -all.get(ids) / Math.pow(ids.size(), penalty)))
                .toList();
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(limit)
                .numBeams(125)
                .numReturnSequences(40)
                .lengthPenalty(penalty)
                .earlyStopping(
                        stopping.equals("never")
                                ? SearchConfig.EarlyStopping.NEVER
                                : SearchConfig.EarlyStopping.HEURISTIC)
                .build();
        List<Generation> found = beams(model, prompt, config);
        for (int b = 0; b < 40; b++) {
            Generation beam = found.get(b);
            List<Integer> ids = Arrays.stream(beam.tokenIds()).boxed().toList();
            assertThat(beam.score().orElseThrow())
                    .isCloseTo(all.get(best.get(b)) / Math.pow(best.get(b).size(), penalty), within(1e-4));
            assertThat(beam.score().orElseThrow())
                    .isCloseTo(all.get(ids) / Math.pow(ids.size(), penalty), within(1e-4));
            double sum = 0;
            for (float logProb : beam.logProbs()) {
                sum += logProb;
            }
            assertThat(sum).isCloseTo(all.get(ids), within(1e-4));
        }
        assertThat(found).extracting(beam -> Arrays.toString(beam.tokenIds())).doesNotHaveDuplicates();
    }

    @Test
    @DisplayName("two beams find what greedy decoding misses, and are never worse")
    void betterThanGreedy() {
        CausalLM model = tiny();
        int better = 0;
        for (int first = 0; first < 5; first++) {
            for (int second = 0; second < 5; second++) {
                int[] prompt = {first, second};
                Map<List<Integer>, Double> all = all(model, prompt, 3, 3);
                Generation greedy = new Generator(model)
                        .generate(List.of(prompt), 1, GenerationConfig.greedy(3))
                        .get(0)
                        .get(0);
                GenerationConfig config = GenerationConfig.builder()
                        .maxNewTokens(3)
                        .numBeams(25)
                        .lengthPenalty(0)
                        .earlyStopping(SearchConfig.EarlyStopping.NEVER)
                        .build();
                double beam = beams(model, prompt, config).get(0).score().orElseThrow();
                double alone = all.get(Arrays.stream(greedy.tokenIds()).boxed().toList());
                assertThat(beam).isGreaterThanOrEqualTo(alone - 1e-5);
                better += beam > alone + 1e-5 ? 1 : 0;
            }
        }
        assertThat(better).as("the test can fail").isGreaterThan(0);
    }

    private static GenerationConfigBuilder sampled() {
        return GenerationConfig.builder()
                .maxNewTokens(8)
                .doSample(true)
                .numBeams(3)
                .numReturnSequences(2)
                .temperature(0.9f)
                .topK(40)
                .eosTokenIds(List.of(12))
                .seed(4);
    }

    @Test
    @DisplayName("beams are the same bits alone and among others, drawn or not, with 1 and with 2 threads")
    void reproducible() {
        CausalLM model = model("llama-gqa");
        List<int[]> prompts = List.of(new int[] {5}, TestModels.tokens(1, 17, 300), TestModels.tokens(2, 9, 300));
        List<GenerationConfig> configs = List.of(
                sampled().build(),
                sampled()
                        .doSample(false)
                        .temperature(1)
                        .topK(0)
                        .noRepeatNgramSize(2)
                        .topLogProbs(2)
                        .build(),
                sampled().repetitionPenalty(1.3f).minNewTokens(3).build());
        int threads = ComputePool.threads();
        for (GenerationConfig config : configs) {
            List<List<Generation>> together = new Generator(model).generate(prompts, 2, config);
            assertSame(new Generator(model, 1).generate(prompts, 2, config), together);
            try {
                ComputePool.setThreads(threads == 1 ? 2 : 1);
                assertSame(new Generator(model).generate(prompts, 2, config), together);
            } finally {
                ComputePool.setThreads(threads);
            }
        }
    }

    private static void assertSame(List<List<Generation>> actual, List<List<Generation>> expected) {
        for (int p = 0; p < expected.size(); p++) {
            assertThat(actual.get(p)).hasSameSizeAs(expected.get(p));
            for (int s = 0; s < expected.get(p).size(); s++) {
                assertThat(actual.get(p).get(s).tokenIds())
                        .containsExactly(expected.get(p).get(s).tokenIds());
                assertThat(actual.get(p).get(s).score())
                        .isEqualTo(expected.get(p).get(s).score());
                assertThat(actual.get(p).get(s).topLogProbs())
                        .isEqualTo(expected.get(p).get(s).topLogProbs());
                Bits.assertBits(
                        "log-probabilities",
                        actual.get(p).get(s).logProbs(),
                        expected.get(p).get(s).logProbs());
            }
        }
    }

    @Test
    @DisplayName("drawn beams depend on the seed, and one candidate is drawn as often as its probability says")
    void draws() {
        CausalLM model = tiny();
        Map<List<Integer>, Double> all = all(model, new int[] {1}, 1, 3);
        int[] counts = new int[5];
        int draws = 800;
        for (int seed = 0; seed < draws; seed++) {
            GenerationConfig config = GenerationConfig.builder()
                    .maxNewTokens(1)
                    .doSample(true)
                    .numBeams(2)
                    .numReturnSequences(2)
                    .eosTokenIds(List.of())
                    .seed(seed)
                    .build();
            for (Generation beam : beams(model, new int[] {1}, config)) {
                counts[beam.tokenIds()[0]]++;
            }
        }
        double[] p = IntStream.range(0, 5)
                .mapToDouble(id -> Math.exp(all.get(List.of(id))))
                .toArray();
        for (int id = 0; id < 5; id++) {
            double expected = p[id]; // drawn first, or second behind any other
            for (int other = 0; other < 5; other++) {
                expected += other == id ? 0 : p[other] * p[id] / (1 - p[other]);
            }
            double deviation = Math.sqrt(expected * (1 - expected) / draws);
            assertThat((double) counts[id] / draws).isCloseTo(expected, within(5 * deviation + 1e-3));
        }
    }

    @Test
    @DisplayName("stop strings and penalties act on beams; a listener hears the beams that are returned")
    void settings() {
        CausalLM model = model("qwen3");
        int[] prompt = {344, 83};
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(10)
                .numBeams(3)
                .numReturnSequences(3)
                .noRepeatNgramSize(1)
                .ignoreEos(true)
                .build();
        List<Integer> heard = new ArrayList<>();
        List<Generation> found = new Generator(model)
                .generate(List.of(prompt), new long[] {0}, 3, config, (p, s, token) -> heard.add(token))
                .get(0);
        assertThat(heard)
                .containsExactlyElementsOf(found.stream()
                        .flatMap(beam -> Arrays.stream(beam.tokenIds()).boxed())
                        .toList());
        for (Generation beam : found) {
            assertThat(Arrays.stream(beam.tokenIds()).distinct().count()).isEqualTo(10);
        }
        String stop = model.tokenizer().decode(new int[] {found.get(0).tokenIds()[2]}, false);
        List<Generation> stopped = beams(
                model,
                prompt,
                GenerationConfig.builder()
                        .maxNewTokens(10)
                        .numBeams(3)
                        .numReturnSequences(3)
                        .lengthPenalty(0)
                        .noRepeatNgramSize(1)
                        .ignoreEos(true)
                        .stopStrings(List.of(stop))
                        .build());
        assertThat(stopped).extracting(Generation::finishReason).contains(FinishReason.STOP_STRING);
    }

    @Test
    @DisplayName("beams that part and meet the end of a page share what they have in common")
    void pages() {
        CausalLM model = model("llama-gqa");
        int[] prompt = TestModels.tokens(6, 30, 300);
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(40)
                .numBeams(4)
                .numReturnSequences(4)
                .ignoreEos(true)
                .build();
        for (Generation beam : beams(model, prompt, config)) {
            int[] all = IntStream.concat(Arrays.stream(prompt), Arrays.stream(beam.tokenIds()))
                    .toArray();
            Tensor logits = model.logits(all);
            for (int t = 0; t < 40; t++) {
                float[] row = logits.slice(0, prompt.length + t - 1, prompt.length + t)
                        .toFloatArray();
                double sum = 0;
                for (float x : row) {
                    sum += Math.exp(x);
                }
                assertThat((double) beam.logProbs()[t])
                        .isCloseTo(row[beam.tokenIds()[t]] - Math.log(sum), within(2e-5));
            }
        }
    }

    @Test
    @DisplayName("what a search cannot give")
    void refused() {
        CausalLM model = model("llama-gqa");
        GenerationConfig config = sampled().build();
        assertThatThrownBy(() -> new Generator(model).generate(List.of(new int[] {5}), 3, config))
                .hasMessageContaining("num_return_sequences 2")
                .hasMessageContaining("not for 3");
        assertThatThrownBy(() -> new Generator(model)
                        .generate(List.of(new Prefix(new int[] {5}, 0)), 2, config, 4, (p, s, t) -> {}))
                .hasMessageContaining("without a pause");
    }
}
