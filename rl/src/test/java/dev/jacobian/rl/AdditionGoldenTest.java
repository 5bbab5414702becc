// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.evaluation.Evaluation;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against what PyTorch measured with the same model, task and settings; its runs are recorded beside the model. */
class AdditionGoldenTest {
    private static final int HELD_OUT = 900;

    private final JsonNode golden = Json.read(TestModels.additionFolder().resolve("golden.json"));

    @Test
    @DisplayName("greedy completions of the base model")
    void greedy() {
        CausalLM model = TestModels.addition();
        for (JsonNode expected : golden.get("greedy")) {
            Generation.Text actual =
                    new Generator(model).generate(expected.get("prompt").textValue(), GenerationConfig.greedy(4));
            assertThat(actual.text()).isEqualTo(expected.get("greedy_text").textValue());
        }
    }

    @Test
    @DisplayName("accuracy of the base model lies where PyTorch measured it")
    void baseAccuracy() {
        CausalLM model = TestModels.addition();
        Evaluation greedy = Evaluation.run(model, new Addition(), HELD_OUT, 1, GenerationConfig.greedy(4));
        Evaluation sampled = Evaluation.run(model, new Addition(), HELD_OUT, 4, GenerationConfig.sampling(4, 1f, 0));
        // another sample of problems: three standard errors of a share near one half over 900 problems are 0.05
        assertThat(greedy.passAt1()).isBetween(0.568 - 0.05, 0.568 + 0.05);
        assertThat(sampled.passAt1()).isBetween(0.3355 - 0.05, 0.3355 + 0.05);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1})
    @DisplayName("GRPO for 100 steps ends where the PyTorch runs ended")
    void grpo(long seed) {
        CausalLM model = TestModels.addition();
        RlConfig config = RlConfig.builder()
                .maxSteps(100)
                .promptsPerStep(32)
                .numGenerations(8)
                .maxCompletionLength(4)
                .learningRate(3e-4)
                .evalSteps(0)
                .klSamples(0)
                .seed(seed)
                .build();
        RlResult result = new RlTrainer(model, new Addition(), config).train();
        assertThat(result.samplingLogpDifferenceMax()).isEqualTo(0.0);
        double sampled = Evaluation.run(model, new Addition(), HELD_OUT, 4, GenerationConfig.sampling(4, 1f, 1))
                .passAt1();
        double greedy = Evaluation.run(model, new Addition(), HELD_OUT, 1, GenerationConfig.greedy(4))
                .passAt1();
        System.out.printf("addition, seed %d: sampled %.3f, greedy %.3f%n", seed, sampled, greedy);
        assertThat(sampled).as("sampled accuracy").isBetween(0.42, 0.47);
        assertThat(greedy).as("greedy accuracy").isBetween(0.75, 0.87);
    }
}
