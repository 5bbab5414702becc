// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.io.grammar.Grammar;
import dev.jacobian.tensor.Device;
import dev.jacobian.testing.Bits;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.TestModels;
import dev.jacobian.transformer.generation.SearchConfig.EarlyStopping;
import dev.jacobian.transformer.generation.processor.GrammarMask;
import dev.jacobian.transformer.generation.processor.SequenceBias;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every way of generating on a GPU whose sums have one order: the tokens and the bits of the CPU. Rows that processors shape go to the host
 * and back. Runs where {@code jacobian.test.device} names one.
 */
class GenerationDeviceTest {
    private static final List<int[]> PROMPTS = List.of(new int[] {1, 5, 9, 17, 33, 3}, new int[] {2, 7, 5});

    private ModelOptions there;

    @BeforeEach
    void device() {
        there = TestModels.placement(true);
        Assumptions.assumeFalse(there.device().equals(Device.CPU), "no device named");
    }

    private void requireSame(String name, int samples, UnaryOperator<GenerationConfigBuilder> settings) {
        CausalLM here = CausalLM.load(TestPaths.model(name));
        CausalLM device = CausalLM.load(TestPaths.model(name), there);
        List<List<Generation>> expected = generate(here, samples, settings);
        List<List<Generation>> found = generate(device, samples, settings);
        for (int p = 0; p < expected.size(); p++) {
            assertThat(found.get(p)).hasSameSizeAs(expected.get(p));
            for (int s = 0; s < expected.get(p).size(); s++) {
                Generation one = expected.get(p).get(s);
                Generation other = found.get(p).get(s);
                assertThat(other.tokenIds()).isEqualTo(one.tokenIds());
                Bits.assertBits("log-probabilities", other.logProbs(), one.logProbs());
                assertThat(other.topLogProbs()).isEqualTo(one.topLogProbs());
                assertThat(other.score()).isEqualTo(one.score());
                assertThat(other.finishReason()).isEqualTo(one.finishReason());
            }
        }
    }

    private static List<List<Generation>> generate(
            CausalLM model, int samples, UnaryOperator<GenerationConfigBuilder> settings) {
        GenerationConfigBuilder builder =
                GenerationConfig.builder().maxNewTokens(8).seed(3);
        return new Generator(model)
                .generate(PROMPTS, samples, settings.apply(builder).build());
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3", "llama-gqa"})
    @DisplayName("filters that kernels apply, and processors on the host")
    void sampling(String name) {
        requireSame(
                name,
                2,
                b -> b.temperature(0.7f).topK(40).topP(0.9f).minP(0.01f).topLogProbs(3));
        requireSame(
                name,
                2,
                b -> b.temperature(1.3f)
                        .repetitionPenalty(1.2f)
                        .frequencyPenalty(0.5f)
                        .noRepeatNgramSize(2)
                        .suppressTokens(List.of(5, 6))
                        .logitBias(List.of(new SequenceBias.Bias(new int[] {11}, 4f)))
                        .topP(0.95f)
                        .typicalP(0.9f));
    }

    @Test
    @DisplayName("beams, drawn beams and contrastive search")
    void searches() {
        requireSame("qwen3", 2, b -> b.numBeams(3).numReturnSequences(2).doSample(false));
        requireSame(
                "qwen3", 1, b -> b.numBeams(2).doSample(true).temperature(0.8f).earlyStopping(EarlyStopping.NEVER));
        requireSame("llama-gqa", 1, b -> b.penaltyAlpha(0.6f).topK(4).doSample(false));
    }

    @Test
    @DisplayName("texts of a grammar")
    void grammar() {
        Grammar digits = Grammar.regex("[0-9]{2,4}(,[0-9]{2,4})*");
        CausalLM here = CausalLM.load(TestPaths.model("qwen3"));
        requireSame("qwen3", 1, b -> b.processor(GrammarMask.of(here, digits)));
    }

    @Test
    @DisplayName("scores of prompts")
    void scores() {
        CausalLM here = CausalLM.load(TestPaths.model("qwen3"));
        CausalLM device = CausalLM.load(TestPaths.model("qwen3"), there);
        assertThat(scored(device)).isEqualTo(scored(here));
    }

    private static List<TokenScore> scored(CausalLM model) {
        try (Engine engine = new Engine(model, EngineConfig.DEFAULT.withMaxPrefillTokens(4))) {
            CompletableFuture<List<TokenScore>> score = engine.score(PROMPTS.getFirst(), 0.9f, 2);
            while (engine.step()) {}
            return score.join();
        }
    }
}
