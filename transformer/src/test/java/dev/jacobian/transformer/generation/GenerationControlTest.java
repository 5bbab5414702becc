// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.SamplingFilters;
import dev.jacobian.testing.Bits;
import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.TestModels;
import dev.jacobian.transformer.generation.processor.LogitsProcessor;
import dev.jacobian.transformer.generation.processor.SequenceBias;
import dev.jacobian.transformer.generation.processor.TokenHistory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What settings do to what is generated, and that it depends on nothing else. */
class GenerationControlTest {
    private static final CausalLM LLAMA = CausalLM.load(TestPaths.model("llama-gqa"));
    private static final CausalLM ARITHMETIC = CausalLM.load(TestPaths.model("arith-qwen3"));
    private static final int[] SUM = ARITHMETIC.tokenizer().encode("1+2=", false);

    @TempDir
    Path temporary;

    private static GenerationConfig config(UnaryOperator<GenerationConfigBuilder> settings) {
        return settings.apply(GenerationConfig.builder()
                        .maxNewTokens(10)
                        .ignoreEos(true)
                        .seed(3))
                .build();
    }

    private static Generation one(CausalLM model, int[] prompt, GenerationConfig config) {
        return new Generator(model).generate(List.of(prompt), 1, config).get(0).get(0);
    }

    private static Named<GenerationConfig> named(String name, UnaryOperator<GenerationConfigBuilder> settings) {
        return Named.of(name, config(settings));
    }

    static Stream<Named<GenerationConfig>> samplers() {
        return Stream.of(
                named("temperature", b -> b.temperature(0.7f)),
                named("top_h", b -> b.topH(0.6f)),
                named("top_k", b -> b.topK(20)),
                named("top_p", b -> b.topP(0.8f)),
                named("min_p", b -> b.minP(0.1f)),
                named("typical_p", b -> b.typicalP(0.7f)),
                named("epsilon_cutoff", b -> b.epsilonCutoff(0.01f)),
                named("eta_cutoff", b -> b.etaCutoff(0.02f)),
                named("renormalize_logits", b -> b.topK(9).renormalizeLogits(true)),
                named("repetition_penalty", b -> b.repetitionPenalty(1.4f)),
                named("presence_penalty", b -> b.presencePenalty(0.8f)),
                named("frequency_penalty", b -> b.frequencyPenalty(0.8f)),
                named("no_repeat_ngram_size", b -> b.noRepeatNgramSize(2)),
                named("exponential_decay", b -> b.exponentialDecayLengthPenalty(new PenaltyConfig.Decay(2, 1.5))),
                named("min_new_tokens", b -> b.minNewTokens(5)),
                named("min_length", b -> b.minLength(12)),
                named("logit_bias", b -> b.logitBias(List.of(new SequenceBias.Bias(new int[] {7}, 4f)))),
                named("sequence_bias", b -> b.sequenceBias(List.of(new SequenceBias.Bias(new int[] {7, 8}, 9f)))),
                named("bad_words_ids", b -> b.badWordsIds(List.of(new int[] {5}, new int[] {6, 7}))),
                named(
                        "suppress_tokens",
                        b -> b.suppressTokens(IntStream.range(0, 150).boxed().toList())),
                named(
                        "begin_suppress_tokens",
                        b -> b.beginSuppressTokens(
                                IntStream.range(0, 300).boxed().toList())),
                named("forced_eos_token_id", b -> b.forcedEosTokenIds(List.of(9))),
                named("remove_invalid_values", b -> b.removeInvalidValues(true)),
                named("processor", b -> b.processor((tokens, logits) -> logits[tokens.length()] = 20)),
                named(
                        "all",
                        b -> b.temperature(1.3f)
                                .topH(0.95f)
                                .topK(60)
                                .topP(0.95f)
                                .minP(0.001f)
                                .typicalP(0.95f)
                                .epsilonCutoff(1e-5f)
                                .etaCutoff(1e-5f)
                                .repetitionPenalty(1.1f)
                                .frequencyPenalty(0.3f)
                                .noRepeatNgramSize(3)
                                .minNewTokens(4)
                                .topLogProbs(3)));
    }

