// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.jacobian.jmh.harness.Side;
import dev.jacobian.jmh.harness.Suite;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jmh.annotations.Benchmark;

class SuitesTest {
    static Stream<Suite> suites() {
        return Suites.ALL.stream();
    }

    @ParameterizedTest
    @MethodSource("suites")
    void everyCaseHasWorkAndAHeap(Suite suite) {
        assertThat(suite.cases()).isNotEmpty().doesNotHaveDuplicates().containsAll(suite.quickCases());
        for (String label : suite.cases()) {
            assertThat(suite.work().applyAsDouble(label)).isPositive();
            assertThat(suite.heap().applyAsInt(label)).isBetween(256, 16384);
            suite.demand()
                    .apply(label)
                    .ifPresent(demand -> assertThat(demand.amount()).isPositive());
        }
    }

    @ParameterizedTest
    @MethodSource("suites")
    void ourBenchmarksExistAndTakeTheParameter(Suite suite) throws ReflectiveOperationException {
        assertThat(suite.ours().role()).isEqualTo(Side.Role.OURS);
        for (Side side : suite.sides()) {
            if (side instanceof Side.Jmh jmh && side.role() != Side.Role.PEER) {
                Class<?> type = Class.forName(jmh.className());
                String method = jmh.benchmark().substring(jmh.className().length() + 1);
                assertThat(Arrays.stream(type.getMethods()).filter(m -> m.isAnnotationPresent(Benchmark.class)))
                        .extracting(Method::getName)
                        .contains(method);
                assertThat(type.getField(suite.parameter())).isNotNull();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("suites")
    void whatIsNoCaseIsRefused(Suite suite) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> suite.select(List.of("no such thing"), false))
                .withMessageContaining("no such thing")
                .withMessageContaining(suite.cases().getFirst());
    }

    @Test
    void aTextSelectsTheCasesThatContainItOrACaseOfItsOwn() {
        Suite products = Suites.named("matrix-product").orElseThrow();
        assertThat(products.select(List.of("2048x2048x2048"), false))
                .containsExactly("NN 2048x2048x2048", "NT 2048x2048x2048", "TN 2048x2048x2048");
        assertThat(products.select(List.of("NN 7x5x3"), true)).containsExactly("NN 7x5x3");
        assertThat(products.select(List.of(), true)).isEqualTo(products.quickCases());
    }

    @Test
    void aMatrixProductIsOneOrABatch() {
        assertThat(MatMulCase.parse("TN 7x5x3")).isEqualTo(new MatMulCase("TN", 1, 7, 5, 3));
        assertThat(MatMulCase.parse("packed 7x5x3").packed()).isTrue();
        MatMulCase batch = MatMulCase.parse("NT 4 of 7x5x3");
        assertThat(batch).isEqualTo(new MatMulCase("NT", 4, 7, 5, 3));
        assertThat(batch.operations()).isEqualTo(2.0 * 4 * 7 * 5 * 3);
        assertThat(batch.left()).hasSize(4 * 7 * 3);
        assertThat(batch.right()).hasSize(4 * 5 * 3);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MatMulCase.parse("packed 4 of 7x5x3"))
                .withMessageContaining("BATCH of MxNxK");
    }

    @Test
    void thereIsOneSuiteOfEachName() {
        assertThat(Suites.ALL)
                .extracting(Suite::name)
                .doesNotHaveDuplicates()
                .contains(
                        "matrix-product",
                        "attention",
                        "training-step",
                        "decode",
                        "prefill",
                        "rollouts",
                        "tokenizer",
                        "loading");
    }
}
