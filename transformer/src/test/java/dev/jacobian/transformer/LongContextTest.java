// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.transformer.MemoryPlan.Part;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Long prompts and long sequences to train on, in the memory that was planned for them. As in {@link MemoryPlanTest} a run's memory is the smallest heap in which it
 * completes: one with the plan's bytes over 0.9 must, one with the plan's bytes over 1.1 must not.
 */
class LongContextTest {
    /** The last positions that long models are made for; 48 of them are generated. */
    private static final int LONGEST = 131_024;

    @TempDir
    Path temporary;

    @ParameterizedTest
    @CsvSource({"full, 12000", "q8_0, 20000", "window, 131024"})
    @DisplayName("the smallest heap in which a long prompt is continued is within 10 % of its plan")
    void heap(String cache, int prompt) throws Exception {
        check(new LongContextRun(cache, prompt));
    }

    @ParameterizedTest
    @CsvSource({"full, 131024", "q8_0, 131024"})
    @EnabledIfSystemProperty(named = "jacobian.tests.nightly", matches = "true")
    @DisplayName("the same of 131,072 positions that all are seen: a minute each")
    void longest(String cache, int prompt) throws Exception {
        check(new LongContextRun(cache, prompt));
    }

    @ParameterizedTest
    @CsvSource({"full, 8192", "window, 16384"})
    @DisplayName("the smallest heap in which a long sequence is trained on is within 10 % of its plan")
    void training(String attention, int length) throws Exception {
        check(new LongTrainingRun(attention, length, 2));
    }

    @ParameterizedTest
    @CsvSource({"window, 131072, 2", "full, 131072, 1"})
    @EnabledIfSystemProperty(named = "jacobian.tests.nightly", matches = "true")
    @DisplayName("the same of 131,072 positions: a minute with a window, and some for each token to see all before it")
    void longestTraining(String attention, int length, int steps) throws Exception {
        check(new LongTrainingRun(attention, length, steps));
    }

    private void check(LongContextRun run) throws IOException, InterruptedException {
        check(LongContextRun.class, run.arguments(), run.plan().bytes(), "completed with 48 tokens");
    }

    private void check(LongTrainingRun run) throws IOException, InterruptedException {
        check(LongTrainingRun.class, run.arguments(), run.plan().bytes(), "completed with a loss of 6.");
    }

    private void check(Class<?> run, List<String> arguments, long planned, String completed)
            throws IOException, InterruptedException {
        String name = run.getSimpleName() + arguments;
        assertThat(child(run, arguments, (long) (planned / 0.9)))
                .as("%s with 1/0.9 of the %d bytes planned", name, planned)
                .contains(completed);
        assertThat(child(run, arguments, (long) (planned / 1.1)))
                .as("%s with 1/1.1 of the %d bytes planned", name, planned)
                .containsIgnoringCase("out of memory")
                .doesNotContain("completed");
    }

    private String child(Class<?> run, List<String> arguments, long heap) throws IOException, InterruptedException {
        Path output = temporary.resolve("output.txt");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmn1m",
                "-Xmx" + heap / 1024 + "k",
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                OtherJvmTest.classPath(),
                run.getName()));
        command.addAll(arguments);
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(60, TimeUnit.MINUTES)).as("ends").isTrue();
        } finally {
            process.destroyForcibly();
        }
        return Files.readString(output, StandardCharsets.UTF_8);
    }

    @Test
    @DisplayName(
            "at 131,072 positions a window costs what it holds, 8 bits a third, and nothing grows with their square")
    void planned() {
        MemoryPlan full = new LongContextRun("full", LONGEST).plan();
        MemoryPlan half = new LongContextRun("full", LONGEST / 2).plan();
        MemoryPlan rounded = new LongContextRun("q8_0", LONGEST).plan();
        MemoryPlan window = new LongContextRun("window", LONGEST).plan();
        long numbers = 2L * 2 * 2 * 32 * 131_072; // layers, keys and values, heads, elements, positions
        assertThat(full.bytes(Part.KV_CACHE)).isEqualTo(4 * numbers);
        assertThat(rounded.bytes(Part.KV_CACHE)).isEqualTo(numbers * 9 / 8);
        long page = 4L * 2 * 2 * 2 * 32 * 16;
        assertThat(window.bytes(Part.KV_CACHE)) // the window and a piece of the prompt
                .isBetween(page * (512 + 4096) / 16, page * ((512 + 4096 + 45) / 16));
        assertThat(full.bytes(Part.ACTIVATIONS)).isEqualTo(half.bytes(Part.ACTIVATIONS));
        assertThat(full.bytes(Part.LOGITS)).isEqualTo(half.bytes(Part.LOGITS));
        assertThat(full.bytes()).isLessThan(192L << 20); // of which 17 are rows of scores of two threads
        assertThat(window.bytes()).isLessThan(56L << 20); // of which 16 are rotary tables
    }

    @Test
    @DisplayName("a training step holds what grows with the number of tokens, not with its square")
    void plannedTraining() {
        MemoryPlan whole = new LongTrainingRun("full", 131_072, 1).plan();
        MemoryPlan half = new LongTrainingRun("full", 65_536, 1).plan();
        assertThat(whole.bytes(Part.ACTIVATIONS))
                .isBetween(half.bytes(Part.ACTIVATIONS) * 19 / 10, half.bytes(Part.ACTIVATIONS) * 21 / 10);
        assertThat(whole.bytes(Part.LOGITS)).isEqualTo(half.bytes(Part.LOGITS)); // chunks
        assertThat(whole.bytes()).isLessThan(1400L << 20);
    }

    @Test
    @DisplayName("more positions than the model has are refused before anything is computed")
    void tooLong() {
        CausalLM model = TestModels.wideModel(temporary);
        int most = model.config().maxPositions();
        assertThatThrownBy(
                        () -> new Generator(model).generate(List.of(new int[most - 3]), 1, GenerationConfig.greedy(4)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(Integer.toString(most));
    }
}