    @ParameterizedTest
    @MethodSource("samplers")
    @DisplayName("samples are the same bits alone and in a batch, in waves, paused, with 1 and with 2 threads")
    void reproducible(GenerationConfig config) {
        List<int[]> prompts =
                List.of(new int[] {5}, TestModels.tokens(1, 16, 300), TestModels.tokens(2, 9, 300), new int[] {8, 8});
        List<List<Generation>> together = new Generator(LLAMA).generate(prompts, 3, config);
        assertSame(new Generator(LLAMA, 1).generate(prompts, 3, config), together);
        int threads = ComputePool.threads();
        try {
            ComputePool.setThreads(threads == 1 ? 2 : 1);
            assertSame(new Generator(LLAMA).generate(prompts, 3, config), together);
        } finally {
            ComputePool.setThreads(threads);
        }
        for (int p = 0; p < prompts.size(); p++) {
            Prefix alone = new Prefix(prompts.get(p), p, 2, 0);
            Generation whole = together.get(p).get(2);
            Generation first = new Generator(LLAMA)
                    .generate(List.of(alone), 1, config, 4, (x, s, t) -> {})
                    .get(0)
                    .get(0);
            assertThat(first.finishReason()).isEqualTo(FinishReason.PAUSED);
            int[] soFar = IntStream.concat(Arrays.stream(prompts.get(p)), Arrays.stream(first.tokenIds()))
                    .toArray();
            Generation rest = new Generator(LLAMA)
                    .generate(List.of(new Prefix(soFar, p, 2, 4)), 1, config, 99, (x, s, t) -> {})
                    .get(0)
                    .get(0);
            assertThat(IntStream.concat(Arrays.stream(first.tokenIds()), Arrays.stream(rest.tokenIds()))
                            .toArray())
                    .containsExactly(whole.tokenIds());
        }
    }

    private static void assertSame(List<List<Generation>> actual, List<List<Generation>> expected) {
        for (int p = 0; p < expected.size(); p++) {
            for (int s = 0; s < expected.get(p).size(); s++) {
                Generation a = actual.get(p).get(s);
                Generation e = expected.get(p).get(s);
                assertThat(a.tokenIds()).containsExactly(e.tokenIds());
                Bits.assertBits("log-probabilities", a.logProbs(), e.logProbs());
                assertThat(a.topLogProbs()).isEqualTo(e.topLogProbs());
            }
        }
    }

    @Test
    @DisplayName("what processors shape on the host is drawn as kernels draw it")
    void hostIsKernel() {
        LogitsProcessor nothing = (tokens, logits) -> {};
        for (UnaryOperator<GenerationConfigBuilder> settings : List.<UnaryOperator<GenerationConfigBuilder>>of(
                b -> b.temperature(0.8f).topK(30).topP(0.9f).minP(0.01f).repetitionPenalty(1.2f),
                b -> b.doSample(false).repetitionPenalty(1.2f),
                b -> b.topP(0.7f))) {
            int[] prompt = {187, 330, 58};
            Generation kernels = one(LLAMA, prompt, config(settings));
            Generation host = one(LLAMA, prompt, config(b -> settings.apply(b).processor(nothing)));
            assertThat(host.tokenIds()).containsExactly(kernels.tokenIds());
            Bits.assertBits("log-probabilities", host.logProbs(), kernels.logProbs());
        }
    }

    @Test
    @DisplayName("repetition_penalty with no_repeat_ngram_size is transformers' own continuation")
    void golden() {
        JsonNode golden = Json.read(TestPaths.testdata("models", "llama-gqa", "golden.json"));
        JsonNode expected = golden.get("generation").get("greedy_reppenalty1.3_norepeat2");
        GenerationConfig config = GenerationConfig.builder()
                .doSample(false)
                .ignoreEos(true)
                .maxNewTokens(expected.get("max_new_tokens").intValue())
                .repetitionPenalty(expected.get("repetition_penalty").floatValue())
                .noRepeatNgramSize(expected.get("no_repeat_ngram_size").intValue())
                .build();
        int[] prompt =
                TestJson.ints(golden.get("cases").get("short").get("input_ids").get(0));
        assertThat(one(LLAMA, prompt, config).tokenIds())
                .containsExactly(TestJson.ints(expected.get("new_tokens").get(0)));
    }

