// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.family.Families;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands on a GPU that are out of the ordinary, and give what the CPU gives. */
class ComputingDeviceTest {
    private static final long MIB = 1 << 20;

    @TempDir
    Path folder;

    @BeforeAll
    static void emulation() {
        DeviceProcess.requireEmulation();
    }

    @Test
    @DisplayName("more sequences than the memory holds at once are generated in waves, to the same bits")
    void waves() throws IOException, InterruptedException {
        StringBuilder ids = new StringBuilder("[[5]");
        for (int i = 1; i < 70; i++) {
            ids.append(",[").append(1 + i % 9).append(',').append(i % 7).append(i % 3 == 0 ? "]" : ",11]");
        }
        Path file =
                Files.writeString(folder.resolve("ids.json"), ids.append(']').toString());
        Object[] command = {
            "generate",
            "--model",
            TestPaths.model("arith-qwen3"),
            "--input-ids",
            file,
            "--max-new-tokens",
            36,
            "--ignore-eos",
            "--json",
            "--batch-invariant",
            "--device",
            "cuda"
        };
        String expected = Run.of(Stream.of(command)
                        .map(a -> a.equals("cuda") ? "cpu" : a)
                        .toArray())
                .result();
        for (long memory : new long[] {36 * MIB, 1024 * MIB}) {
            assertThat(DeviceProcess.in(folder)
                            .with("MEMORY", memory)
                            .run(command)
                            .result())
                    .isEqualTo(expected);
        }
    }

    @Test
    @DisplayName("quantized weights compute in BF16 too: the CPU's tokens where they are sure")
    void quantizedInBf16() throws IOException, InterruptedException {
        for (String weights : List.of("q8_0", "q4_0")) {
            Object[] command = {
                "generate",
                "--model",
                TestPaths.model("arith-qwen3"),
                "--prompt",
                "12+34=",
                "--max-new-tokens",
                2,
                "--weights",
                weights,
                "--compute",
                "bf16",
                "--device",
                "cuda"
            };
            String expected = Run.of(
                            "generate",
                            "--model",
                            TestPaths.model("arith-qwen3"),
                            "--prompt",
                            "12+34=",
                            "--max-new-tokens",
                            2,
                            "--weights",
                            weights,
                            "--device",
                            "cpu")
                    .result();
            assertThat(DeviceProcess.in(folder).run(command).result()).isEqualTo(expected);
        }
    }

    @Test
    @DisplayName("what is computed in BF16 is written in F32, as the format of the file says")
    void hiddenStatesInBf16() throws IOException, InterruptedException {
        Path ids = Files.writeString(folder.resolve("ids.json"), "[[5,6,7,8]]");
        Path out = folder.resolve("out.safetensors");
        DeviceProcess.in(folder)
                .run(
                        "logits",
                        "--model",
                        TestPaths.model("arith-qwen3"),
                        "--input-ids",
                        ids,
                        "--hidden-states",
                        "--compute",
                        "bf16",
                        "--device",
                        "cuda",
                        "--out",
                        out)
                .result();
        Path here = folder.resolve("here.safetensors");
        Run.of(
                        "logits",
                        "--model",
                        TestPaths.model("arith-qwen3"),
                        "--input-ids",
                        ids,
                        "--hidden-states",
                        "--device",
                        "cpu",
                        "--out",
                        here)
                .result();
        try (SafetensorsFile actual = SafetensorsFile.open(out);
                SafetensorsFile expected = SafetensorsFile.open(here)) {
            assertThat(actual.names()).isEqualTo(expected.names());
            for (String name : List.of("hidden.0.0", "hidden.0.1", "hidden.0.2", "logits.0")) {
                Tensor numbers = actual.readStored(name);
                assertThat(numbers.dtype()).as(name).isEqualTo(DType.F32);
                float[] got = numbers.toFloatArray();
                float[] wanted = expected.read(name).toFloatArray();
                double difference = 0;
                double size = 0;
                for (int i = 0; i < got.length; i++) {
                    difference += (double) (got[i] - wanted[i]) * (got[i] - wanted[i]);
                    size += (double) wanted[i] * wanted[i];
                }
                // Each of some ten roundings on the way adds up to 2^-8 of the size.
                assertThat(Math.sqrt(difference / size)).as(name).isLessThan(10 * 0x1p-8);
            }
        }
    }

