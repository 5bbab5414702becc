// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.GoldenModels;
import dev.jacobian.transformer.MemoryPlan.Part;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.plan.TensorSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Plans against what happens. A run's memory is the smallest heap in which it completes; that this lies within 10 % of the
 * plan is two runs: one whose heap has the plan's bytes over 0.9 must complete, one with the plan's bytes over 1.1 must run
 * out of memory. The collector of these runs is the serial one with a tiny young generation, which can use nearly the whole
 * heap.
 */
class MemoryPlanTest {
    @TempDir
    Path temporary;

    @ParameterizedTest
    @CsvSource({
        "128, 5, 512, train, 1, 128",
        "128, 5, 512, train, 3, 700",
        "128, 5, 512, checkpoint, 1, 2048",
        "512, 6, 4096, train, 1, 128",
        "512, 6, 4096, checkpoint, 2, 512",
        "128, 5, 512, generate, 64, 70",
    })
    @DisplayName("what a workspace holds after training and generating is what the plan counted")
    void workspace(String width, String layers, String vocabulary, String kind, String sequences, String length) {
        MemoryRun run = MemoryRun.parse(width, layers, vocabulary, kind, sequences, length);
        DecoderConfig config = run.config(temporary);
        assertThat(plannedOverMeasured(run, config)).isBetween(0.98, 1.02);
    }

    @GoldenModels
    @DisplayName("the same of every family, for training, checkpointed training, scoring and generation")
    void families(GoldenModel golden) {
        DecoderConfig config = Families.read(golden.folder());
        for (String kind : List.of("train", "checkpoint", "score", "generate")) {
            assertThat(plannedOverMeasured(MemoryRun.of(config, kind, 7, 60), config))
                    .as("%s of %s", kind, golden)
                    .isBetween(0.98, 1.02);
        }
    }

    private static double plannedOverMeasured(MemoryRun run, DecoderConfig config) {
        Workspace workspace = new Workspace();
        run.run(config, workspace, 2);
        MemoryPlan plan = run.plan(config);
        long planned = plan.bytes(Part.ACTIVATIONS) + plan.bytes(Part.LOGITS) + plan.bytes(Part.KV_CACHE);
        return (double) planned / workspace.bytes();
    }

    @GoldenModels
    @DisplayName("weights and the copies of them are counted to the byte")
    void weights(GoldenModel golden) {
        DecoderConfig config = Families.read(golden.folder());
        CausalLM model = CausalLM.create(config, Optional.empty(), 1);
        model.logits(new int[1]); // makes the copies
        MemoryPlan plan = MemoryPlan.training(config);
        long weights = Float.BYTES
                * config.plan().tensors().stream()
                        .mapToLong(TensorSpec::elements)
                        .sum();
        assertThat(plan.bytes(Part.WEIGHTS)).isEqualTo(weights);
        assertThat(plan.bytes(Part.GRADIENTS)).isEqualTo(weights);
        assertThat(plan.bytes(Part.MOMENTS)).isEqualTo(2 * weights);
        long copies =
                model.parameters().stream().mapToLong(Parameter::copiedBytes).sum();
        assertThat(plan.bytes(Part.PACKED)).isEqualTo(copies);
    }

    @Test
    @DisplayName("the limits of config.json are planned at once and without memory: refused as more than any memory")
    void absurd() {
        DecoderConfig config = absurdConfig(1 << 12, 1 << 17, 1 << 20, 1 << 24);
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            assertThatThrownBy(() ->
                            MemoryPlan.inference(config, WeightFormat.Q4_0).require("loading a folder"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("loading a folder needs more than any memory (")
                    .hasMessageContaining("no Java array is that long");
            MemoryPlan training = MemoryPlanner.training(config)
                    .reference()
                    .generation(1 << 20, 1 << 20, 1 << 20, 1 << 20)
                    .step(Segments.of(2048), 2047, false)
                    .plan();
            assertThat(training.bytes()).isGreaterThan(1L << 60);
            assertThat(training.fits()).isFalse();
            // 4096 layers whose tensors would all be there
            MemoryPlan deep = MemoryPlanner.training(absurdConfig(1 << 12, 128, 384, 512))
                    .step(Segments.of(64), 63, false)
                    .plan();
            assertThat(deep.bytes(Part.ACTIVATIONS)).isBetween(1L << 30, 1L << 34);
            // weights that could be, and a batch that could not
            MemoryPlan wide = MemoryPlanner.training(absurdConfig(2, 4096, 1 << 15, 512))
                    .step(Segments.of(1 << 20), 63, false)
                    .plan();
            assertThat(wide.bytes(Part.WEIGHTS)).isLessThan(1L << 33);
            assertThat(wide.bytes(Part.ACTIVATIONS)).isGreaterThanOrEqualTo(1L << 60);
        });
    }

