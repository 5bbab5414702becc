// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BenchTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return Bench.run(args, new PrintWriter(out, true), new PrintWriter(err, true));
    }

    @Test
    void listsSuitesWithoutArguments() {
        assertThat(run()).isZero();
        assertThat(out.toString())
                .contains("matrix-product", "training-step", "decode", "tokenizer", "libtorch", "gpu-decode");
    }

    @Test
    void listsTheCasesOfASuite() {
        assertThat(run("training-step", "--list")).isZero();
        assertThat(out.toString()).contains("1M 16x128", "30M 1x2048");
    }

    @Test
    void helpNamesEveryOption() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString())
                .contains(
                        "--peers",
                        "--quick",
                        "--threads",
                        "--case",
                        "--rounds",
                        "--json",
                        "--out",
                        "--list",
                        "--device",
                        "--tiny");
    }

    @Test
    void anUnknownSuiteNamesThoseThereAre() {
        assertThat(run("matmul")).isEqualTo(2);
        assertThat(err.toString()).contains("no suite 'matmul'").contains("matrix-product");
    }

    @Test
    void anUnknownCaseNamesThoseThereAre() {
        assertThat(run("training-step", "--case", "2M")).isEqualTo(2);
        assertThat(err.toString())
                .contains("no case '2M'")
                .contains("1M 16x128")
                .contains("not of the form");
    }

    @ParameterizedTest
    @CsvSource({"--threads, 0", "--rounds, 0"})
    void aCountMustBePositive(String option, String value) {
        assertThat(run("matrix-product", option, value)).isEqualTo(2);
        assertThat(err.toString()).contains(option + " must be at least 1");
    }

    @Test
    void anUnknownOptionIsWrongUsage() {
        assertThat(run("matrix-product", "--fast")).isEqualTo(2);
        assertThat(err.toString()).contains("--fast");
    }

    @Test
    void peersThatWereNotBuiltAreAFailureThatSaysHowToBuildThem() {
        assertThat(run("matrix-product", "--peers")).isEqualTo(1);
        assertThat(err.toString()).contains("OpenBLAS").contains("jmh/bench --peers");
    }

    @Test
    void peersOfASuiteWithoutAreWrongUsage() {
        assertThat(run("grpo", "--peers")).isEqualTo(2);
        assertThat(err.toString()).contains("has no peers");
    }
}
