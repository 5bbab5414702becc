// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.testing.TestPaths;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Logits, samples, loss and gradients in other JVMs: on the reference backend, with narrower vectors, and in the
 * interpreter alone, each bit for bit what this JVM computes.
 */
class OtherJvmTest {
    @TempDir
    Path temporary;

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "qwen3, -Djacobian.backend=reference, reference, 35",
        "mistral-swa-f16, -Djacobian.backend=reference, reference, 35",
        "qwen3, -XX:MaxVectorSize=16, vector-128, 18",
        "llama-gqa, -XX:MaxVectorSize=32, vector-256, 18",
        "qwen2-sharded, -Xint, vector-, 5", // the interpreter needs a second for a few tokens
    })
    @DisplayName("the same bits")
    void sameBits(String name, String option, String backend, int length) throws IOException, InterruptedException {
        Path folder = TestPaths.model(name);
        List<String> lines = run(option, folder, length);
        int at = 0;
        while (!lines.get(at).startsWith("backend ")) {
            at++; // warnings of the JVM
        }
        String used = lines.get(at).substring("backend ".length());
        Assumptions.assumeTrue(
                !backend.startsWith("vector-") || used.startsWith(backend),
                () -> "skipped: this machine runs " + used + " under " + option);
        assertThat(used).startsWith(backend);
        List<String> expected =
                BitsReport.of(CausalLM.load(folder), length).lines().toList();
        assertThat(lines.subList(at + 1, lines.size())).containsExactlyElementsOf(expected);
    }

    private List<String> run(String option, Path folder, int length) throws IOException, InterruptedException {
        Path output = temporary.resolve("report.txt");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        option,
                        "--add-modules",
                        "jdk.incubator.vector",
                        "-cp",
                        classPath(),
                        BitsReport.class.getName(),
                        folder.toString(),
                        Integer.toString(length))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(10, TimeUnit.MINUTES))
                    .as("finished in time")
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        List<String> lines = Files.readAllLines(output, StandardCharsets.UTF_8);
        assertThat(process.exitValue()).as(String.join("\n", lines)).isZero();
        return lines;
    }

    /** The classes of this test as a plain class path, however this JVM was given them. */
    static String classPath() {
        Set<String> entries = new LinkedHashSet<>();
        Path target = Path.of(System.getProperty("basedir", System.getProperty("user.dir")), "target");
        entries.add(target.resolve("test-classes").toString());
        for (String property :
                List.of("jdk.module.path", "surefire.real.class.path", "surefire.test.class.path", "java.class.path")) {
            String value = System.getProperty(property, "");
            entries.addAll(new ArrayList<>(Arrays.asList(value.split(File.pathSeparator))));
        }
        entries.remove("");
        return String.join(File.pathSeparator, entries);
    }
}
