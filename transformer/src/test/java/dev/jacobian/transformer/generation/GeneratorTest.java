// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.SamplingFilters;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.Bits;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.GoldenModels;
import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.TestModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Generation end to end: end tokens, limits, text, and that samples follow the model's distribution. */
class GeneratorTest {
    @TempDir
    Path temporary;

    private static CausalLM model(String name) {
        return CausalLM.load(TestPaths.model(name));
    }

    private static JsonNode golden(String name) {
        return Json.read(TestPaths.testdata("models", name, "golden.json"));
    }

    @Test
    @DisplayName("greedy continuations stop at the end tokens of generation_config.json, each for itself")
    void endTokens() {
        JsonNode golden = golden("llama-gqa");
        JsonNode expected = golden.get("generation").get("greedy_eos_batch_left");
        Path folder = TestPaths.copy(TestPaths.model("llama-gqa"), temporary.resolve("model"));
        TestJson.edit(
                folder.resolve("generation_config.json"),
                config -> config.set("eos_token_id", expected.get("eos_token_id")));
        CausalLM model = CausalLM.load(folder);
        List<int[]> prompts = new ArrayList<>();
        JsonNode batch = golden.get("cases").get("batch_left");
        for (int b = 0; b < batch.get("input_ids").size(); b++) {
            int[] ids = TestJson.ints(batch.get("input_ids").get(b));
            int padding = 0;
            while (batch.get("attention_mask").get(b).get(padding).intValue() == 0) {
                padding++;
            }
            prompts.add(Arrays.copyOfRange(ids, padding, ids.length));
        }
        int limit = expected.get("max_new_tokens").intValue();
        List<List<Generation>> generations = new Generator(model).generate(prompts, 1, GenerationConfig.greedy(limit));
        for (int b = 0; b < prompts.size(); b++) {
            int[] padded = TestJson.ints(expected.get("new_tokens").get(b));
            Generation generation = generations.get(b).get(0);
            int[] ids = generation.tokenIds();
            assertThat(ids).containsExactly(Arrays.copyOf(padded, ids.length));
            assertThat(Arrays.stream(padded).skip(ids.length))
                    .as("the golden goes on with padding only")
                    .allMatch(id -> id == 0);
            assertThat(generation.finishReason()).isEqualTo(FinishReason.STOP);
            assertThat(generation.logProbs()).hasSize(ids.length);
        }
        int[] second = generations.get(1).get(0).tokenIds();
        Generation exact = one(model, prompts.get(1), GenerationConfig.greedy(second.length));
        assertThat(exact.finishReason())
                .as("an end token as the last one allowed")
                .isEqualTo(FinishReason.STOP);
        Generation cut = one(model, prompts.get(1), GenerationConfig.greedy(second.length - 1));
        assertThat(cut.finishReason()).isEqualTo(FinishReason.LENGTH);
        assertThat(cut.tokenIds()).containsExactly(Arrays.copyOf(second, second.length - 1));
        assertThat(List.of(FinishReason.STOP.label(), FinishReason.LENGTH.label()))
                .containsExactly("stop", "length");
        GenerationConfig on = GenerationConfig.builder()
                .doSample(false)
                .maxNewTokens(limit)
                .ignoreEos(true)
                .build();
        assertThat(one(model, prompts.get(1), on).tokenIds()).hasSize(limit).startsWith(second);
    }

    private static Generation one(CausalLM model, int[] prompt, GenerationConfig config) {
        return new Generator(model).generate(List.of(prompt), 1, config).get(0).get(0);
    }