    private DecoderConfig absurdConfig(int layers, int width, int inner, int vocabulary) {
        String json = """
            {"model_type": "llama", "vocab_size": %d, "hidden_size": %d, "intermediate_size": %d,
             "num_hidden_layers": %d, "num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 32,
             "hidden_act": "silu", "max_position_embeddings": 4096, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
             "tie_word_embeddings": false}
            """.formatted(vocabulary, width, inner, layers);
        Json.write(temporary.resolve("config.json"), Json.parse(json, "config"));
        return Families.read(temporary);
    }

    @ParameterizedTest
    @CsvSource({
        "128, 5, 512, train, 1, 128",
        "128, 5, 512, train, 1, 2048",
        "128, 5, 512, checkpoint, 1, 2048",
        "512, 6, 4096, train, 1, 128",
        "512, 6, 4096, train, 1, 2048",
        "512, 6, 4096, checkpoint, 1, 2048",
        "512, 6, 4096, generate, 64, 48",
    })
    @DisplayName("the smallest heap in which a run of 1M or 21M parameters completes is within 10 % of its plan")
    void heap(String width, String layers, String vocabulary, String kind, String sequences, String length)
            throws Exception {
        MemoryRun run = MemoryRun.parse(width, layers, vocabulary, kind, sequences, length);
        long planned = run.plan(run.config(temporary)).bytes();
        assertThat(childJvm(run, 2, "-XX:+UseSerialGC", "-Xmn1m", "-Xmx" + (long) (planned / 0.9 / 1024) + "k"))
                .as("with 1/0.9 of the %d bytes planned", planned)
                .contains("completed");
        assertThat(childJvm(run, 2, "-XX:+UseSerialGC", "-Xmn1m", "-Xmx" + (long) (planned / 1.1 / 1024) + "k"))
                .as("with 1/1.1 of the %d bytes planned", planned)
                .containsIgnoringCase("out of memory")
                .doesNotContain("completed");
    }

    @Test
    @DisplayName(
            "generation that would not fit at once goes in smaller batches, and is refused if one prompt is too much")
    void batches() throws Exception {
        MemoryRun many = MemoryRun.parse("128", "5", "512", "generate", "600", "200");
        MemoryRun some = MemoryRun.parse("128", "5", "512", "generate", "100", "200");
        long heap = some.plan(some.config(temporary)).bytes();
        assertThat(many.plan(many.config(temporary)).bytes()).isGreaterThan(3 * heap);
        String options = "-Xmx" + heap / 1024 * 3 / 2 + "k";
        assertThat(childJvm(many, 1, "-XX:+UseSerialGC", "-Xmn1m", options)).contains("completed");
        CausalLM model = TestModels.wideModel(temporary);
        GenerationConfig config = GenerationConfig.builder().maxNewTokens(4000).build();
        assertThatThrownBy(() -> new Generator(model).generate(List.of(new int[] {1}), 1_000_000, config))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("generating 1000000 samples", "KV cache", "fewer samples per prompt");
    }

