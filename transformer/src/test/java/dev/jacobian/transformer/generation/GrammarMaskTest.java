// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.Json;
import dev.jacobian.io.grammar.Grammar;
import dev.jacobian.io.grammar.JsonLayout;
import dev.jacobian.testing.Bits;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.processor.GrammarMask;
import dev.jacobian.transformer.generation.processor.LogitsProcessor;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random models say what a grammar lets them say, whatever else is generated. */
class GrammarMaskTest {
    private static final List<Grammar> GRAMMARS = List.of(
            Grammar.choice(List.of("yes", "no", "maybe")),
            Grammar.regex("[0-9]{2}:[0-9]{2}"),
            Grammar.jsonSchema(
                    Json.parse(
                            "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"maxLength\":5},"
                                + "\"n\":{\"type\":\"integer\",\"minimum\":3,\"maximum\":99}},\"required\":[\"n\"]}",
                            "schema"),
                    JsonLayout.DEFAULT,
                    "schema"));

    private static GenerationConfig config(LogitsProcessor mask, boolean sample, long seed) {
        return GenerationConfig.builder()
                .maxNewTokens(48)
                .doSample(sample)
                .seed(seed)
                .processor(mask)
                .build();
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3", "llama-gqa", "mistral-swa-f16"})
    void everyContinuationIsOfTheGrammar(String name) {
        CausalLM model = CausalLM.load(TestPaths.model(name));
        int ended = 0;
        for (Grammar grammar : GRAMMARS) {
            LogitsProcessor mask = GrammarMask.of(model, grammar);
            for (boolean sample : new boolean[] {false, true}) {
                List<int[]> prompts = List.of(new int[] {5, 6, 7}, new int[] {9});
                for (List<Generation> ofPrompt : new Generator(model).generate(prompts, 3, config(mask, sample, 4))) {
                    for (Generation generation : ofPrompt) {
                        if (generation.finishReason() == FinishReason.STOP) {
                            ended++;
                            int[] ids = generation.tokenIds();
                            int[] text = java.util.Arrays.copyOf(ids, ids.length - 1);
                            assertThat(grammar.matches(model.tokenizer().decode(text, true)))
                                    .as("%s", (Object) ids)
                                    .isTrue();
                        }
                    }
                }
            }
        }
        assertThat(ended).isGreaterThan(18);
    }

    @Test
    void whatIsSampledDoesNotDependOnTheBatch() {
        CausalLM model = CausalLM.load(TestPaths.model("qwen3"));
        LogitsProcessor mask = GrammarMask.of(model, GRAMMARS.getLast());
        List<int[]> prompts =
                IntStream.range(0, 5).mapToObj(i -> new int[] {3 + i, 8}).toList();
        List<List<Generation>> together = new Generator(model).generate(prompts, 2, config(mask, true, 9));
        for (int p = 0; p < prompts.size(); p++) {
            List<Generation> alone = new Generator(model, 1)
                    .generate(List.of(prompts.get(p)), new long[] {p}, 2, config(mask, true, 9), (a, b, c) -> {})
                    .getFirst();
            for (int s = 0; s < 2; s++) {
                assertThat(together.get(p).get(s).tokenIds())
                        .isEqualTo(alone.get(s).tokenIds());
                Bits.assertBits(
                        "log-probabilities",
                        together.get(p).get(s).logProbs(),
                        alone.get(s).logProbs());
            }
        }
    }

    @Test
    void aTokenThatIsNotAllowedIsNotAccepted() {
        CausalLM model = CausalLM.load(TestPaths.model("qwen3"));
        LogitsProcessor mask = GrammarMask.of(model, Grammar.text("yes")).newSequence();
        int no = model.tokenizer().encode("no", false)[0];
        assertThatThrownBy(() -> mask.accept(no)).hasMessageContaining("not what the grammar allows");
    }
}
