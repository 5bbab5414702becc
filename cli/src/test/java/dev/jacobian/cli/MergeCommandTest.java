// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.testing.Bits;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.OpenCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code merge} of models, through the command. */
class MergeCommandTest {
    private static final Path MODEL = TestPaths.model("arith-qwen3");

    @TempDir
    Path folder;

    private static void assertSameWeights(Path actual, Path expected) {
        try (OpenCheckpoint a = OpenCheckpoint.open(actual);
                OpenCheckpoint b = OpenCheckpoint.open(expected)) {
            for (int i = 0; i < a.tensors().size(); i++) {
                Bits.assertBits(
                        a.tensors().get(i).name(), a.read(i).floats(), b.read(i).floats());
            }
        }
    }

    @Test
    @DisplayName("the options and mergekit's file say the same, and what was merged lies beside the result")
    void optionsAndFile() throws IOException {
        Path other = folder.resolve("other");
        JsonNode json = Run.of(
                        "merge",
                        "--method",
                        "linear",
                        "--model",
                        MODEL,
                        "--weight",
                        "0.5",
                        "--normalize",
                        "false",
                        "--out",
                        other,
                        "--json")
                .json();
        assertThat(json.path("method").asText()).isEqualTo("linear");
        assertThat(json.path("tensors").intValue()).isPositive();
        Path byOptions = folder.resolve("options");
        assertThat(Run.of(
                                "merge",
                                "--method",
                                "dare-ties",
                                "--base",
                                MODEL,
                                "--model",
                                other,
                                "--density",
                                "0.5",
                                "--lambda",
                                "2",
                                "--seed",
                                "3",
                                "--out",
                                byOptions)
                        .result())
                .contains("2 models by dare_ties", "mergekit_config.yml");
        Path file = Files.writeString(
                folder.resolve("merge.yml"),
                "merge_method: dare_ties\nbase_model: " + MODEL + "\nmodels:\n  - model: " + other
                        + "\n    parameters:\n      weight: 1\n      density: 0.5\nparameters:\n  lambda: 2\n");
        Path byFile = folder.resolve("file");
        Run.of("merge", "--config", file, "--seed", "3", "--out", byFile).result();
        assertSameWeights(byFile, byOptions);
        Path again = folder.resolve("again");
        Run.of("merge", "--config", byFile.resolve("mergekit_config.yml"), "--seed", "3", "--out", again)
                .result();
        assertSameWeights(again, byOptions);
        assertThat(Run.of(
                                "merge",
                                "--method",
                                "slerp",
                                "--t",
                                "0.5",
                                "--model",
                                MODEL,
                                "--model",
                                other,
                                "--out",
                                MODEL)
                        .failure(ExitCode.FAILED))
                .contains("exists already");
        Path between = folder.resolve("between");
        Run.of("merge", "--method", "slerp", "--t", "0", "--model", MODEL, "--model", other, "--out", between)
                .result();
        assertSameWeights(between, MODEL);
        assertThat(Run.of(
                                "generate",
                                "--model",
                                between,
                                "--prompt",
                                "1 2 3 = 6\n",
                                "--max-new-tokens",
                                "2",
                                "--greedy")
                        .code())
                .isZero();
    }

    private String usage(Object... more) {
        Object[] all = new Object[more.length + 3];
        all[0] = "merge";
        System.arraycopy(more, 0, all, 1, more.length);
        all[more.length + 1] = "--out";
        all[more.length + 2] = folder.resolve("out");
        String message = Run.of(all).failure(ExitCode.USAGE);
        assertThat(folder.resolve("out")).doesNotExist();
        return message;
    }

    @Test
    void whatDoesNotGoTogetherIsWrongUsage() {
        assertThat(usage()).contains("what is to be merged");
        assertThat(usage("--model", MODEL)).contains("--method NAME", "--adapter DIR");
        assertThat(usage("--model", MODEL, "--adapter", MODEL, "--method", "linear"))
                .contains("--method is about models");
        assertThat(usage("--model", MODEL, "--model", MODEL, "--adapter", MODEL))
                .contains("2 are given");
        assertThat(usage("--config", "a.yml", "--model", MODEL)).contains("leave out --model");
        assertThat(usage("--config", "a.yml", "--t", "1")).contains("leave out --t");
        assertThat(usage("--method", "linear")).contains("--model DIR for each");
        assertThat(usage("--method", "linear", "--model", MODEL, "--weight", "1", "--weight", "2"))
                .contains("2 of --weight for 1 models");
    }

    private String failure(Object... more) {
        Object[] all = new Object[more.length + 3];
        all[0] = "merge";
        System.arraycopy(more, 0, all, 1, more.length);
        all[more.length + 1] = "--out";
        all[more.length + 2] = folder.resolve("out");
        String message = Run.of(all).failure(ExitCode.FAILED);
        assertThat(folder.resolve("out")).doesNotExist();
        return message;
    }

    @Test
    void whatCannotBeMergedIsToldInOneLine() {
        assertThat(failure("--method", "average", "--model", MODEL))
                .contains("average", "linear, slerp, task_arithmetic");
        assertThat(failure("--method", "linear", "--model", MODEL, "--t", "1")).contains("no parameter 't'", "slerp");
        assertThat(failure("--method", "ties", "--model", MODEL)).contains("--base");
        assertThat(failure("--method", "slerp", "--model", MODEL, "--t", "half"))
                .contains("--t takes a number");
        assertThat(failure("--method", "slerp", "--model", MODEL, "--t", "0.5")).contains("1 take part");
        assertThat(failure("--method", "linear", "--model", folder.resolve("none")))
                .contains("no such folder");
        assertThat(failure("--method", "linear", "--model", MODEL, "--model", TestPaths.model("llama-gqa")))
                .contains("family");
        assertThat(failure("--config", folder.resolve("none.yml"))).contains("none.yml");
    }
}
