// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
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
        Path file = Fixtures.write(folder.resolve("ids.json"), ids.append(']').toString());
        Object[] command = {
            "generate",
            "--model",
            Fixtures.model("arith-qwen3"),
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
                Fixtures.model("arith-qwen3"),
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
                            Fixtures.model("arith-qwen3"),
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
        Path ids = Fixtures.write(folder.resolve("ids.json"), "[[5,6,7,8]]");
        Path out = folder.resolve("out.safetensors");
        DeviceProcess.in(folder)
                .run(
                        "logits",
                        "--model",
                        Fixtures.model("arith-qwen3"),
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
                        Fixtures.model("arith-qwen3"),
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
}
