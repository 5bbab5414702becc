// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.GoldenModels;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a model makes of tokens that are there already is what it made of them when it chose them. */
class PromptScoreTest {
    private static final int[] PROMPT = {1, 5, 9, 17, 33, 3, 2, 77, 4, 11, 6, 8, 19, 23, 2, 7, 5, 13, 21, 9};

    private static int[] joined(int[] first, int[] second) {
        return IntStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
    }

    @GoldenModels
    @DisplayName("the bits of sampling, in pieces and among others that are generated")
    void bitsOfSampling(GoldenModel golden) {
        CausalLM model = CausalLM.load(golden.folder());
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(12)
                .temperature(0.7f)
                .seed(5)
                .ignoreEos(true)
                .topLogProbs(3)
                .build();
        Generation sampled = new Generator(model)
                .generate(List.of(PROMPT), 1, config)
                .getFirst()
                .getFirst();
        int[] all = joined(PROMPT, sampled.tokenIds());
        try (Engine engine = new Engine(model, EngineConfig.DEFAULT.withMaxPrefillTokens(7))) {
            Submission other = engine.submit(new GenerationRequest(PROMPT, config).withSamples(3));
            CompletableFuture<List<TokenScore>> score = engine.score(all, 0.7f, 3);
            while (engine.step()) {}
            List<TokenScore> scores = score.join();
            assertThat(scores).hasSize(all.length - 1);
            for (int i = 0; i < sampled.tokenIds().length; i++) {
                TokenScore one = scores.get(PROMPT.length - 1 + i);
                assertThat(one.token()).isEqualTo(sampled.tokenIds()[i]);
                assertThat(one.logProb()).isEqualTo(sampled.logProbs()[i]);
                assertThat(one.likeliest()).isEqualTo(sampled.topLogProbs().get(i));
            }
            assertThat(other.result().join().getFirst().logProbs()).isEqualTo(sampled.logProbs());
            assertThat(engine.score(new int[] {1}, 1f, 0)).isNotDone();
            while (engine.step()) {}
            assertThat(engine.metrics().running()).isZero();
        }
    }

    @Test
    @DisplayName("what can never be scored is refused, what nobody wants any more is let go")
    void refused() {
        CausalLM model = CausalLM.load(TestPaths.model("qwen3"));
        try (AsyncEngine engine = new AsyncEngine(model, EngineConfig.DEFAULT)) {
            assertThatThrownBy(() -> engine.score(new int[] {}, 1f, 0)).hasMessageContaining("empty");
            assertThatThrownBy(() -> engine.score(new int[] {1 << 20}, 1f, 0)).hasMessageContaining("token id 1048576");
            assertThatThrownBy(() -> engine.score(new int[5000], 1f, 0)).hasMessageContaining("positions");
            CompletableFuture<List<TokenScore>> unwanted = engine.score(PROMPT, 1f, 0);
            unwanted.cancel(false);
            assertThat(engine.score(PROMPT, 1f, 0).join()).hasSize(PROMPT.length - 1);
        }
        AsyncEngine closed = new AsyncEngine(model, EngineConfig.DEFAULT);
        closed.close();
        assertThatThrownBy(() -> closed.score(PROMPT, 1f, 0)).hasMessageContaining("closed");
    }
}
