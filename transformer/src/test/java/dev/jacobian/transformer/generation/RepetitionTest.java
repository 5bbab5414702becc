// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.processor.SequenceBias;
import dev.jacobian.transformer.generation.processor.TokenHistory;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** When a continuation is taken to run in circles. */
class RepetitionTest {
    /** How many tokens behind the prompt the rule ends it, if it does. */
    private static OptionalInt stop(RepetitionConfig rule, int[] prompt, int... tokens) {
        TokenHistory history = new TokenHistory(prompt);
        RepetitionWatch watch = new RepetitionWatch(rule, history);
        for (int i = 0; i < tokens.length; i++) {
            history.add(tokens[i]);
            if (watch.closes(history)) {
                return OptionalInt.of(i + 1);
            }
        }
        return OptionalInt.empty();
    }

    private static int[] repeated(int times, int... run) {
        int[] all = new int[times * run.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = run[i % run.length];
        }
        return all;
    }

    private static final int[] PROMPT = {1};

    @Test
    @DisplayName("a run of as many tokens ends it the count-th time, a shorter one when it fills as many, a longer one"
            + " never")
    void lengths() {
        RepetitionConfig rule = new RepetitionConfig(4, 3);
        assertThat(stop(rule, PROMPT, repeated(5, 1, 2, 3, 4))).hasValue(12);
        assertThat(stop(rule, PROMPT, repeated(50, 8))).hasValue(12);
        assertThat(stop(rule, PROMPT, repeated(50, 8, 9, 9))).hasValue(12);
        assertThat(stop(rule, PROMPT, repeated(50, 1, 2, 3, 4, 5))).isEmpty();
    }

    @Test
    @DisplayName("a gap begins anew, and tokens of the prompt do not count")
    void gaps() {
        RepetitionConfig rule = new RepetitionConfig(2, 3);
        assertThat(stop(rule, PROMPT, 5, 6, 5, 6, 7, 5, 6, 5, 6)).isEmpty();
        assertThat(stop(rule, PROMPT, 9, 5, 6, 5, 6, 5, 6)).hasValue(7);
        assertThat(stop(rule, repeated(9, 5, 6), 5, 6, 5, 6, 5)).isEmpty();
        assertThat(stop(rule, repeated(9, 5, 6), 5, 6, 5, 6, 5, 6)).hasValue(6);
    }

    @Test
    @DisplayName("it says what a look at all tokens says, also behind a pause and in a fork")
    void againstDefinition() {
        Random random = new Random(4);
        for (int trial = 0; trial < 2000; trial++) {
            int ngram = random.nextInt(1, 5);
            int count = random.nextInt(2, 4);
            int[] tokens = random.ints(random.nextInt(1, 30), 0, 2).toArray();
            RepetitionConfig rule = new RepetitionConfig(ngram, count);
            OptionalInt expected = OptionalInt.empty();
            for (int n = 1; n <= tokens.length && expected.isEmpty(); n++) {
                expected = circles(Arrays.copyOf(tokens, n), ngram, count) ? OptionalInt.of(n) : expected;
            }
            assertThat(stop(rule, PROMPT, tokens)).as("seed 4, trial " + trial).isEqualTo(expected);
            assertThat(rule.stops(tokens)).isEqualTo(expected);
            int pause = random.nextInt(tokens.length);
            if (expected.isEmpty() || expected.getAsInt() > pause) {
                int[] begun = new int[pause + 1];
                System.arraycopy(tokens, 0, begun, 1, pause);
                TokenHistory history = new TokenHistory(begun, 1);
                RepetitionWatch watch = new RepetitionWatch(rule, history).fork();
                OptionalInt found = OptionalInt.empty();
                for (int i = pause; i < tokens.length && found.isEmpty(); i++) {
                    history.add(tokens[i]);
                    found = watch.closes(history) ? OptionalInt.of(i + 1) : found;
                }
                assertThat(found).as("paused at " + pause).isEqualTo(expected);
            }
        }
    }

    private static boolean circles(int[] tokens, int ngram, int count) {
        int all = ngram * count;
        for (int period = 1; period <= ngram && tokens.length >= all; period++) {
            boolean repeats = true;
            for (int i = tokens.length - all + period; i < tokens.length; i++) {
                repeats &= tokens[i] == tokens[i - period];
            }
            if (repeats) {
                return true;
            }
        }
        return false;
    }

    @Test
    @DisplayName(
            "a model in a loop is stopped with a reason of its own, the same alone and behind a pause; nothing else"
                    + " changes")
    void generated() {
        CausalLM model = CausalLM.load(TestPaths.model("llama-gqa"));
        Generator generator = new Generator(model);
        GenerationConfigBuilder builder = GenerationConfig.builder()
                .maxNewTokens(40)
                .logitBias(
                        List.of(new SequenceBias.Bias(new int[] {7}, 100), new SequenceBias.Bias(new int[] {8}, 100)))
                .seed(2);
        int[] prompt = {5, 9, 13};
        Generation free = generator
                .generate(List.of(prompt), 1, builder.build())
                .getFirst()
                .getFirst();
        GenerationConfig ruled = builder.repetitionNgram(3).repetitionCount(2).build();
        Generation stopped =
                generator.generate(List.of(prompt), 1, ruled).getFirst().getFirst();
        OptionalInt expected = stop(new RepetitionConfig(3, 2), prompt, free.tokenIds());
        assertThat(expected).as("a model that knows two words repeats itself").isPresent();
        assertThat(stopped.finishReason()).isEqualTo(FinishReason.REPETITION);
        assertThat(stopped.finishReason().label()).isEqualTo("repetition");
        assertThat(stopped.tokenIds()).isEqualTo(Arrays.copyOf(free.tokenIds(), expected.getAsInt()));
        assertThat(stopped.logProbs()).isEqualTo(Arrays.copyOf(free.logProbs(), expected.getAsInt()));

        int pause = expected.getAsInt() - 3; // at least 6 tokens are needed
        int[] begun = Arrays.copyOf(prompt, 3 + pause);
        System.arraycopy(free.tokenIds(), 0, begun, 3, pause);
        Generation rest = generator
                .generate(List.of(new Prefix(begun, 0, 0, pause)), 1, ruled, 40, (p, s, token) -> {})
                .getFirst()
                .getFirst();
        assertThat(rest.tokenIds()).hasSize(3);
        assertThat(rest.finishReason()).isEqualTo(FinishReason.REPETITION);
    }

    @Test
    @DisplayName("half a rule and one that nothing could hold are refused")
    void refused() {
        assertThatThrownBy(() -> new RepetitionConfig(3, 0)).hasMessageContaining("set both or neither");
        assertThatThrownBy(() -> new RepetitionConfig(-1, 0)).hasMessageContaining("set both or neither");
        assertThatThrownBy(() -> new RepetitionConfig(1025, 2)).hasMessageContaining("at most 1024");
        assertThatThrownBy(() -> new RepetitionConfig(3, 1)).hasMessageContaining("at least 2");
    }
}
