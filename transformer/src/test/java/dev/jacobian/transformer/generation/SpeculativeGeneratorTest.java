// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.grammar.Grammar;
import dev.jacobian.io.grammar.JsonLayout;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.testing.Bits;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.GoldenModels;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.TestModels;
import dev.jacobian.transformer.generation.SpeculativeGenerator.Speculated;
import dev.jacobian.transformer.generation.processor.GrammarMask;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Guesses change nothing: the tokens and bits of generation without them, in every family. */
class SpeculativeGeneratorTest {
    private static final int NEW_TOKENS = 14;

    private static GenerationConfig config(boolean sample) {
        return GenerationConfig.builder()
                .maxNewTokens(NEW_TOKENS)
                .doSample(sample)
                .temperature(0.8f)
                .topK(sample ? 20 : 0)
                .ignoreEos(true)
                .topLogProbs(2)
                .seed(5)
                .build();
    }

    private static List<GenerationRequest> requests(CausalLM model, GenerationConfig config) {
        int vocabulary = model.config().vocabularySize();
        return List.of(
                new GenerationRequest(
                        new Prefix(TestModels.tokens(1, 9, vocabulary), 0), 1, config, 100, RequestListener.NONE),
                new GenerationRequest(
                        new Prefix(TestModels.tokens(2, 1, vocabulary), 7), 2, config, 100, RequestListener.NONE));
    }

    private static CausalLM other(CausalLM model, Path folder) {
        return CausalLM.create(model.config(), model.hasTokenizer() ? Optional.of(folder) : Optional.empty(), 99);
    }

    /** Guesses that were made and were right. */
    private record Count(int drafted, int accepted) {}

    private static Count compare(CausalLM model, Speculation speculation, GenerationConfig config) {
        List<GenerationRequest> requests = requests(model, config);
        List<List<Generation>> plain = new Generator(model).generate(requests);
        List<List<Speculated>> guessed = new SpeculativeGenerator(model, speculation).generate(requests);
        int drafted = 0;
        int accepted = 0;
        for (int r = 0; r < plain.size(); r++) {
            for (int s = 0; s < plain.get(r).size(); s++) {
                Generation expected = plain.get(r).get(s);
                Speculated actual = guessed.get(r).get(s);
                assertThat(actual.generation().tokenIds()).isEqualTo(expected.tokenIds());
                Bits.assertBits("log-probabilities", actual.generation().logProbs(), expected.logProbs());
                assertThat(actual.generation().finishReason()).isEqualTo(expected.finishReason());
                assertThat(actual.generation().topLogProbs()).isEqualTo(expected.topLogProbs());
                drafted += actual.draftTokens();
                accepted += actual.acceptedTokens();
            }
        }
        return new Count(drafted, accepted);
    }

    @GoldenModels
    void theSameModelIsAlwaysRight(GoldenModel golden) {
        CausalLM model = CausalLM.load(golden.folder(), TestModels.placement());
        for (boolean sample : new boolean[] {false, true}) {
            Count count = compare(model, Speculation.assistant(model, 4), config(sample));
            assertThat(count.accepted()).isEqualTo(count.drafted()).isGreaterThan(3 * NEW_TOKENS / 2);
        }
    }

    @GoldenModels
    void anotherModelIsOftenWrongAndChangesNothing(GoldenModel golden) {
        CausalLM model = CausalLM.load(golden.folder(), TestModels.placement());
        Speculation speculation = Speculation.assistant(other(model, golden.folder()), 3);
        Count count = compare(model, speculation, config(false));
        assertThat(count.accepted()).isLessThan(count.drafted());
        compare(model, speculation, config(true)); // with the same random numbers more of them agree
    }

    @GoldenModels
    void whatWasSaidBeforeChangesNothing(GoldenModel golden) {
        CausalLM model = CausalLM.load(golden.folder(), TestModels.placement());
        compare(model, Speculation.promptLookup(4, 2), config(false));
        compare(model, Speculation.promptLookup(4, 1), config(true));
    }

    @Test
    void threadsChangeNothing() {
        CausalLM model = CausalLM.load(TestPaths.model("qwen3"));
        CausalLM draft = other(model, TestPaths.model("qwen3"));
        int threads = ComputePool.threads();
        try {
            for (int count : new int[] {1, 2}) {
                ComputePool.setThreads(count);
                compare(model, Speculation.assistant(draft, 5), config(true));
                compare(model, Speculation.assistant(model, 5), config(false));
            }
        } finally {
            ComputePool.setThreads(threads);
        }
    }

