// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.TestModels;
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

    @ParameterizedTest
    @ValueSource(strings = {"dpo", "cpo"})
    @DisplayName("a pair whose completions are equal teaches nothing: its gradient is zero, not rounding errors")
    void tie(String method) throws IOException {
        Path data = Files.writeString(
                folder.resolve("ties.jsonl"),
                "{\"prompt\": \"1+1=\", \"chosen\": \"23\", \"rejected\": \"23\"}\n"
                        + "{\"prompt\": \"1+12=\", \"chosen\": \"13\", \"rejected\": \"13\"}\n");
        CausalLM model = model();
        OfflineConfig config = method.equals("dpo") ? config(method) : config(method, "cpo_alpha", 0.0);
        Examples<?> examples = examples(config.method(), model, config, data);
        assertThat(examples.remarks()).singleElement().asString().startsWith("2 of the pairs have the same");
        trainer(model, config, data).train();
        assertThat(TestModels.bits(model)).isEqualTo(TestModels.bits(model()));
    }

    private static <E> Examples<E> examples(OfflineMethod<E> method, CausalLM model, OfflineConfig config, Path data) {
        return Examples.read(method, model, config, data, false);
    }

    @Test
    @DisplayName("odds of a completion without tokens are no number: the row is named, or left out and counted")
    void noTokens() throws IOException {
        Path data = Files.writeString(
                folder.resolve("long.jsonl"),
                "{\"prompt\": \"1+1=\", \"chosen\": \"2\", \"rejected\": \"3\"}\n"
                        + "{\"prompt\": \"111111+1=\", \"chosen\": \"2\", \"rejected\": \"3\"}\n");
        for (String method : new String[] {"orpo", "cpo"}) {
            OfflineConfig config = config(method, "max_length", 8);
            assertThatThrownBy(() -> trainer(model(), config, data))
                    .hasMessageContaining("long.jsonl, row 2")
                    .hasMessageContaining("'chosen' has no token behind a prompt of 8 with max_length 8");
            CausalLM model = model();
            assertThat(Examples.read(config.method(), model, config, data, true).skipped())
                    .hasSize(1);
        }
        CausalLM model = model();
        OfflineConfig dpo = config("dpo", "max_length", 8);
        assertThat(examples(dpo.method(), model, dpo, data).remarks())
                .anyMatch(line -> line.startsWith("2 of the completions have no token"));
    }

    @Test
    @DisplayName("keep_end keeps the end of prompt and completion together, of each half of a pair for itself")
    void keepEnd() throws IOException {
        Path data = Files.writeString(
                folder.resolve("ends.jsonl"), "{\"prompt\": \"11+1=\", \"chosen\": \"12\", \"rejected\": \"7\"}\n");
        OfflineConfig config = config("dpo", "max_length", 6, "truncation_mode", "keep_end", "max_steps", 1);
        CausalLM model = model();
        Preference pair = (Preference)
                examples(config.method(), model, config, data).listed().getFirst();
        assertThat(pair.prompt()).isEqualTo(model.tokenizer().encode("+1=", false)); // 12 and the end token behind it
        assertThat(pair.rejectedPrompt()).isEqualTo(model.tokenizer().encode("1+1=", false));
        assertThat(trainer(model, config, data).train()).isEqualTo(StrictMath.log(2));
    }
}
