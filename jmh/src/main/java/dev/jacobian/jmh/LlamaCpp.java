// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.jmh.harness.Effort;
import dev.jacobian.jmh.harness.External;
import dev.jacobian.jmh.harness.Sample;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * llama.cpp through node-llama-cpp, which jmh/bench --peers installs: a script loads a GGUF file of the same shape and format
 * and drives the context token by token, so that the work is that of {@link DecodeBenchmark}.
 *
 * <p>Its threads spin where they wait for each other and are made anew for every token, which on few processors can cost
 * more than they bring; so it is also measured on one thread, and the better of the two counts.
 *
 * @param single on one thread whatever the suite's threads
 */
record LlamaCpp(Mode mode, boolean single) implements External {
    /** What is measured. */
    enum Mode {
        /** Token by token. */
        DECODE,
        /** A whole prompt in one batch. */
        PREFILL
    }

    /** The script, installed beside its node_modules. */
    static Path script() {
        return Folders.peers().resolve("node/llama-cpp.mjs");
    }

    @Override
    public void require() {
        if (!Files.exists(script()) || !Files.isDirectory(script().resolveSibling("node_modules/node-llama-cpp"))) {
            throw new IllegalStateException("the peer llama.cpp is not installed: run jmh/bench --peers, which installs"
                    + " node-llama-cpp (npm and Node 20 or later are needed)");
        }
    }

    @Override
    public Sample measure(String label, int threads, Effort effort) throws IOException, InterruptedException {
        ModelCase of = ModelCase.parse(label);
        Path model = Folders.scratch().resolve("llama-" + of.shape().name() + "-" + of.format() + ".gguf");
        GgufWriter.write(model, of.shape(), of.format());
        Process process = new ProcessBuilder(List.of(
                        "node",
                        script().toAbsolutePath().toString(),
                        model.toAbsolutePath().toString(),
                        mode.name().toLowerCase(Locale.ROOT),
                        String.valueOf(single ? 1 : threads),
                        String.valueOf(of.length()),
                        String.valueOf(effort.warmup()),
                        String.valueOf(effort.iterations()),
                        String.valueOf(effort.milliseconds())))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        int code = process.waitFor();
        if (code != 0) {
            throw new IOException("llama.cpp on '" + label + "' ended with code " + code + ": " + out);
        }
        JsonNode result = Json.parse(out.substring(out.lastIndexOf('\n') + 1), "what llama-cpp.mjs printed");
        double[] seconds = new double[result.get("seconds").size()];
        for (int i = 0; i < seconds.length; i++) {
            seconds[i] = result.get("seconds").get(i).asDouble();
        }
        Arrays.sort(seconds);
        return new Sample(seconds[seconds.length / 2], result.get("peakBytes").asLong());
    }
}