    @Test
    @DisplayName("rules on tokens hold in what is generated")
    void rules() {
        int[] prompt = {187, 330, 58};
        int[] free = one(LLAMA, prompt, config(b -> b.doSample(false))).tokenIds();
        assertThat(one(LLAMA, prompt, config(b -> b.doSample(false).suppressTokens(List.of(free[0]))))
                        .tokenIds())
                .doesNotContain(free[0]);
        assertThat(one(LLAMA, prompt, config(b -> b.doSample(false).beginSuppressTokens(List.of(free[0]))))
                        .tokenIds()[0])
                .isNotEqualTo(free[0]);
        int[] banned = {free[0], free[1]};
        int[] without = one(LLAMA, prompt, config(b -> b.doSample(false).badWordsIds(List.of(banned))))
                .tokenIds();
        assertThat(without[0]).isEqualTo(free[0]);
        assertThat(without[1]).isNotEqualTo(free[1]);
        assertThat(one(LLAMA, prompt, config(b -> b.forcedEosTokenIds(List.of(9))))
                        .tokenIds())
                .endsWith(9);
        assertThat(one(LLAMA, new int[] {4}, config(b -> b.forcedBosTokenId(6))).tokenIds()[0])
                .isEqualTo(6);
        GenerationConfig biased = config(b -> b.logitBias(List.of(new SequenceBias.Bias(new int[] {11}, 100f))));
        assertThat(one(LLAMA, prompt, biased).tokenIds()).containsOnly(11);
    }

    @Test
    @DisplayName("end tokens of one's own end a continuation, and min_new_tokens puts them off")
    void endTokens() {
        int[] free = one(LLAMA, new int[] {187, 330, 58}, config(b -> b.doSample(false)))
                .tokenIds();
        int at = 1;
        while (free[at] == free[0]) {
            at++;
        }
        List<Integer> ends = List.of(free[at], 5);
        Generation ended = one(
                LLAMA,
                new int[] {187, 330, 58},
                config(b -> b.doSample(false).ignoreEos(false).eosTokenIds(ends)));
        assertThat(ended.tokenIds()).containsExactly(Arrays.copyOf(free, at + 1));
        assertThat(ended.finishReason()).isEqualTo(FinishReason.STOP);
        Generation later = one(
                LLAMA,
                new int[] {187, 330, 58},
                config(b -> b.doSample(false).ignoreEos(false).eosTokenIds(ends).minNewTokens(6)));
        assertThat(later.tokenIds()).hasSizeGreaterThanOrEqualTo(6);
        assertThat(Arrays.copyOf(later.tokenIds(), 6)).doesNotContain(free[at], 5);
    }

