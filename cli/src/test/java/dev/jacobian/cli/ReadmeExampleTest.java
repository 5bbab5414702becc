// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's Java example is the file in examples/, and it runs. */
class ReadmeExampleTest {
    private static final Path ROOT = TestPaths.project();

    @TempDir
    Path work;

    @Test
    @DisplayName("the code block of the README is examples/TrainOnYourReward.java")
    void sameText() throws IOException {
        String readme = Files.readString(ROOT.resolve("README.md"));
        int begin = readme.indexOf("```java\n") + "```java\n".length();
        String block = readme.substring(begin, readme.indexOf("```", begin));
        assertThat(block).isEqualTo(Files.readString(ROOT.resolve("examples").resolve("TrainOnYourReward.java")));
    }

    @Test
    @DisplayName("the example trains a model and saves it")
    void runs() throws Exception {
        Files.createSymbolicLink(work.resolve("models"), ROOT.resolve("models"));
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-p",
                        System.getProperty("jdk.module.path"),
                        "--add-modules",
                        "dev.jacobian.rl",
                        ROOT.resolve("examples")
                                .resolve("TrainOnYourReward.java")
                                .toString())
                .directory(work.toFile())
                .redirectErrorStream(true)
                .redirectOutput(work.resolve("log").toFile())
                .start();
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        String log = Files.readString(work.resolve("log"));
        assertThat(process.exitValue()).as(log).isZero();
        assertThat(log).contains("step 5: length").contains("sampler and trainer differ by 0.0");
        assertThat(work.resolve("out").resolve("brief").resolve("model.safetensors"))
                .isNotEmptyFile();
    }
}
