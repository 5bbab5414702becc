// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Accidents in the middle of a run on a GPU: what was written is whole, and the run continues, there or on the CPU, to the
 * bits of one that nothing happened to.
 */
class InterruptedDeviceTest {
    private static final int STEPS = 5;
    private static final int MOST_LAUNCHES = 100_000;
    private static final long MIB = 1 << 20;

    @TempDir
    static Path shared;

    private static byte[] undisturbed;

    @TempDir
    Path folder;

    @BeforeAll
    static void undisturbedRun() throws IOException, InterruptedException {
        DeviceProcess.requireEmulation();
        Path out = shared.resolve("undisturbed");
        DeviceProcess.in(shared).run(rl(out, "cpu")).result();
        undisturbed = weights(out);
    }

    private static Object[] rl(Path out, String device, Object... more) {
        List<Object> arguments =
                new ArrayList<>(List.of("rl", "--model", Fixtures.model("arith-qwen3"), "--task", "addition"));
        arguments.addAll(List.of("--steps", STEPS, "--prompts", 2, "--group-size", 4, "--seed", 3));
        for (String setting :
                List.of("eval_problems=2", "final_eval_problems=2", "max_completion_length=6", "save_steps=1")) {
            arguments.addAll(List.of("--set", setting));
        }
        arguments.addAll(List.of("--out", out, "--device", device, "--batch-invariant"));
        arguments.addAll(List.of(more));
        return arguments.toArray();
    }

    private static byte[] weights(Path out) throws IOException {
        return Files.readAllBytes(out.resolve("model.safetensors"));
    }

    private static List<String> checkpoints(Path out) throws IOException {
        if (!Files.isDirectory(out)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(out)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("checkpoint-"))
                    .sorted()
                    .toList();
        }
    }

    private static Path copy(Path run, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(run)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(run.relativize(file).toString()));
            }
        }
        return to;
    }

    /** Both devices continue the run, and from nothing but its folder. */
    private void continues(Path run) throws IOException, InterruptedException {
        Path here = copy(run, folder.resolve("here"));
        DeviceProcess.in(folder)
                .run("rl", "--resume", "--out", here, "--device", "cpu")
                .result();
        assertThat(weights(here)).isEqualTo(undisturbed);
        DeviceProcess.in(folder)
                .run("rl", "--resume", "--out", run, "--device", "cuda")
                .result();
        assertThat(weights(run)).isEqualTo(undisturbed);
    }

    /** The message of a run that an accident ended, which has said things before. */
    private static String error(Run run) {
        assertThat(run.code()).as(run.err()).isEqualTo(ExitCode.FAILED);
        assertThat(run.out()).isEmpty();
        List<String> errors = run.err()
                .lines()
                .filter(line -> line.startsWith("jacobian: error: "))
                .toList();
        assertThat(errors).as(run.err()).hasSize(1);
        assertThat(run.err()).endsWith(errors.getFirst() + "\n").doesNotContain("\tat ");
        return errors.getFirst();
    }

    @Test
    @DisplayName("the device is lost: the message names the command that continues, and it does")
    void lost() throws IOException, InterruptedException {
        // How many launches a step takes is not this test's business: later and later until a checkpoint is there.
        Path out = folder.resolve("lost");
        for (int launches = 600; checkpoints(out).isEmpty(); launches += 600) {
            assertThat(launches).isLessThan(MOST_LAUNCHES);
            out = folder.resolve("lost-" + launches);
            Run run = DeviceProcess.in(folder).with("LOSE_AFTER", launches).run(rl(out, "cuda"));
            assertThat(error(run))
                    .contains("CUDA_ERROR_LAUNCH_FAILED; the device's context is lost")
                    .contains("Continue from the last checkpoint with: jacobian rl --resume --out " + out)
                    .doesNotContain("gradient_checkpointing"); // it is not about memory
        }
        continues(out);
    }

    @Test
    @DisplayName("Ctrl-C ends with 130 and leaves a run that continues")
    void interrupt() throws IOException, InterruptedException {
        Assumptions.assumeFalse(ignoresInterrupts(), "skipped: started with SIGINT ignored, as in the background");
        Path out = folder.resolve("run");
        Process process = DeviceProcess.in(folder).start(rl(out, "cuda"));
        try {
            for (int i = 0; i < 12_000 && process.isAlive() && checkpoints(out).isEmpty(); i++) {
                Thread.sleep(10);
            }
            new ProcessBuilder("kill", "-INT", Long.toString(process.pid()))
                    .start()
                    .waitFor();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue())
                .as(Files.readString(folder.resolve("err")))
                .isEqualTo(ExitCode.INTERRUPTED);
        assertThat(checkpoints(out)).isNotEmpty();
        continues(out);
    }

    /** A JVM keeps the signals ignored that its parent ignored. */
    private static boolean ignoresInterrupts() throws IOException {
        Path status = Path.of("/proc/self/status");
        try (Stream<String> lines = Files.lines(status)) {
            String ignored =
                    lines.filter(line -> line.startsWith("SigIgn:")).findFirst().orElse("SigIgn:\t0");
            return (Long.parseUnsignedLong(ignored.substring(7).strip(), 16) & 2) != 0;
        }
    }

    @Test
    @DisplayName("whatever memory the device has: it suffices, or the message says what was needed and what there is")
    void memory() throws IOException, InterruptedException {
        Path out = folder;
        boolean enough = false;
        int inTheMiddle = 0;
        for (long half = 65; !enough; half++) { // from just above the workspace of cuBLAS
            assertThat(half).isLessThan(200);
            out = folder.resolve("run-" + half);
            Run run = DeviceProcess.in(folder).with("MEMORY", half * MIB / 2).run(rl(out, "cuda"));
            enough = run.code() == ExitCode.DONE;
            if (!enough) {
                String message = error(run);
                assertThat(message).contains(" needs ", " has ", " free", "other processes on the device");
                if (message.contains("rl --resume --out " + out)) {
                    assertThat(message).contains("--set gradient_checkpointing=true takes less memory");
                    inTheMiddle++;
                }
            }
        }
        assertThat(weights(out)).isEqualTo(undisturbed);
        assertThat(inTheMiddle).isPositive();
    }

    @Test
    @DisplayName("fine-tuning that loses the device leaves no half-written model, and the next one works")
    void sft() throws IOException, InterruptedException {
        Path out = folder.resolve("sft");
        Object[] command = {
            "sft", "--steps", 2, "--batch-size", 2, "--device", "cuda", "--set", "warmup_steps=0", "--out", out
        };
        // where the bundled model and tokenizer are
        Path home = Fixtures.model("arith-qwen3").resolve("../../..").normalize();
        DeviceProcess process = DeviceProcess.in(folder).option("-Djacobian.home=" + home);
        assertThat(error(process.with("LOSE_AFTER", 100).run(command))).contains("the device's context is lost");
        assertThat(out).doesNotExist();
        process.with("LOSE_AFTER", -1).run(command).result();
        assertThat(out.resolve("model.safetensors")).isNotEmptyFile();
    }
}
