// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The examples run and print what the comment at their end says; the README's Java is one of them. */
class ExamplesTest {
    private static final Path EXAMPLES = TestPaths.project().resolve("examples");

    @TempDir
    Path work;

    static List<Path> examples() {
        try (Stream<Path> files = Files.list(EXAMPLES)) {
            return files.filter(file -> file.toString().endsWith(".java"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void prints(Path example) throws Exception {
        Files.createSymbolicLink(work.resolve("models"), TestPaths.project().resolve("models"));
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-p",
                        System.getProperty("jdk.module.path"),
                        "--add-modules",
                        "dev.jacobian.rl,dev.jacobian.serve",
                        example.toString())
                .directory(work.toFile())
                .redirectError(work.resolve("errors").toFile())
                .redirectOutput(work.resolve("printed").toFile())
                .start();
        assertThat(process.waitFor(300, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(work.resolve("errors")))
                .isZero();
        assertThat(Files.readString(work.resolve("printed"))).isEqualTo(promised(example));
    }

    private static String promised(Path example) throws IOException {
        String source = Files.readString(example);
        String mark = "/* Prints:\n";
        assertThat(source)
                .as(example + " ends with what it prints")
                .contains(mark)
                .endsWith("*/\n");
        return source.substring(source.indexOf(mark) + mark.length(), source.length() - "*/\n".length());
    }

    @Test
    @DisplayName("the code block of the README is the example with a reward of one's own")
    void readme() throws IOException {
        String readme = Files.readString(TestPaths.project().resolve("README.md"));
        int begin = readme.indexOf("```java\n") + "```java\n".length();
        String block = readme.substring(begin, readme.indexOf("```", begin));
        String example = Files.readString(EXAMPLES.resolve("04_your_own_reward.java"));
        String header = example.substring(example.indexOf("/**"), example.indexOf("*/\n") + "*/\n".length());
        assertThat(example.replace(header, "")).contains(block);
    }

    @Test
    @DisplayName("the method that docs/methods.md adds is the one of the example")
    void methods() throws IOException {
        String methods = Files.readString(TestPaths.project().resolve("docs/methods.md"));
        int section = methods.indexOf("## Adding an online method");
        int begin = methods.indexOf("```java\n", section) + "```java\n".length();
        String block = methods.substring(begin, methods.indexOf("```", begin));
        assertThat(block).contains("implements Method");
        assertThat(Files.readString(EXAMPLES.resolve("16_your_own_method.java")).replace("\n    ", "\n"))
                .contains(block);
    }
}