    @Test
    void processorsGrammarsAndStopsChangeNothing() {
        CausalLM model = CausalLM.load(TestPaths.model("qwen3"));
        CausalLM draft = other(model, TestPaths.model("qwen3"));
        for (Speculation speculation : List.of(
                Speculation.assistant(model, 3), Speculation.assistant(draft, 3), Speculation.promptLookup(3, 2))) {
            for (boolean sample : new boolean[] {false, true}) {
                GenerationConfig config = GenerationConfig.builder()
                        .maxNewTokens(30)
                        .doSample(sample)
                        .repetitionPenalty(1.2f)
                        .noRepeatNgramSize(3)
                        .minNewTokens(2)
                        .seed(8)
                        .processor(GrammarMask.of(model, Grammar.jsonObject(JsonLayout.DEFAULT)))
                        .build();
                compare(model, speculation, config);
            }
        }
    }

    /** A sequence whose rotations change on the way is computed anew there, with and without guesses. */
    @Test
    void rotationsThatChangeOnTheWay() {
        CausalLM model = CausalLM.load(TestPaths.testdata("longrope", "phi3-longrope"));
        int vocabulary = model.config().vocabularySize();
        for (int length : new int[] {8, 9, 10, 15, 16, 17}) {
            int[] prompt = TestModels.tokens(3, length, vocabulary);
            Generation plain = new Generator(model)
                    .generate(List.of(new GenerationRequest(prompt, config(false))))
                    .getFirst()
                    .getFirst();
            for (Speculation speculation : List.of(Speculation.assistant(model, 4), Speculation.promptLookup(4, 2))) {
                Generation guessed = new SpeculativeGenerator(model, speculation)
                        .generate(List.of(new GenerationRequest(prompt, config(false))))
                        .getFirst()
                        .getFirst()
                        .generation();
                assertThat(guessed.tokenIds()).isEqualTo(plain.tokenIds());
                Bits.assertBits("log-probabilities", guessed.logProbs(), plain.logProbs());
            }
        }
    }

    @Test
    void repetitionIsFoundInThePrompt() {
        CausalLM model = CausalLM.load(TestPaths.model("qwen3"));
        int[] prompt = {5, 6, 7, 8, 9, 20, 5, 6};
        Submission owner = new Submission(
                new GenerationRequest(prompt, config(false)), 0, Continuation.Rules.of(model, config(false)));
        Sequence sequence = new Sequence(owner, 0);
        assertThat(new PromptLookup(2).draft(sequence, 3)).containsExactly(7, 8, 9);
        assertThat(new PromptLookup(2).draft(sequence, 9)).containsExactly(7, 8, 9, 20, 5, 6);
        sequence.continuation().add(30, 0, List.of());
        assertThat(new PromptLookup(2).draft(sequence, 3)).isEmpty();
        sequence.continuation().add(8, 0, List.of());
        assertThat(new PromptLookup(3).draft(sequence, 2)).containsExactly(9, 20);
    }

    @Test
    void otherTokensAreRefused() {
        CausalLM model = CausalLM.load(TestPaths.model("qwen3"));
        CausalLM llama = CausalLM.load(TestPaths.model("llama-gqa"));
        CausalLM without = CausalLM.create(model.config(), Optional.empty(), 1);
        assertThatThrownBy(() -> new SpeculativeGenerator(model, Speculation.assistant(llama, 2)))
                .hasMessageContaining("for the assistant model");
        assertThatThrownBy(() -> new SpeculativeGenerator(model, Speculation.assistant(without, 2)))
                .hasMessageContaining("the assistant model has no tokenizer.json");
        assertThatThrownBy(() -> Speculation.promptLookup(0, 2)).hasMessageContaining("num_assistant_tokens");
    }

    @Test
    void beamsAreRefused() {
        CausalLM model = CausalLM.load(TestPaths.model("qwen3"));
        GenerationConfig beams =
                GenerationConfig.builder().numBeams(2).doSample(false).build();
        assertThatThrownBy(() -> new SpeculativeGenerator(model, Speculation.promptLookup(2, 2))
                        .generate(List.of(new GenerationRequest(new int[] {3}, beams))))
                .hasMessageContaining("num_beams");
    }
}
