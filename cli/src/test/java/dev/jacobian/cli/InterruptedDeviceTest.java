// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.testing.TestPaths;
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
    private static final Path PRLIMIT = Path.of("/usr/bin/prlimit");

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
                new ArrayList<>(List.of("rl", "--model", TestPaths.model("arith-qwen3"), "--task", "addition"));
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
            signal(process, "-INT");
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

    private static void signal(Process process, String signal) throws IOException, InterruptedException {
        new ProcessBuilder("kill", signal, Long.toString(process.pid())).start().waitFor();
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
    @DisplayName(
            "another process takes the rest of the memory: what was needed, what there is and who has it, and a run"
                    + " that continues")
    void anotherProcess() throws IOException, InterruptedException {
        Path out = folder.resolve("taken");
        // Blocks straight from the driver, so that there is an allocation wherever the other process comes.
        for (int allocations = 400; checkpoints(out).isEmpty(); allocations += 400) {
            assertThat(allocations).isLessThan(MOST_LAUNCHES);
            out = folder.resolve("taken-" + allocations);
            Run run = DeviceProcess.in(folder)
                    .option("-Djacobian.cuda.reuse=never")
                    .with("MEMORY", 128 * MIB)
                    .with("TAKE", allocations + ":" + 128 * MIB)
                    .run(rl(out, "cuda"));
            assertThat(error(run))
                    .matches(".* needs \\d+\\.?\\d* \\w+, cuda:0 Emulated GPU 0, 128\\.0 MiB, compute capability 9\\.0"
                            + " has 0 B free \\(this program holds \\d+\\.\\d MiB, the driver and other processes"
                            + " \\d+\\.\\d MiB\\); use a smaller batch or model, or end other processes on the"
                            + " device\\..*")
                    .contains("Continue from the last checkpoint with: jacobian rl --resume --out " + out);
        }
        continues(out);
    }

    @Test
    @DisplayName(
            "with all that can be offloaded, copies overtake arithmetic and change no bit; where memory is short, the"
                    + " message names it")
    void offloaded() throws IOException, InterruptedException {
        Path out = folder.resolve("run");
        Object[] offloads = {"--set", "offload_optimizer=true", "--set", "offload_reference=true"};
        DeviceProcess.in(folder)
                .with("MODE", "overtaking")
                .run(rl(out, "cuda", offloads))
                .result();
        assertThat(weights(out)).isEqualTo(undisturbed);
        Path resident = folder.resolve("resident");
        Run run = DeviceProcess.in(folder)
                .with("REFUSE", "cuMemcpyDtoHAsync:60:2")
                .run(rl(resident, "cuda"));
        assertThat(error(run))
                .contains("--set offload_optimizer=true takes less memory")
                .contains("--set offload_reference=true takes less memory");
        Run offloading = DeviceProcess.in(folder)
                .with("REFUSE", "cuMemcpyDtoHAsync:60:2")
                .run(rl(folder.resolve("offloading"), "cuda", offloads));
        assertThat(error(offloading)).doesNotContain("offload_");
    }

    private DeviceProcess onSharedCard(String name, long memory) throws IOException {
        return DeviceProcess.in(Files.createDirectory(folder.resolve(name)))
                .with("CARDS", folder.resolve("cards"))
                .with("MEMORY", memory);
    }

    @Test
    @DisplayName("two processes on one card that holds both end as if each were alone")
    void twoProcesses() throws IOException, InterruptedException {
        DeviceProcess first = onSharedCard("1", 128 * MIB);
        DeviceProcess second = onSharedCard("2", 128 * MIB);
        Process one = first.start(rl(folder.resolve("run-1"), "cuda"));
        Process other = second.start(rl(folder.resolve("run-2"), "cuda"));
        first.end(one).result();
        second.end(other).result();
        assertThat(weights(folder.resolve("run-1"))).isEqualTo(undisturbed);
        assertThat(weights(folder.resolve("run-2"))).isEqualTo(undisturbed);
    }

    @Test
    @DisplayName("two processes on a card that holds one: the second says what there is, the first does not notice")
    void oneProcessTooMany() throws IOException, InterruptedException {
        Path out = folder.resolve("run");
        DeviceProcess first = onSharedCard("1", 60 * MIB);
        Process one = first.start(rl(out, "cuda"));
        for (int i = 0; i < 12_000 && one.isAlive() && checkpoints(out).isEmpty(); i++) {
            Thread.sleep(10);
        }
        signal(one, "-STOP");
        Run second = onSharedCard("2", 60 * MIB).run(rl(folder.resolve("second"), "cuda"));
        signal(one, "-CONT");
        assertThat(error(second))
                .matches(".*cuBLAS workspace needs 32\\.0 MiB, cuda:0 Emulated GPU 0, 60\\.0 MiB, compute capability"
                        + " 9\\.0 has 2\\d\\.\\d MiB free \\(this program holds 0 B, the driver and other"
                        + " processes 3\\d\\.\\d MiB\\); use a smaller batch or model, or end other processes on"
                        + " the device.*");
        first.end(one).result();
        assertThat(weights(out)).isEqualTo(undisturbed);
        onSharedCard("3", 60 * MIB).run(rl(folder.resolve("third"), "cuda")).result(); // the card is free again
    }

    @Test
    @DisplayName("a checkpoint that the disk has no room for: one line, the one before is whole, and the run continues")
    void fullDisk() throws IOException, InterruptedException {
        Assumptions.assumeTrue(Files.isExecutable(PRLIMIT), "skipped: there is no " + PRLIMIT);
        Path out = folder.resolve("run");
        DeviceProcess run = DeviceProcess.in(folder);
        Process process = run.start(rl(out, "cuda"));
        for (int i = 0; i < 12_000 && process.isAlive() && checkpoints(out).isEmpty(); i++) {
            Thread.sleep(10);
        }
        // Enough for the weights of the next checkpoint, too little for the moments. The JVM sees what a full disk
        // gives: a
        // write that fails.
        new ProcessBuilder(PRLIMIT.toString(), "--pid", Long.toString(process.pid()), "--fsize=500000")
                .start()
                .waitFor();
        assertThat(error(run.end(process)))
                .contains("Cannot write " + out)
                .contains("optimizer.safetensors: File too large. Free some space or choose another folder")
                .contains("Continue from the last checkpoint with: jacobian rl --resume --out " + out);
        assertThat(checkpoints(out)).hasSizeBetween(1, STEPS - 1);
        try (Stream<Path> files = Files.list(out)) {
            assertThat(files.filter(file -> file.getFileName().toString().contains(".tmp-")))
                    .as("nothing half-written")
                    .isEmpty();
        }
        continues(out);
    }

    @Test
    @DisplayName("fine-tuning that loses the device leaves no half-written model, and goes on from where it was")
    void sft() throws IOException, InterruptedException {
        Path out = folder.resolve("sft");
        Object[] command = {
            "sft", "--steps", 2, "--batch-size", 2, "--device", "cuda", "--set", "warmup_steps=0", "--out", out
        };
        // where the bundled model and tokenizer are
        Path home = TestPaths.model("arith-qwen3").resolve("../../..").normalize();
        DeviceProcess process = DeviceProcess.in(folder).option("-Djacobian.home=" + home);
        assertThat(error(process.with("LOSE_AFTER", 100).run(command))).contains("the device's context is lost");
        assertThat(out.resolve("model.safetensors")).doesNotExist();
        process.with("LOSE_AFTER", -1)
                .run("sft", "--resume", "--device", "cuda", "--out", out)
                .result();
        assertThat(out.resolve("model.safetensors")).isNotEmptyFile();
    }
}
