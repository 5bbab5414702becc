// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ModelCaseTest {
    static Stream<ModelShape> shapes() {
        return ModelShape.ALL.stream();
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void parametersAreThoseOfTheConfiguration(ModelShape shape) {
        assertThat(shape.parameters()).isEqualTo(shape.config().parameters());
    }

    @Test
    void operationsByHand() {
        // 0.1M: D 64, 2 layers, 2 heads and 1 key head of 32, MLP 176, V 264. Three tokens in one sequence.
        ModelCase of = ModelCase.parse("0.1M 1x3");
        double projections = 2 * (64 * 64 + 2 * 64 * 32 + 64 * 64 + 3 * 64 * 176);
        double attention = 2 * 6 * (2 * 32) * 2 * 2; // layers, pairs 1 + 2 + 3, width, two products, multiply and add
        double head = 2.0 * 64 * 264;
        assertThat(of.trainingOperations()).isEqualTo(3 * (2 * projections * 3 + attention + head * 2));
        assertThat(of.decodeOperations()).isEqualTo(2 * projections * 3 + attention + head * 3);
        assertThat(of.prefillOperations()).isEqualTo(2 * projections * 3 + attention + head);
    }

    @Test
    void longTrainingIsNearSixOperationsPerParameterAndTokenPlusAttention() {
        ModelCase of = ModelCase.parse("5M 4x16");
        assertThat(of.trainingOperations() / (6.0 * of.shape().parameters() * of.tokenCount()))
                .isCloseTo(1, within(0.05));
    }

    @Test
    void aFormatDecidesTheBytes() {
        double weights = ModelShape.named("0.5B").decodeWeights();
        assertThat(ModelCase.parse("0.5B 1x10").decodeBytes()).isEqualTo(40 * weights);
        assertThat(ModelCase.parse("0.5B 1x10 bf16").decodeBytes()).isEqualTo(20 * weights);
        assertThat(ModelCase.parse("0.5B 1x10 q8_0").decodeBytes()).isEqualTo(10.625 * weights);
        assertThat(ModelCase.parse("0.5B 1x10 q4_0").decodeBytes()).isEqualTo(5.625 * weights);
    }

    @Test
    void errorsNameTheFormAndTheModels() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelCase.parse("1M 16"))
                .withMessageContaining("MODEL SEQUENCESxLENGTH");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelCase.parse("7B 1x1"))
                .withMessageContaining("0.5B");
    }

    @Test
    void tokensAreTheSameEveryTimeAndInTheVocabulary() {
        ModelCase of = ModelCase.parse("1M 3x50");
        assertThat(of.tokens()).hasSize(3);
        for (int[] sequence : of.tokens()) {
            assertThat(sequence).hasSize(50);
            assertThat(Arrays.stream(sequence)).allMatch(token -> token >= 0 && token < 512);
        }
        assertThat(of.tokens().get(1))
                .isEqualTo(of.tokens().get(1))
                .isNotEqualTo(of.tokens().get(2));
    }
}