    @Test
    @DisplayName("a training step in steady state allocates less than 2 % of what it works on")
    void steadyState() throws Exception {
        String output =
                childJvm(MemoryRun.parse("128", "5", "512", "train", "8", "128"), 60, "-XX:+UseParallelGC", "-Xmx600m");
        Matcher found = Pattern.compile("completed ([0-9]+) of ([0-9]+)").matcher(output);
        assertThat(found.find()).as(output).isTrue();
        assertThat(Long.parseLong(found.group(1))).isLessThan(Long.parseLong(found.group(2)) / 50);
    }

    private String childJvm(MemoryRun run, int steps, String... options) throws IOException, InterruptedException {
        run.config(temporary);
        Path output = temporary.resolve("output.txt");
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of(options));
        command.addAll(List.of(
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                OtherJvmTest.classPath(),
                MemoryRun.class.getName(),
                temporary.toString()));
        command.addAll(run.sizes());
        command.add(Integer.toString(steps));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(5, TimeUnit.MINUTES))
                    .as("finished in time")
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        return Files.readString(output, StandardCharsets.UTF_8);
    }

    @Test
    @DisplayName("a plan that cannot work is refused with the parts, the limit and all advice; one that can is not")
    void refused() {
        DecoderConfig config =
                MemoryRun.parse("4096", "32", "32000", "train", "1", "2048").config(temporary);
        MemoryPlan plan = MemoryPlanner.training(config)
                .step(Segments.of(2048, 2048), 4094, false)
                .plan();
        assertThatThrownBy(() -> plan.require("training", () -> List.of("fewer tokens", "a smaller model")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll(
                        "training needs about " + MemoryPlan.size(plan.bytes()),
                        MemoryPlan.size(plan.bytes(Part.ACTIVATIONS)) + " activations",
                        MemoryPlan.size(plan.bytes(Part.MOMENTS)) + " AdamW moments",
                        "The heap may grow to "
                                + MemoryPlan.size(Runtime.getRuntime().maxMemory()),
                        "fewer tokens",
                        "a smaller model",
                        "-Xmx");
        MemoryPlan small = MemoryPlan.inference(
                MemoryRun.parse("128", "2", "512", "train", "1", "64").config(temporary));
        small.require("loading", () -> {
            throw new AssertionError("nobody asked for advice");
        });
    }

    @Test
    @DisplayName("narrow formats, checkpointing and smaller batches need less, in the order of their size")
    void order() {
        DecoderConfig config =
                MemoryRun.parse("512", "6", "4096", "train", "1", "512").config(temporary);
        long[] formats = {
            MemoryPlan.inference(config, WeightFormat.F32).bytes(),
            MemoryPlan.inference(config, WeightFormat.BF16).bytes(),
            MemoryPlan.inference(config, WeightFormat.Q8_0).bytes(),
            MemoryPlan.inference(config, WeightFormat.Q4_0).bytes(),
        };
        assertThat(formats).isSortedAccordingTo((a, b) -> Long.compare(b, a)).doesNotHaveDuplicates();
        for (int tokens = 64; tokens <= 2048; tokens *= 2) {
            assertThat(step(config, tokens, true).bytes())
                    .isLessThan(step(config, tokens, false).bytes());
            assertThat(step(config, tokens, false).bytes())
                    .isLessThan(step(config, 2 * tokens, false).bytes());
        }
    }

    private static MemoryPlan step(DecoderConfig config, int tokens, boolean checkpointing) {
        return MemoryPlanner.training(config)
                .step(Segments.of(tokens), tokens - 1, checkpointing)
                .plan();
    }

    @Test
    @DisplayName("the largest number whose plan fits is found, or that there is none")
    void largest() {
        long heap = Runtime.getRuntime().maxMemory();
        assertThat(MemoryPlan.largestThatFits(1000, n -> plan(heap / 100 * n))).hasValue(100);
        assertThat(MemoryPlan.largestThatFits(50, n -> plan(heap / 100 * n))).hasValue(50);
        assertThat(MemoryPlan.largestThatFits(50, n -> plan(heap + n))).isEmpty();
    }

    private static MemoryPlan plan(long bytes) {
        return new MemoryPlan(Map.of(Part.WEIGHTS, bytes));
    }
}