    @Test
    @DisplayName("a stop string ends a continuation with the token that completes it, wherever tokens divide it")
    void stopStrings() {
        Generation free = one(ARITHMETIC, SUM, config(b -> b.doSample(false)));
        String text = ARITHMETIC.tokenizer().decode(free.tokenIds(), false);
        assertThat(text.length()).isGreaterThanOrEqualTo(3);
        for (int start = 0; start < 3; start++) {
            for (int length = 1; start + length <= 3; length++) {
                String stop = text.substring(start, start + length);
                Generation stopped =
                        one(ARITHMETIC, SUM, config(b -> b.doSample(false).stopStrings(List.of("never there", stop))));
                String expected = text.substring(0, text.indexOf(stop) + length);
                assertThat(ARITHMETIC.tokenizer().decode(stopped.tokenIds(), false))
                        .startsWith(expected);
                assertThat(stopped.finishReason()).isEqualTo(FinishReason.STOP_STRING);
                assertThat(stopped.finishReason().label()).isEqualTo("stop");
                assertThat(stopped.stopString()).contains(stop);
                assertThat(free.tokenIds()).startsWith(stopped.tokenIds());
            }
        }
        int[] first = {free.tokenIds()[0]};
        String beginning = "=" + ARITHMETIC.tokenizer().decode(first, true);
        assertThat(one(ARITHMETIC, SUM, config(b -> b.doSample(false).stopStrings(List.of(beginning))))
                        .tokenIds())
                .as("a text that begins in the prompt")
                .containsExactly(first);
        assertThat(one(ARITHMETIC, SUM, config(b -> b.doSample(false).stopStrings(List.of("2="))))
                        .finishReason())
                .as("a text that the prompt alone has")
                .isEqualTo(FinishReason.LENGTH);
        assertThat(StopStrings.before("ab|cd", "|")).isEqualTo("ab");
        assertThat(StopStrings.before("abcd", "|")).isEqualTo("abcd");
    }

    @Test
    @DisplayName("a stop string is found behind bytes of an unfinished character, and within a token that says more")
    void stopStringsInTokens() {
        StopStrings strings = new StopStrings(LLAMA.tokenizer(), List.of("é!", "zz"));
        TokenHistory history = new TokenHistory(LLAMA.tokenizer().encode("caf", false), 1);
        int[] rest = LLAMA.tokenizer().encode("é!", false);
        for (int i = 0; i < rest.length; i++) {
            assertThat(strings.completed(history)).isEmpty();
            history.add(rest[i]);
        }
        assertThat(strings.completed(history)).contains("é!");
        String word = LLAMA.tokenizer().decode(new int[] {300}, false);
        assertThat(word.length()).as("a token of several characters").isGreaterThan(1);
        TokenHistory longer = new TokenHistory(new int[] {5, 300}, 1);
        assertThat(new StopStrings(LLAMA.tokenizer(), List.of(word.substring(0, 1))).completed(longer))
                .contains(word.substring(0, 1));
    }

    @Test
    @DisplayName("the likeliest tokens have the numbers of the whole distribution; the chosen one has one number")
    void topLogProbs() {
        for (boolean sample : new boolean[] {false, true}) {
            Generation generation = one(
                    LLAMA,
                    new int[] {187, 330, 58},
                    config(b -> b.doSample(sample).temperature(0.5f).topLogProbs(100_000)));
            assertThat(generation.topLogProbs()).hasSize(10);
            float[] logits =
                    LLAMA.logits(new int[] {187, 330, 58}).slice(0, 2, 3).toFloatArray();
            if (sample) {
                for (int i = 0; i < logits.length; i++) {
                    logits[i] /= 0.5f;
                }
            }
            double[] p = SamplingFilters.probabilities(logits);
            for (int t = 0; t < 10; t++) {
                int token = generation.tokenIds()[t];
                List<TokenLogProb> top = generation.topLogProbs().get(t);
                assertThat(top).contains(new TokenLogProb(token, generation.logProbs()[t]));
                assertThat(top).isSortedAccordingTo((a, b) -> Float.compare(b.logProb(), a.logProb()));
                double sum = 0;
                for (TokenLogProb likely : top) {
                    sum += Math.exp(likely.logProb());
                    if (t == 0) {
                        assertThat((double) likely.logProb()).isCloseTo(Math.log(p[likely.token()]), within(2e-5));
                    }
                }
                assertThat(sum).isCloseTo(1, within(1e-5));
                if (!sample) {
                    assertThat(top.getFirst().token()).isEqualTo(token);
                }
            }
        }
        assertThat(LogitRow.largest(new float[] {1, 3, 3, 2, 3}, 3)).containsExactly(1, 2, 4);
    }

    /** Lets only the token after the last accepted one through, from 100 on. */
    private static final class Counting implements LogitsProcessor {
        private final List<Integer> accepted = new ArrayList<>();
        private final boolean fresh;

