// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.testing.TestPaths;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code convert}, and a GGUF file in the place of a folder. */
class ConvertCommandTest {
    private static final String MODEL = TestPaths.model("llama-gqa").toString();

    @TempDir
    Path folder;

    private String file() {
        return folder.resolve("model.gguf").toString();
    }

    @Test
    @DisplayName("a file takes a folder's place and gives the same text")
    void roundTrip() {
        Run converted = Run.of("convert", "--model", MODEL, "--out", file(), "--type", "f32", "--json");
        assertThat(converted.code()).isZero();
        assertThat(converted.json().get("tensors").intValue()).isEqualTo(21);
        assertThat(converted.json().get("type").textValue()).isEqualTo("F32");
        String[] rest = {"--prompt", "Hello", "--greedy", "--max-new-tokens", "12", "--json"};
        Run own = generate(MODEL, rest);
        Run read = generate(file(), rest);
        assertThat(read.code()).isZero();
        assertThat(read.json().get("token_ids")).isEqualTo(own.json().get("token_ids"));
        assertThat(read.json().get("logprobs")).isEqualTo(own.json().get("logprobs"));
        assertThat(read.err()).contains("model.gguf has 21 F32 tensors");

        Run inspected = Run.of("inspect", "--model", file());
        assertThat(inspected.code()).isZero();
        assertThat(inspected.out()).contains("llama, 110,912 parameters", "21 F32", "blk.1.ffn_down.weight");
        assertThat(Run.of("tokenize", "--model", file(), "--json").code()).isZero();
    }

    @Test
    @DisplayName("settings that the file has no place for are named")
    void recommendations() {
        Run converted = Run.of("convert", "--model", TestPaths.model("qwen3"), "--out", file(), "--json");
        assertThat(converted.code()).isZero();
        assertThat(converted.err()).contains("generation_config.json recommends (", "temperature", "top_p");
        assertThat(converted.err()).doesNotContain("eos_token_id");
        assertThat(converted.json().get("remarks").toString()).contains("temperature");
    }

    private static Run generate(String model, String... rest) {
        Object[] args = new Object[rest.length + 3];
        args[0] = "generate";
        args[1] = "--model";
        args[2] = model;
        System.arraycopy(rest, 0, args, 3, rest.length);
        return Run.of(args);
    }

    @Test
    @DisplayName("a file is the base of fine-tuning, which writes a folder")
    void fineTuning() {
        assertThat(Run.of("convert", "--model", MODEL, "--out", file(), "--type", "q8_0")
                        .code())
                .isZero();
        Path data =
                TestPaths.testdata("models", "llama-gqa"); // any folder: only that the model is accepted is of interest
        Run run = Run.of(
                "sft",
                "--model",
                file(),
                "--data",
                data.resolve("nothing.jsonl").toString());
        assertThat(run.err()).doesNotContain("--model").contains("nothing.jsonl");
    }

    @Test
    void refusals() {
        Run ending = Run.of(
                "convert",
                "--model",
                MODEL,
                "--out",
                folder.resolve("model.bin").toString());
        assertThat(ending.code()).isEqualTo(2);
        assertThat(ending.err()).contains("does not end in .gguf");
        Run type = Run.of("convert", "--model", MODEL, "--out", file(), "--type", "q4_k");
        assertThat(type.code()).isEqualTo(2);
        assertThat(type.err()).contains("f32, f16, bf16, q8_0, q4_0");
        Run family = Run.of("convert", "--model", TestPaths.model("qwen3.5").toString(), "--out", file());
        assertThat(family.code()).isEqualTo(1);
        assertThat(family.err()).contains("as GGUF it cannot be said");
        Run absent = Run.of("inspect", "--model", folder.resolve("none.gguf").toString());
        assertThat(absent.code()).isEqualTo(1);
        assertThat(absent.err()).contains("none.gguf");
    }
}
