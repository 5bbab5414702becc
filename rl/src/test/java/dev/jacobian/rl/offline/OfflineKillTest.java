// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Jsonl;
import dev.jacobian.rl.RunProcess;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.tensor.DType;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Runs that are killed. The methods here are those that save something beside weights and moments: none, a reference that follows, what
 * a method remembers. {@link OfflineTrainerTest} stops all of them, in the same process.
 */
class OfflineKillTest {
    private static final int KILLS = 3;

    @TempDir
    Path folder;

    /** A run in a process of its own: folder, data, method, whether it is resumed. */
    static final class Run {
        private Run() {}

        public static void main(String[] arguments) {
            train(Path.of(arguments[0]), Path.of(arguments[1]), arguments[2], Boolean.parseBoolean(arguments[3]));
        }
    }

    private static void train(Path run, Path data, String name, boolean resume) {
        Given given = new Given()
                .set("max_steps", 30, "test")
                .set("per_device_train_batch_size", 3, "test")
                .set("gradient_accumulation_steps", 2, "test")
                .set("learning_rate", 1e-3, "test")
                .set("warmup_steps", 0, "test")
                .set("save_steps", 2, "test");
        if (!name.equals("sft")) {
            given.set("sync_ref_model", true, "test").set("ref_model_sync_steps", 3, "test");
        }
        OfflineConfig config =
                OfflineConfig.of(OfflineMethods.find(name).orElseThrow()).with(given);
        train(config.method(), config, run, data, resume);
    }

    private static <E> void train(OfflineMethod<E> method, OfflineConfig config, Path run, Path data, boolean resume) {
        Path folder = TestPaths.model("arith-qwen3");
        CausalLM model = CausalLM.load(folder);
        new OfflineTrainer<>(model, method, Examples.read(method, model, config, data, false), config)
                .output(run, new RunOrigin(folder.toString(), "jsonl", Optional.of(data.toString())), DType.F32, resume)
                .train();
    }

    @ParameterizedTest
    @ValueSource(strings = {"sft", "dpo", "bco"})
    @DisplayName("killed at random moments, a run ends with the weights and metrics of one that was not")
    void killed(String method) throws Exception {
        Path data = Files.writeString(
                folder.resolve("rows.jsonl"),
                IntStream.range(0, 20)
                        .mapToObj(
                                i -> "{\"prompt\": \"" + i + "+1=\", \"chosen\": \"" + (i + 1) + "\", \"rejected\": \""
                                        + "7".repeat(1 + i % 3) + "\", \"completion\": \"" + (i + 1) + "\"}\n")
                        .collect(Collectors.joining()));
        Path whole = folder.resolve("whole");
        train(whole, data, method, false);
        Path broken = folder.resolve("broken");
        Random moments = new Random(method.hashCode());
        for (int kill = 0; kill < KILLS; kill++) {
            int begun = RunProcess.lines(broken);
            Process process = start(broken, data, method);
            // wait until it gets somewhere new; then kill it at a random moment, or in the middle of a checkpoint
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (process.isAlive()
                    && (RunProcess.lines(broken) <= begun || kill % 2 == 1 && !RunProcess.isWritingCheckpoint(broken))
                    && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
            if (kill % 2 == 0) {
                Thread.sleep(moments.nextInt(40));
            }
            process.destroyForcibly();
            process.waitFor();
        }
        Process last = start(broken, data, method);
        assertThat(last.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(last.exitValue()).as(Files.readString(folder.resolve("log"))).isZero();
        assertThat(Files.mismatch(broken.resolve("model.safetensors"), whole.resolve("model.safetensors")))
                .as("weights")
                .isEqualTo(-1);
        assertThat(metrics(broken)).isEqualTo(metrics(whole));
    }

    private Process start(Path run, Path data, String method) throws IOException {
        return RunProcess.start(
                Run.class, folder.resolve("log"), run, data, method, Files.exists(run.resolve("run.json")));
    }

    private static List<JsonNode> metrics(Path run) {
        List<JsonNode> metrics = new ArrayList<>();
        Jsonl.read(run.resolve("metrics.jsonl"))
                .forEach(line -> metrics.add(((ObjectNode) line).without("tokens_per_s")));
        return metrics;
    }
}
