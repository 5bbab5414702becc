// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.jmh.gpu.GpuBench;
import dev.jacobian.jmh.gpu.GpuSuite;
import dev.jacobian.jmh.harness.Effort;
import dev.jacobian.jmh.harness.External;
import dev.jacobian.jmh.harness.Fork;
import dev.jacobian.jmh.harness.Sample;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A side of a suite on a GPU: a program that measures a case there and writes rows, {@link GpuBench} or a script with PyTorch.
 *
 * <p>Each case of each round is a process of its own, since what one side holds of the device's memory the other cannot have.
 * Both measure as with {@code --quick}: it is the rounds that count here.
 */
final class OnGpu implements External {
    /** Property with the device, {@code cuda} or {@code cuda:N}. */
    static final String DEVICE = "jacobian.bench.device";

    /** Property that is true where toys are to be run, the peers' on the CPU: a try that measures nothing. */
    static final String TINY = "jacobian.bench.tiny";

    private final GpuSuite suite;
    private final boolean ours;
    private Optional<String> device = Optional.empty();

    private OnGpu(GpuSuite suite, boolean ours) {
        this.suite = suite;
        this.ours = ours;
    }

    static OnGpu ours(GpuSuite suite) {
        return new OnGpu(suite, true);
    }

    static OnGpu torch(GpuSuite suite) {
        return new OnGpu(suite, false);
    }

    /** What the rows call the device; empty before the first. */
    Optional<String> device() {
        return device;
    }

    @Override
    public void require() {
        if (ours) {
            return;
        }
        String imports = "import torch, transformers";
        try {
            Process process = new ProcessBuilder(
                            python(),
                            "-c",
                            tiny() ? imports : imports + "; assert torch.cuda.is_available(), 'no CUDA device'")
                    .redirectErrorStream(true)
                    .start();
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (process.waitFor() != 0) {
                throw absent(out.substring(out.lastIndexOf('\n') + 1));
            }
        } catch (IOException noPython) {
            throw absent(String.valueOf(noPython.getMessage()));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw absent("interrupted");
        }
    }

    private static IllegalStateException absent(String reason) {
        return new IllegalStateException("the peer torch needs a python3 whose torch sees the GPU, and transformers ("
                + reason + "): pip install torch transformers, or set JACOBIAN_BENCH_PYTHON to a Python that has them");
    }

    private static boolean tiny() {
        return Boolean.getBoolean(TINY);
    }

    /** The scripts name toys by their own sizes; any of the suite then stands for a case. */
    private boolean isToyOfPeer() {
        return tiny() && !ours;
    }

    private static String python() {
        return System.getenv().getOrDefault("JACOBIAN_BENCH_PYTHON", "python3");
    }

    @Override
    public Sample measure(String label, int threads, Effort effort) throws IOException, InterruptedException {
        Path rows = Files.createTempFile("jacobian-bench", ".json");
        try {
            ProcessBuilder builder = new ProcessBuilder(command(label, threads, rows))
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.INHERIT);
            if (!ours && !ordinal().isEmpty()) {
                builder.environment().put("CUDA_VISIBLE_DEVICES", ordinal());
            }
            int code = builder.start().waitFor();
            String program = ours ? "GpuBench" : suite.peer().orElseThrow();
            if (code != 0) {
                throw new IOException(program + " on '" + label + "' ended with code " + code);
            }
            if (Files.size(rows) == 0) {
                throw new IOException(program + " has no case '" + label + "'");
            }
            return sample(Json.read(rows), label);
        } finally {
            Files.deleteIfExists(rows);
        }
    }

    private List<String> command(String label, int threads, Path rows) {
        List<String> command = new ArrayList<>();
        if (ours) {
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.addAll(Fork.flags(threads, GpuSides.HEAP_MIB));
            for (String property : List.of("jacobian.cuda.libraries", Folders.PROPERTY)) {
                if (System.getProperty(property) != null) {
                    command.add("-D" + property + "=" + System.getProperty(property));
                }
            }
            command.addAll(List.of("-cp", System.getProperty("java.class.path"), GpuBench.class.getName()));
            command.addAll(List.of(suite.name(), "--device", System.getProperty(DEVICE, "cuda")));
        } else {
            command.addAll(List.of(
                    python(),
                    Folders.root()
                            .resolve("jmh/src/peers/python")
                            .resolve(suite.peer().orElseThrow())
                            .toString()));
        }
        if (tiny()) {
            command.add(ours ? "--tiny" : "--smoke");
        }
        command.addAll(List.of("--quick", "--json", rows.toString()));
        if (!isToyOfPeer()) {
            command.addAll(List.of("--case", label));
        }
        return command;
    }

    private static String ordinal() {
        String name = System.getProperty(DEVICE, "cuda");
        return name.contains(":") ? name.substring(name.indexOf(':') + 1) : "";
    }

    /** A peer's script takes a part of a name and may have measured more than the case. */
    private Sample sample(JsonNode rows, String label) throws IOException {
        for (JsonNode row : rows) {
            if (isToyOfPeer()
                    ? row.path("suite").asText().equals(suite.name())
                    : row.path("case").asText().equals(label)) {
                device = Optional.of(row.path("device").asText());
                double score = row.path("score").asDouble();
                // a rate is work over seconds, so seconds are work over the rate
                double seconds = suite.unit().score(score, suite.workOf(label));
                return new Sample(seconds, row.path("peak_memory_bytes").asLong());
            }
        }
        throw new IOException("no row of '" + label + "' in " + Json.compact(rows));
    }
}
