// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.tensor.DType;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every method: runs resume to the same bits, and the size of passes is nobody's business. */
class OfflineTrainerTest {
    @TempDir
    Path folder;

    private Path data() throws IOException {
        return Files.writeString(
                folder.resolve("pairs.jsonl"),
                IntStream.range(0, 10)
                        .mapToObj(
                                i -> "{\"prompt\": \"" + i + "+1=\", \"chosen\": \"" + (i + 1) + "\", \"rejected\": \""
                                        + "7".repeat(1 + i % 3) + "\", \"completion\": \"" + (i + 1) + "\"}\n")
                        .collect(Collectors.joining()));
    }

    private static OfflineConfig config(String method, Object... keysAndValues) {
        Given given = new Given()
                .set("max_steps", 5, "test")
                .set("per_device_train_batch_size", 3, "test")
                .set("gradient_accumulation_steps", 2, "test")
                .set("learning_rate", 1e-3, "test")
                .set("warmup_steps", 0, "test")
                .set("save_steps", 2, "test");
        for (int i = 0; i < keysAndValues.length; i += 2) {
            given.set((String) keysAndValues[i], keysAndValues[i + 1], "test");
        }
        return OfflineConfig.of(OfflineMethods.find(method).orElseThrow()).with(given);
    }

    private static CausalLM model() {
        return CausalLM.load(TestPaths.model("arith-qwen3"));
    }

    private static OfflineTrainer<?> trainer(CausalLM model, OfflineConfig config, Path data) {
        return trainer(config.method(), model, config, data);
    }

    private static <E> OfflineTrainer<E> trainer(
            OfflineMethod<E> method, CausalLM model, OfflineConfig config, Path data) {
        return new OfflineTrainer<>(model, method, Examples.read(method, model, config, data, false), config);
    }

    private static RunOrigin origin(Path data) {
        return new RunOrigin(TestPaths.model("arith-qwen3").toString(), "jsonl", Optional.of(data.toString()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"sft", "dpo", "kto", "orpo", "cpo", "bco"})
    @DisplayName("stopped at any step and resumed, a run leaves the weights of one that was not")
    void resumed(String method) throws IOException {
        Path data = data();
        OfflineConfig config = Set.of("dpo", "kto", "bco").contains(method)
                ? config(method, "sync_ref_model", true, "ref_model_sync_steps", 2)
                : config(method);
        Path whole = folder.resolve("whole");
        trainer(model(), config, data)
                .output(whole, origin(data), DType.F32, false)
                .train();
        for (int stop = 1; stop <= 4; stop += 3) {
            Path run = folder.resolve("stopped-" + stop);
            int last = stop;
            OfflineTrainer<?> stopped = trainer(model(), config, data).output(run, origin(data), DType.F32, false);
            stopped.listener(TrainingListener.eachStep(step -> {
                if (step.step() >= last) {
                    throw new IllegalStateException("stopped");
                }
            }));
            assertThatThrownBy(stopped::train).hasMessage("stopped");
            trainer(model(), config, data)
                    .output(run, origin(data), DType.F32, true)
                    .train();
            assertThat(Files.mismatch(run.resolve("model.safetensors"), whole.resolve("model.safetensors")))
                    .as("%s after a stop at %s", method, stop)
                    .isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"dpo", "kto", "orpo", "bco"})
    @DisplayName("a micro-batch that is too large for one pass has the same loss in parts")
    void inParts(String method) throws IOException {
        Path data = data();
        double whole = trainer(model(), config(method, "max_steps", 1), data).train();
        double parts = trainer(model(), config(method, "max_steps", 1, "micro_batch_tokens", 8), data)
                .train();
        assertThat(parts).isEqualTo(whole); // the same log-probabilities, bit for bit
    }

    @Test
    @DisplayName("a reference that was scored before training is the same reference")
    void precomputed() throws IOException {
        Path data = data();
        double live = trainer(model(), config("dpo"), data).train();
        assertThat(trainer(model(), config("dpo", "precompute_ref_log_probs", true), data)
                        .train())
                .isEqualTo(live);
    }
}
