// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.TestPaths;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Help, version, inspect and doctor. */
class InformationTest {
    @Test
    void helpFitsATerminal() {
        for (String command :
                List.of("", "rl", "sft", "methods", "eval", "generate", "logits", "tokenize", "inspect", "doctor")) {
            Run run = command.isEmpty() ? Run.of("--help") : Run.of(command, "--help");
            assertThat(run.result()).contains("Usage: jacobian");
            assertThat(run.out().lines())
                    .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(80));
            if (!command.isEmpty()) {
                assertThat(run.out()).contains("--seed", "--device", "--threads", "--json", "--debug");
            }
        }
    }

    @Test
    void version() {
        assertThat(Run.of("--version").result()).startsWith("jacobian ").contains("JDK " + Runtime.version());
    }

    @Test
    void methodsAreListedFromTheCode() {
        JsonNode json = Run.of("methods", "--json").json();
        String text = Run.of("methods").result();
        assertThat(json.get("methods")).hasSize(Methods.all().size());
        for (JsonNode method : json.get("methods")) {
            assertThat(text)
                    .contains(method.get("name").textValue() + ": "
                            + method.get("paper").textValue());
            assertThat(method.get("paper").textValue()).contains("arXiv");
            for (JsonNode setting : method.get("settings")) {
                assertThat(text)
                        .contains(setting.get("key").textValue() + "="
                                + setting.get("default").asText().replace(".0E", "e"))
                        .contains(setting.get("doc").textValue());
            }
        }
        assertThat(json.get("methods")
                        .get(0)
                        .get("settings")
                        .get(0)
                        .get("choices")
                        .get(0)
                        .textValue())
                .isEqualTo("dapo");
        assertThat(json.get("shared_settings").findValuesAsText("key"))
                .contains("learning_rate", "num_generations", "seed")
                .doesNotContain("beta");
    }

    @Test
    void inspectCountsWhatTheCheckpointHolds() {
        for (String name : List.of("llama-gqa", "qwen2-sharded", "qwen3", "llama-mha-tied", "gpt2", "olmo3")) {
            JsonNode golden = GoldenModel.of(name).json();
            JsonNode json = Run.of("inspect", "--model", TestPaths.model(name), "--json")
                    .json();
            assertThat(json.get("parameters")).as(name).isEqualTo(golden.get("num_parameters"));
            assertThat(json.get("family").textValue())
                    .isEqualTo(golden.get("model_type").textValue());
            long elements = 0;
            for (JsonNode tensor : json.get("tensors")) {
                long product = 1;
                for (JsonNode extent : tensor.get("shape")) {
                    product *= extent.longValue();
                }
                elements += product;
            }
            assertThat(elements).as(name).isEqualTo(golden.get("num_parameters").longValue());
            // weights, packed copies, gradients and two moments; then the activations
            long checkpointed =
                    json.get("training_bytes_with_gradient_checkpointing").longValue();
            assertThat(checkpointed).isGreaterThan(20 * elements);
            assertThat(json.get("training_bytes").longValue()).isGreaterThan(checkpointed);
        }
        String text = Run.of("inspect", "--model", TestPaths.model("qwen3")).result();
        assertThat(text)
                .contains(
                        "qwen3",
                        "arXiv:2505.09388",
                        "norm on q and k",
                        "byte-pair encoding",
                        "model.embed_tokens.weight")
                .contains("for chats: default", "rotary: default, base 1,000,000");
        assertThat(Run.of("inspect", "--model", TestPaths.model("olmo3")).result())
                .contains("window 7 (layers 0-2)", "RMSNorm after each branch", "rotary: yarn, base 500,000")
                .contains("cos and sin times 1.2079442 (layer 3)", "rotary: default, base 500,000 (layers 0-2)")
                .containsPattern("template +none");
        assertThat(Run.of("inspect", "--model", TestPaths.model("smollm3-2")).result())
                .contains("none (layers 1, 3)", "window 8 (layers 1, 3)");
        assertThat(Run.of("inspect", "--model", TestPaths.model("gpt2")).result())
                .contains("64, learned", "tied to the embedding", "plain, gelu_tanh");
        assertThat(Run.of("inspect", "--model", TestPaths.model("ministral3")).result())
                .contains("queries times 1 + 0.9 · ln(1 + ⌊position / 8⌋)");
        assertThat(Run.of("inspect", "--model", TestPaths.model("arith-qwen3")).result())
                .contains("5 rows of the model stand for none");
    }

    @Test
    void doctorMeasures() {
        JsonNode json = Run.of("doctor", "--json").json();
        assertThat(json.get("memory_bytes_per_second").doubleValue()).isBetween(1e6, 1e13);
        assertThat(json.get("matmul_flops_per_second").doubleValue()).isBetween(1e4, 1e15);
        // JCuda is not on the path of these tests, so whatever this machine has, it cannot be used.
        assertThat(json.get("gpu_usable").booleanValue()).isFalse();
        assertThat(json.get("gpus").size()).isZero();
        assertThat(json.get("jcuda").isNull()).isTrue();
        assertThat(json.get("kernels_ptx").textValue()).isEqualTo("7.0");
        assertThat(json.get("gpu_present").booleanValue()).isEqualTo(GpuHardware.present());
        assertThat(json.get("advice").toString().contains("JCuda")).isEqualTo(GpuHardware.present());
        assertThat(json.get("jdk").textValue()).isEqualTo(Runtime.version().toString());
    }

    @Test
    void oldJdksAreNamed() {
        for (String version : List.of("25", "25.0.2+10", "24.0.9", "25.0.0.1")) {
            assertThat(JavaRuntime.problem(Runtime.Version.parse(version)))
                    .as(version)
                    .isPresent();
        }
        for (String version : List.of("25.0.3", "25.0.3+9-LTS", "25.0.10", "25.1", "26-ea+3", "26")) {
            assertThat(JavaRuntime.problem(Runtime.Version.parse(version)))
                    .as(version)
                    .isEmpty();
        }
    }

    @Test
    void errorsOfTheMachineAreExplained() {
        java.io.ByteArrayOutputStream err = new java.io.ByteArrayOutputStream();
        int code =
                new Failures(new java.io.PrintStream(err, true), false).report(new OutOfMemoryError("Java heap space"));
        assertThat(code).isEqualTo(ExitCode.FAILED);
        assertThat(err.toString())
                .startsWith("jacobian: error: out of memory")
                .contains("-Xmx")
                .hasLineCount(1);
    }
}