        Counting(boolean fresh) {
            this.fresh = fresh;
        }

        @Override
        public void process(TokenHistory tokens, float[] logits) {
            assertThat(fresh).as("a processor of its own for each sequence").isTrue();
            assertThat(accepted)
                    .containsExactlyElementsOf(
                            Arrays.stream(tokens.continuation()).boxed().toList());
            Arrays.fill(logits, Float.NEGATIVE_INFINITY);
            logits[100 + accepted.size()] = 1;
        }

        @Override
        public LogitsProcessor newSequence() {
            return new Counting(true);
        }

        @Override
        public void accept(int token) {
            accepted.add(token);
        }
    }

    @Test
    @DisplayName("a processor with a state is made anew for each continuation and hears what was chosen, also before a"
            + " pause")
    void stateful() {
        GenerationConfig config = config(b -> b.maxNewTokens(5).processor(new Counting(false)));
        for (List<Generation> samples :
                new Generator(LLAMA).generate(List.of(new int[] {5}, new int[] {6, 7}), 2, config)) {
            for (Generation generation : samples) {
                assertThat(generation.tokenIds()).containsExactly(100, 101, 102, 103, 104);
            }
        }
        Prefix paused = new Prefix(new int[] {5, 100, 101}, 0, 0, 2);
        assertThat(new Generator(LLAMA)
                        .generate(List.of(paused), 1, config, 99, (p, s, t) -> {})
                        .get(0)
                        .get(0)
                        .tokenIds())
                .containsExactly(102, 103, 104);
    }

    @Test
    @DisplayName("max_length counts each prompt for itself")
    void maxLength() {
        GenerationConfig config = GenerationConfig.builder()
                .maxLength(8)
                .ignoreEos(true)
                .doSample(false)
                .build();
        List<List<Generation>> all =
                new Generator(LLAMA).generate(List.of(new int[] {5}, new int[] {5, 6, 7, 8, 9}), 1, config);
        assertThat(all.get(0).get(0).tokenIds()).hasSize(7);
        assertThat(all.get(1).get(0).tokenIds()).hasSize(3);
    }

    @Test
    @DisplayName("settings that the model cannot meet")
    void refused() throws Exception {
        assertThatThrownBy(() -> one(LLAMA, SUM, config(b -> b.suppressTokens(List.of(5000)))))
                .hasMessageContaining("token id 5000")
                .hasMessageContaining("vocabulary has");
        assertThatThrownBy(() -> one(LLAMA, SUM, config(b -> b.eosTokenIds(List.of(5000)))))
                .hasMessageContaining("token id 5000");
        List<Integer> everything =
                IntStream.range(0, LLAMA.config().vocabularySize()).boxed().toList();
        assertThatThrownBy(() -> one(LLAMA, SUM, config(b -> b.suppressTokens(everything))))
                .hasMessageContaining("rule out every token behind 0 new ones");
        GenerationConfig overflows = config(b -> b.logitBias(
                List.of(new SequenceBias.Bias(new int[] {7}, 3e38f), new SequenceBias.Bias(new int[] {7}, 3e38f))));
        assertThatThrownBy(() -> one(LLAMA, SUM, overflows))
                .isInstanceOf(UnusableSettingsException.class)
                .hasMessageContaining("logit of token 7 Infinity behind 0 new ones");
        GenerationConfig noNumber = config(b -> b.processor((tokens, logits) -> logits[9] = Float.NaN));
        assertThatThrownBy(() -> one(LLAMA, SUM, noNumber)).hasMessageContaining("logit of token 9 NaN");
        Path bare = TestPaths.copy(TestPaths.model("arith-qwen3"), temporary.resolve("bare"));
        Files.delete(bare.resolve("tokenizer.json"));
        assertThatThrownBy(() -> one(CausalLM.load(bare), SUM, config(b -> b.stopStrings(List.of("x")))))
                .hasMessageContaining("tokenizer.json");
    }
}
