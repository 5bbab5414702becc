// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static dev.jacobian.transformer.TestModels.tokens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.autograd.Var;
import dev.jacobian.autograd.optim.AdamW;
import dev.jacobian.autograd.optim.AdamWConfig;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Recycled arrays and recomputed activations change no bit. The workspace of these tests writes NaN over everything that
 * comes back, so whoever looks at it too late is seen.
 */
class RecyclingTest {
    private static final int STEPS = 4;

    @TempDir
    Path temporary;

    private CausalLM model(String name) {
        return name.equals("wide") ? TestModels.wideModel(temporary) : CausalLM.load(TestPaths.model(name));
    }

    /** Weights after a few steps on ragged batches, each of two forward and backward passes. */
    private static List<float[]> train(CausalLM model, Workspace workspace) {
        AdamW optimizer = new AdamW(model.parameters(), AdamWConfig.DEFAULT);
        int vocabulary = model.config().vocabularySize();
        for (int step = 0; step < STEPS; step++) {
            int seed = step;
            Runnable body = () -> {
                for (int part = 0; part < 2; part++) {
                    List<int[]> batch = List.of(
                            tokens(seed + 10 * part, 21 + 3 * seed, vocabulary),
                            tokens(seed + 100, 5, vocabulary),
                            tokens(seed + 200, 33, vocabulary));
                    model.loss(batch, batch).backward();
                }
                optimizer.step(1e-3, 1f);
                optimizer.zeroGrad();
            };
            if (workspace == null) {
                body.run();
            } else {
                workspace.run(body);
            }
        }
        List<float[]> weights = new ArrayList<>();
        model.parameters().forEach(p -> weights.add(p.value().toFloatArray()));
        return weights;
    }

    private static void assertSameWeights(String what, CausalLM model, List<float[]> actual, List<float[]> expected) {
        for (int i = 0; i < expected.size(); i++) {
            assertBits(what + ": " + model.parameters().get(i).name(), actual.get(i), expected.get(i));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3", "llama-gqa", "qwen2-sharded", "mistral-swa-f16", "wide"})
    @DisplayName("training with recycled arrays, with checkpointed layers and with both ends at the same weights")
    void training(String name) {
        CausalLM plain = model(name);
        List<float[]> expected = train(plain, null);
        CausalLM recycled = model(name);
        assertSameWeights("recycled", recycled, train(recycled, Workspace.poisoning()), expected);
        CausalLM checkpointed = model(name).gradientCheckpointing(true);
        assertSameWeights("checkpointed", checkpointed, train(checkpointed, null), expected);
        CausalLM both = model(name).gradientCheckpointing(true);
        assertSameWeights("both", both, train(both, Workspace.poisoning()), expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3", "llama-gqa", "mistral-swa-f16", "wide"})
    @DisplayName("generation with recycled arrays and pages samples the same tokens")
    void generation(String name) {
        CausalLM model = model(name);
        int vocabulary = model.config().vocabularySize();
        List<int[]> prompts = List.of(tokens(1, 3, vocabulary), tokens(2, 20, vocabulary), tokens(3, 16, vocabulary));
        GenerationConfig config =
                GenerationConfig.builder().maxNewTokens(24).seed(5).build();
        List<List<Generation>> expected = new Generator(model).generate(prompts, 3, config);
        Workspace workspace = Workspace.poisoning();
        for (int round = 0; round < 3; round++) {
            List<List<Generation>> actual = workspace.compute(() -> new Generator(model).generate(prompts, 3, config));
            for (int p = 0; p < prompts.size(); p++) {
                for (int s = 0; s < 3; s++) {
                    assertThat(actual.get(p).get(s).tokenIds())
                            .containsExactly(expected.get(p).get(s).tokenIds());
                    assertBits(
                            "log-probabilities",
                            actual.get(p).get(s).logProbs(),
                            expected.get(p).get(s).logProbs());
                }
            }
        }
    }

    @Test
    @DisplayName("a workspace that has seen a step's sizes does not grow in the next ones")
    void steady() {
        CausalLM model = model("wide");
        Workspace workspace = new Workspace();
        train(model, workspace);
        long bytes = workspace.bytes();
        for (int i = 0; i < 5; i++) {
            train(model, workspace);
        }
        assertThat(workspace.bytes()).isEqualTo(bytes);
    }

    @Test
    @DisplayName("a recycled intermediate result says so instead of giving wrong numbers")
    void lateLook() {
        CausalLM model = model("wide");
        int[] tokens = tokens(1, 40, model.config().vocabularySize());
        new Workspace().run(() -> {
            Var hidden = model.hidden(tokens, Segments.of(40)); // [40, D]
            int[] rows = {1, 2, 3};
            int[] targets = {4, 5, 6};
            Var logProbs = model.logProbs(hidden, rows, targets, 1f).logProbs(); // [3]
            logProbs.backward(logProbs.value());
            assertThat(logProbs.value().elements()).isEqualTo(3);
            assertThatThrownBy(hidden::value)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("recycled")
                    .hasMessageContaining("copy what you need before backward()");
        });
    }
}
