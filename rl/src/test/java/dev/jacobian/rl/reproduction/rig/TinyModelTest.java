// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.rig;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The models of experiments: what ends an answer is no part of one. */
class TinyModelTest {
    private static final TinyModel FRESH = new TinyModel(16, 1, new Trace(3, 6, 0, 1, 3), 0, 8, 1e-3);

    @Test
    void everyTokenIsAnIdOfTheModelAndTheEndIsNoneOfATrace() {
        CausalLM model = FRESH.make(1);
        Tokenizer tokenizer = model.tokenizer();
        int vocabulary = model.config().vocabularySize();
        int[] end = tokenizer.encode("<|endoftext|>", false);
        assertThat(model.eosTokenIds()).isEqualTo(Set.of(end[0]));
        assertThat(end).containsExactly(vocabulary - 1);
        for (long index = 0; index < 50; index++) {
            String completion = FRESH.data().example(1, index).completion();
            int[] tokens = tokenizer.encode(completion, false);
            assertThat(tokens).doesNotContain(end[0]);
            assertThat(Arrays.stream(tokens).allMatch(id -> id >= 0 && id < vocabulary))
                    .isTrue();
            assertThat(tokenizer.decode(tokens, false)).isEqualTo(completion);
        }
        assertThat(IntStream.range(0, vocabulary)
                        .mapToObj(id -> tokenizer.decode(new int[] {id}, false))
                        .distinct())
                .hasSize(vocabulary);
    }

    @Test
    void aModelThatLearnedToCheckGoesOnBehindTheWordThatBeginsIt() {
        Trace checking = new Trace(3, 3, 0, 1, 2);
        CausalLM model = new TinyModel(32, 2, checking, 150, 32, 3e-3).make(1);
        String prompt = checking.example(7, 0).prompt();
        Generation answer = new Generator(model)
                .generate(prompt, GenerationConfig.greedy(60))
                .generation();
        String text = model.tokenizer().decode(answer.tokenIds(), true);
        assertThat(answer.finishReason()).isEqualTo(FinishReason.STOP);
        assertThat(text).contains(Trace.WAIT).endsWith("</answer>");
    }
}
