// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Fine-tuning on a GPU with examples of one length, whose micro-batches are replayed: the CPU's model, whatever gets in the way. */
class FineTuningDeviceTest {
    private static final long HALF_MIB = 1 << 19;

    @TempDir
    static Path shared;

    private static Path data;
    private static byte[] wanted;

    @TempDir
    Path folder;

    private int runs;

    @BeforeAll
    static void onTheCpu() throws IOException, InterruptedException {
        DeviceProcess.requireEmulation();
        StringBuilder rows = new StringBuilder();
        for (int a = 10; a < 40; a++) {
            rows.append("{\"prompt\": \"%d+%d=\", \"completion\": \"%d\"}\n".formatted(a, a + 10, 2 * a + 10));
        }
        data = Files.writeString(shared.resolve("sums.jsonl"), rows.toString());
        Path out = shared.resolve("cpu");
        DeviceProcess.in(shared).run(sft(out, "cpu")).result();
        wanted = weights(out);
    }

    private static Object[] sft(Path out, String device) {
        return new Object[] {
            "sft",
            "--model",
            TestPaths.model("arith-qwen3"),
            "--data",
            data,
            "--steps",
            3,
            "--batch-size",
            40,
            "--set",
            "micro_batch_tokens=160",
            "--set",
            "warmup_steps=1",
            "--out",
            out,
            "--device",
            device,
            "--batch-invariant"
        };
    }

    private static byte[] weights(Path out) throws IOException {
        return Files.readAllBytes(out.resolve("model.safetensors"));
    }

    private DeviceProcess process(boolean graphs) {
        return DeviceProcess.in(folder).option("-Djacobian.cuda.graphs=" + graphs);
    }

    /** Whether the command ended well, with the CPU's model. */
    private boolean succeeds(DeviceProcess process) throws IOException, InterruptedException {
        Path out = folder.resolve("run-" + runs++);
        if (process.run(sft(out, "cuda")).code() != ExitCode.DONE) {
            return false;
        }
        assertThat(weights(out)).isEqualTo(wanted);
        return true;
    }

    @ParameterizedTest
    @ValueSource(strings = {"cuStreamBeginCapture:0:801", "cuGraphInstantiate:1:801", "cuGraphInstantiate:0:2"})
    @DisplayName("a driver that does not capture, or not everything, or that lacks the memory once")
    void refusals(String refusal) throws IOException, InterruptedException {
        Path out = folder.resolve("refused");
        Run run = process(true).with("REFUSE", refusal).run(sft(out, "cuda"));
        assertThat(run.code()).as(run.err()).isEqualTo(ExitCode.DONE);
        assertThat(weights(out)).isEqualTo(wanted);
        if (refusal.endsWith(":801")) {
            assertThat(run.err()).containsOnlyOnce("goes on without CUDA graphs");
        } else {
            assertThat(run.err()).doesNotContain("CUDA graphs");
        }
    }

    @Test
    @DisplayName("memory that suffices without graphs suffices with them")
    void memory() throws IOException, InterruptedException {
        long halves = 65; // from just above the workspace of cuBLAS
        while (!succeeds(process(false).with("MEMORY", halves * HALF_MIB))) {
            assertThat(++halves).isLessThan(200);
        }
        for (long more : new long[] {0, 1, 2, 4}) {
            assertThat(succeeds(process(true).with("MEMORY", (halves + more) * HALF_MIB)))
                    .as((halves + more) + " half MiB")
                    .isTrue();
        }
    }
}