    @Test
    @DisplayName("greedy log-probabilities are those of the untempered distribution")
    void greedyLogProbs() {
        JsonNode golden = golden("llama-gqa");
        JsonNode expected = golden.get("generation").get("greedy_short_32");
        GenerationConfig config = GenerationConfig.builder()
                .doSample(false)
                .ignoreEos(true)
                .maxNewTokens(32)
                .build();
        Generation generation = one(
                model("llama-gqa"),
                TestJson.ints(golden.get("cases").get("short").get("input_ids").get(0)),
                config);
        for (int t = 0; t < expected.get("logprobs").size(); t++) {
            assertThat((double) generation.logProbs()[t])
                    .isCloseTo(expected.get("logprobs").get(t).doubleValue(), within(2e-5));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-gqa", "qwen3", "mistral-swa-f16"})
    @DisplayName("text in, text out")
    void text(String name) {
        CausalLM model = model(name);
        int seen = 0;
        for (JsonNode text : golden(name).get("text").get("cases")) {
            if (!text.has("prompt") || !text.has("completion")) {
                continue;
            }
            String prompt = text.get("prompt").textValue();
            int[] expected = TestJson.ints(text.get("new_tokens"));
            assertThat(model.tokenizer().encode(prompt, true)).containsExactly(TestJson.ints(text.get("input_ids")));
            GenerationConfig config = GenerationConfig.builder()
                    .doSample(false)
                    .ignoreEos(true)
                    .maxNewTokens(expected.length)
                    .build();
            Generation.Text generated = new Generator(model).generate(prompt, config);
            assertThat(generated.generation().tokenIds()).as(prompt).containsExactly(expected);
            assertThat(generated.text())
                    .as(prompt)
                    .isEqualTo(text.get("completion").textValue());
            seen++;
        }
        assertThat(seen).isPositive();
    }

    @Test
    @DisplayName("the trained model adds as it did where it was trained, and ends its answers")
    void arithmetic() {
        CausalLM model = model("arith-qwen3");
        for (JsonNode golden : golden("arith-qwen3").get("greedy")) {
            Generation.Text generated =
                    new Generator(model).generate(golden.get("prompt").textValue(), GenerationConfig.greedy(4));
            assertThat(generated.text()).isEqualTo(golden.get("greedy_text").textValue());
            int[] padded = TestJson.ints(golden.get("greedy_ids"));
            int[] ids = generated.generation().tokenIds();
            assertThat(ids).containsExactly(Arrays.copyOf(padded, ids.length));
            boolean ended = ids[ids.length - 1] == 256;
            assertThat(generated.generation().finishReason())
                    .isEqualTo(ended ? FinishReason.STOP : FinishReason.LENGTH);
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {1f, 0.6f})
    @DisplayName("first tokens of 4000 samples follow the model's distribution (chi-square)")
    void distribution(float temperature) {
        CausalLM model = model("arith-qwen3");
        int[] prompt = model.tokenizer().encode("12+7=", true);
        Tensor logits = model.logits(prompt);
        int vocabulary = logits.extent(1);
        double[] p = new double[vocabulary];
        double sum = 0;
        for (int v = 0; v < vocabulary; v++) {
            p[v] = Math.exp(logits.get(prompt.length - 1, v) / temperature);
            sum += p[v];
        }
        int samples = 4000;
        int[] counts = new int[vocabulary];
        for (Generation generation : new Generator(model)
                .generate(List.of(prompt), samples, GenerationConfig.sampling(1, temperature, 11))
                .get(0)) {
            counts[generation.tokenIds()[0]]++;
            assertThat((double) generation.logProbs()[0])
                    .isCloseTo(Math.log(p[generation.tokenIds()[0]] / sum), within(1e-5));
        }
        double statistic = 0;
        int cells = 0;
        double restExpected = 0;
        int restCount = 0;
        for (int v = 0; v < vocabulary; v++) {
            double expected = samples * p[v] / sum;
            if (expected >= 10) {
                statistic += (counts[v] - expected) * (counts[v] - expected) / expected;
                cells++;
            } else {
                restExpected += expected;
                restCount += counts[v];
            }
        }
        if (restExpected >= 10) {
            statistic += (restCount - restExpected) * (restCount - restExpected) / restExpected;
            cells++;
        }
        int freedom = cells - 1;
        assertThat(cells).isGreaterThan(2);
        // mean freedom, standard deviation sqrt(2 freedom): five deviations is one failure in millions of seeds
        assertThat(statistic).isLessThan(freedom + 5 * Math.sqrt(2.0 * freedom));
        assertThat(statistic).as("not suspiciously good either").isGreaterThan(0.01);
    }

    @Test
    @DisplayName("filters act in generation: top-k 1 is greedy, penalties reach prompt and continuation")
    void filters() {
        CausalLM model = model("llama-gqa");
        int[] prompt = {187, 330, 58, 300, 45, 255, 143};
        GenerationConfig greedy = GenerationConfig.builder()
                .doSample(false)
                .ignoreEos(true)
                .maxNewTokens(12)
                .build();
        GenerationConfig first = GenerationConfig.builder()
                .topK(1)
                .ignoreEos(true)
                .maxNewTokens(12)
                .seed(4)
                .build();
        assertThat(one(model, prompt, first).tokenIds())
                .containsExactly(one(model, prompt, greedy).tokenIds());
        GenerationConfig certain = GenerationConfig.builder()
                .topP(1e-6f)
                .ignoreEos(true)
                .maxNewTokens(12)
                .build();
        assertThat(one(model, prompt, certain).tokenIds())
                .containsExactly(one(model, prompt, greedy).tokenIds());
        GenerationConfig fresh = GenerationConfig.builder()
                .doSample(false)
                .ignoreEos(true)
                .maxNewTokens(60)
                .repetitionPenalty(1e6f)
                .build();
        int[] ids = one(model, prompt, fresh).tokenIds();
        assertThat(Arrays.stream(ids).distinct().count()).as("no token twice").isEqualTo(60);
        assertThat(ids).doesNotContain(prompt);
    }

    @Test
    @DisplayName("filtered samples: the same for every batch size, with log-probabilities of the whole distribution")
    void filteredBatching() {
        CausalLM model = model("qwen3");
        List<int[]> prompts = List.of(new int[] {5}, TestModels.tokens(1, 16, 384), TestModels.tokens(2, 9, 384));
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(10)
                .temperature(0.8f)
                .topK(50)
                .topP(0.9f)
                .minP(0.01f)
                .repetitionPenalty(1.2f)
                .seed(3)
                .build();
        List<List<Generation>> together = new Generator(model).generate(prompts, 4, config);
        List<List<Generation>> apart = new Generator(model, 1).generate(prompts, 4, config);
        for (int p = 0; p < prompts.size(); p++) {
            for (int s = 0; s < 4; s++) {
                Generation generation = together.get(p).get(s);
                assertThat(generation.tokenIds())
                        .containsExactly(apart.get(p).get(s).tokenIds());
                Bits.assertBits(
                        "log-probabilities",
                        generation.logProbs(),
                        apart.get(p).get(s).logProbs());
                Tensor logits = model.logits(prompts.get(p));
                double sum = 0;
                for (int v = 0; v < 384; v++) {
                    sum += Math.exp(logits.get(prompts.get(p).length - 1, v) / 0.8);
                }
                double expected =
                        logits.get(prompts.get(p).length - 1, generation.tokenIds()[0]) / 0.8 - Math.log(sum);
                assertThat((double) generation.logProbs()[0]).isCloseTo(expected, within(2e-5));
            }
        }
    }

    @Test
    @DisplayName("the listener hears every token in order; prompts are told apart across waves")
    void listener() {
        CausalLM model = model("arith-qwen3");
        List<int[]> prompts = List.of(new int[] {16, 10, 17, 28}, new int[] {24, 10, 24, 28}, new int[] {18, 28});
        for (int maxBatch : new int[] {2, 100}) {
            int[][][] heard = new int[3][2][0];
            List<List<Generation>> generations = new Generator(model, maxBatch)
                    .generate(prompts, new long[] {7, 8, 9}, 2, GenerationConfig.sampling(4, 1, 2), (p, s, token) -> {
                        heard[p][s] = Arrays.copyOf(heard[p][s], heard[p][s].length + 1);
                        heard[p][s][heard[p][s].length - 1] = token;
                    });
            for (int p = 0; p < 3; p++) {
                for (int s = 0; s < 2; s++) {
                    assertThat(heard[p][s])
                            .containsExactly(generations.get(p).get(s).tokenIds());
                }
            }
        }
    }

    @Test
    @DisplayName("samples of one prompt differ, equal prompts with different keys too, with equal keys not")
    void keys() {
        CausalLM model = model("llama-gqa");
        int[] prompt = {187, 330, 58};
        GenerationConfig config = GenerationConfig.sampling(8, 1, 0);
        List<List<Generation>> generations = new Generator(model)
                .generate(List.of(prompt, prompt, prompt), new long[] {1, 1L << 40, 1}, 2, config, (p, s, t) -> {});
        assertThat(generations.get(0).get(0).tokenIds())
                .isNotEqualTo(generations.get(0).get(1).tokenIds());
        assertThat(generations.get(0).get(0).tokenIds())
                .isNotEqualTo(generations.get(1).get(0).tokenIds());
        assertThat(generations.get(0).get(0).tokenIds())
                .isEqualTo(generations.get(2).get(0).tokenIds());
    }

    @Test
    @DisplayName("requests that cannot be met")
    void limits() {
        CausalLM model = model("arith-qwen3"); // made for 64 positions
        Generator generator = new Generator(model);
        GenerationConfig config = GenerationConfig.greedy(60);
        assertThat(generator.generate(List.of(), 1, config)).isEmpty();
        assertThat(generator.generate(List.of(new int[] {16, 28, 28, 28}), 1, config))
                .hasSize(1);
        assertThatThrownBy(() -> generator.generate(List.of(new int[5]), 1, config))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("5 tokens")
                .hasMessageContaining("64 positions");
        assertThatThrownBy(() -> generator.generate(List.of(new int[] {1}, new int[0]), 1, config))
                .hasMessageContaining("prompt 1 is empty");
        assertThatThrownBy(() -> generator.generate(List.of(new int[] {264}), 1, config))
                .hasMessageContaining("token id 264")
                .hasMessageContaining("264");
        assertThatThrownBy(() -> generator.generate(List.of(new int[] {1}), 0, config))
                .hasMessageContaining("sample");
        assertThatThrownBy(() -> new Generator(model, 0)).hasMessageContaining("max batch");
        assertThatThrownBy(() -> generator.generate(
                        List.of(new int[] {1}, new int[] {2}), new long[1], 1, config, (p, s, t) -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 prompts")
                .hasMessageContaining("1 keys");
    }

    @GoldenModels
    @DisplayName("a continuation that is paused and goes on, its keys computed again, is the very one without a pause")
    void pausedInEveryFamily(GoldenModel golden) {
        Generator generator = new Generator(CausalLM.load(golden.folder()));
        GenerationConfig config = GenerationConfig.sampling(9, 1f, 3);
        int[] prompt = {5, 9, 13};
        Generation whole = generator
                .generate(List.of(prompt), new long[] {7}, 2, config, (p, s, token) -> {})
                .getFirst()
                .get(1);
        int[] all = prompt;
        float[] logProbs = {};
        FinishReason reason = FinishReason.PAUSED;
        while (reason == FinishReason.PAUSED) {
            Prefix prefix = new Prefix(all, 7, 1, all.length - prompt.length);
            Generation more = generator
                    .generate(List.of(prefix), 1, config, 4, (p, s, token) -> {})
                    .getFirst()
                    .getFirst();
            int at = logProbs.length;
            all = Arrays.copyOf(all, all.length + more.tokenIds().length);
            System.arraycopy(more.tokenIds(), 0, all, prompt.length + at, more.tokenIds().length);
            logProbs = Arrays.copyOf(logProbs, at + more.logProbs().length);
            System.arraycopy(more.logProbs(), 0, logProbs, at, more.logProbs().length);
            reason = more.finishReason();
        }
        assertThat(Arrays.copyOfRange(all, prompt.length, all.length)).isEqualTo(whole.tokenIds());
        assertThat(logProbs).isEqualTo(whole.logProbs());
        assertThat(reason).isEqualTo(whole.finishReason());
    }

    @Test
    @DisplayName("continuations that are paused every few tokens become those that never were, bit for bit")
    void pauses() {
        CausalLM model = model("llama-gqa");
        Generator generator = new Generator(model);
        GenerationConfig config = GenerationConfig.sampling(11, 0.8f, 3);
        int[] prompt = {5, 9, 13};
        long key = 1L << 40;
        List<Generation> whole = generator
                .generate(List.of(prompt), new long[] {key}, 3, config, (p, s, token) -> {})
                .getFirst();
        assertThat(whole.get(0).tokenIds()).isNotEqualTo(whole.get(1).tokenIds());
        for (int sample = 0; sample < 3; sample++) {
            int[] tokens = {};
            float[] logProbs = {};
            FinishReason reason = FinishReason.PAUSED;
            int visits = 0;
            while (reason == FinishReason.PAUSED) {
                int[] all = Arrays.copyOf(prompt, prompt.length + tokens.length);
                System.arraycopy(tokens, 0, all, prompt.length, tokens.length);
                Prefix prefix = new Prefix(all, key, sample, tokens.length);
                Generation more = generator
                        .generate(List.of(prefix), 1, config, 4, (p, s, token) -> {})
                        .getFirst()
                        .getFirst();
                int at = tokens.length;
                tokens = Arrays.copyOf(tokens, at + more.tokenIds().length);
                System.arraycopy(more.tokenIds(), 0, tokens, at, more.tokenIds().length);
                logProbs = Arrays.copyOf(logProbs, tokens.length);
                System.arraycopy(more.logProbs(), 0, logProbs, at, more.logProbs().length);
                reason = more.finishReason();
                visits++;
            }
            assertThat(tokens).isEqualTo(whole.get(sample).tokenIds());
            assertThat(logProbs).isEqualTo(whole.get(sample).logProbs());
            assertThat(reason).isEqualTo(whole.get(sample).finishReason());
            assertThat(visits).isEqualTo((tokens.length + 3) / 4);
        }
        assertThat(FinishReason.PAUSED.label()).isEqualTo("paused");
        assertThatThrownBy(() -> generator.generate(
                        List.of(new Prefix(new int[20], key, 0, 11)), 1, config, 4, (p, s, token) -> {}))
                .hasMessageContaining("continued by 11 tokens already, of 11");
        assertThatThrownBy(() -> new Prefix(prompt, key, 0, 3)).hasMessageContaining("of 3 tokens 3");
    }

    /** arith-qwen3, whose vocabulary of 264 is padded by 5, with a row of padding that is likelier than all tokens. */
    private static CausalLM likelyPadding() {
        CausalLM model = model("arith-qwen3");
        assertThat(model.idsWithoutToken().stream().toArray()).containsExactly(259, 260, 261, 262, 263);
        int best = one(model, new int[] {49, 43, 50, 61}, GenerationConfig.greedy(1))
                .tokenIds()[0];
        Parameter table = model.parameter("model.embed_tokens.weight");
        int width = model.config().hiddenSize();
        for (int i = 0; i < width; i++) { // a tied head: logit of 260 is twice the best one
            table.value().floats()[260 * width + i] = 2 * table.value().floats()[best * width + i];
        }
        table.valueChanged();
        return model;
    }

    @Test
    @DisplayName("ids without a token are never chosen, greedily or by a draw; what is chosen instead has the model's"
            + " log-probability")
    void paddedVocabulary() {
        CausalLM model = likelyPadding();
        int[] prompt = {49, 43, 50, 61};
        float[] logits = model.logits(prompt).slice(0, 3, 4).toFloatArray();
        int likeliest = IntStream.range(0, 264)
                .boxed()
                .max(Comparator.comparing(i -> logits[i]))
                .orElseThrow();
        assertThat(likeliest).as("the test can fail").isEqualTo(260);
        int best = IntStream.range(0, 259)
                .boxed()
                .max(Comparator.comparing(i -> logits[i]))
                .orElseThrow();
        Generation greedy = one(model, prompt, GenerationConfig.greedy(1));
        assertThat(greedy.tokenIds()).containsExactly(best);
        double[] p = SamplingFilters.probabilities(logits);
        assertThat((double) greedy.logProbs()[0]).isCloseTo(Math.log(p[best]), within(1e-5));
        int draws = 4000;
        int[] counts = new int[264];
        for (Generation generation : new Generator(model)
                .generate(List.of(prompt), draws, GenerationConfig.sampling(1, 1f, 11))
                .get(0)) {
            counts[generation.tokenIds()[0]]++;
        }
        double kept = Arrays.stream(p).limit(259).sum();
        for (int id = 0; id < 264; id++) {
            double expected = id < 259 ? draws * p[id] / kept : 0;
            assertThat((double) counts[id]).as("id %d", id).isCloseTo(expected, within(5 * Math.sqrt(expected) + 0.5));
        }
        GenerationConfig filtered =
                GenerationConfig.builder().maxNewTokens(20).topK(3).seed(5).build();
        assertThat(Arrays.stream(one(model, prompt, filtered).tokenIds())).allMatch(id -> id < 259);
    }

    @Test
    @DisplayName("draws that hit a token are those of a model without a tokenizer, which knows of no padding")
    void paddingLeavesDrawsAlone() throws IOException {
        Path bare = TestPaths.copy(TestPaths.model("arith-qwen3"), temporary.resolve("bare"));
        Files.delete(bare.resolve("tokenizer.json"));
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(12)
                .ignoreEos(true)
                .seed(3)
                .build();
        List<int[]> prompts = List.of(new int[] {49, 43, 50, 61}, new int[] {57, 43, 56, 61});
        var known = new Generator(model("arith-qwen3")).generate(prompts, 20, config);
        var unknown = new Generator(CausalLM.load(bare)).generate(prompts, 20, config);
        for (int p = 0; p < 2; p++) {
            for (int s = 0; s < 20; s++) {
                Generation without = unknown.get(p).get(s);
                if (Arrays.stream(without.tokenIds()).allMatch(id -> id < 259)) {
                    assertThat(known.get(p).get(s).tokenIds()).containsExactly(without.tokenIds());
                    assertThat(known.get(p).get(s).logProbs()).containsExactly(without.logProbs());
                }
            }
        }
    }
}