    @Test
    @DisplayName("a GPU that nobody asked for is not taken for a model that it cannot compute, and that is said")
    void headsThatAreTooLarge() throws IOException, InterruptedException {
        Path ids = Files.writeString(folder.resolve("ids.json"), "[[5,6,7]]");
        String config = Files.readString(TestPaths.model("arith-qwen3").resolve("config.json"));
        assertThat(config).contains("\"head_dim\": 16,");
        Path wide = folder.resolve("wide");
        CausalLM.create(
                        Families.read(Files.writeString(
                                        Files.createDirectory(folder.resolve("config"))
                                                .resolve("config.json"),
                                        config.replace("\"head_dim\": 16,", "\"head_dim\": 160,"))
                                .getParent()),
                        Optional.empty(),
                        1)
                .save(wide);
        Object[] command = {"generate", "--model", wide, "--input-ids", ids, "--max-new-tokens", 3, "--greedy"};
        String expected = Run.of(with(command, "--device", "cpu")).result();
        Run automatic = DeviceProcess.in(folder).run(with(command, "--device", "auto"));
        assertThat(automatic.result()).isEqualTo(expected);
        assertThat(automatic.err())
                .contains("device cpu (auto: the model has attention heads of 160 elements, a GPU computes with up to"
                        + " 128)");
        assertThat(DeviceProcess.in(folder)
                        .run(with(command, "--device", "auto", "--compute", "bf16"))
                        .failure(ExitCode.FAILED))
                .startsWith(
                        "--compute bf16 needs a GPU, the device is cpu (auto: the model has attention heads of 160");
        assertThat(DeviceProcess.in(folder)
                        .run(with(command, "--device", "cuda"))
                        .failure(ExitCode.FAILED))
                .contains("attention heads of 160 elements, cuda:0 computes with up to 128; use --device cpu");
    }

    @Test
    @DisplayName("a resumed run goes on in what it was started with, unless the options say otherwise")
    void resumedArithmetic() throws IOException, InterruptedException {
        Path run = folder.resolve("run");
        Object[] command = {
            "rl",
            "--model",
            TestPaths.model("arith-qwen3"),
            "--task",
            "addition",
            "--steps",
            1,
            "--prompts",
            2,
            "--group-size",
            2,
            "--set",
            "eval_problems=2",
            "--set",
            "final_eval_problems=2",
            "--set",
            "save_steps=1",
            "--set",
            "max_completion_length=6",
            "--out",
            run,
            "--device",
            "cuda",
            "--compute",
            "bf16",
            "--batch-invariant"
        };
        DeviceProcess process = DeviceProcess.in(folder);
        process.run(command).result();
        Run same = process.run("rl", "--resume", "--out", run, "--device", "cuda");
        same.result();
        assertThat(same.err()).contains("computing in BF16, batch-invariant").doesNotContain("was begun in");
        Run other = process.run(
                "rl", "--resume", "--out", run, "--device", "cuda", "--compute", "f32", "--no-batch-invariant");
        other.result();
        assertThat(other.err())
                .contains(
                        "computing in F32\n",
                        "was begun in BF16 and goes on in F32 in orders that depend on the batch");
        Run onward = process.run("rl", "--resume", "--out", run, "--device", "cuda");
        onward.result();
        assertThat(onward.err()).as("as it went on last").contains("computing in F32\n");
        Run onTheCpu = process.run("rl", "--resume", "--out", run, "--device", "cpu");
        onTheCpu.result();
        assertThat(onTheCpu.err()).contains("goes on in F32:");
        Run back = process.run("rl", "--resume", "--out", run, "--device", "cuda");
        back.result();
        assertThat(back.err()).as("the CPU's bits").contains("computing in F32, batch-invariant");
        Run faster = process.run("rl", "--resume", "--out", run, "--device", "cuda", "--compute", "bf16");
        faster.result();
        assertThat(faster.err()).as("no bits are left to keep").contains("computing in BF16\n");
    }

    private static Object[] with(Object[] command, Object... more) {
        return Stream.concat(Stream.of(command), Stream.of(more)).toArray();
    }
}
