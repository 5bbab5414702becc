// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.loop.Datum;
import dev.jacobian.rl.loop.LossFunctions;
import dev.jacobian.rl.loop.Trainer;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.offline.Examples;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineMethod;
import dev.jacobian.rl.offline.OfflineMethods;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.tensor.DType;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Methods for recorded data, and a loop of one's own, on a GPU: batch-invariant in F32 they have the CPU's bits. */
class OfflineDeviceTest {
    private static final Set<String> TIMES = Set.of("tokens_per_s");

    @TempDir
    Path folder;

    private Path data() throws IOException {
        return Files.writeString(
                folder.resolve("rows.jsonl"),
                IntStream.range(0, 8)
                        .mapToObj(
                                i -> "{\"prompt\": \"" + i + "+1=\", \"chosen\": \"" + (i + 1) + "\", \"rejected\": \""
                                        + "7".repeat(1 + i % 3) + "\", \"completion\": \"" + (i + 1) + "\"}\n")
                        .collect(Collectors.joining()));
    }

    private static <E> List<Map<String, Double>> train(
            OfflineMethod<E> method, CausalLM model, OfflineConfig config, Path data) {
        List<Map<String, Double>> metrics = new ArrayList<>();
        new OfflineTrainer<>(model, method, Examples.read(method, model, config, data, false), config)
                .listener(TrainingListener.eachStep(step -> {
                    Map<String, Double> values = new HashMap<>(step.values());
                    values.keySet().removeAll(TIMES);
                    metrics.add(values);
                }))
                .train();
        return metrics;
    }

    @ParameterizedTest
    @CsvSource({
        "sft, loss_type, dft",
        "sft, packing, true",
        "dpo, sync_ref_model, true",
        "dpo, use_weighting, true",
        "kto, loss_type, kto",
        "orpo, micro_batch_tokens, 12",
        "cpo, loss_type, simpo",
        "bco, precompute_ref_log_probs, true"
    })
    @DisplayName("weights and metrics are the CPU's")
    void offline(String name, String key, String value) throws IOException {
        Path data = data();
        Given given = new Given()
                .set("max_steps", 2, "test")
                .set("per_device_train_batch_size", 3, "test")
                .set("learning_rate", 1e-3, "test")
                .set("warmup_steps", 0, "test");
        if (key.equals("sync_ref_model")) {
            given.set("ref_model_sync_steps", 1, "test");
        }
        boolean plain = value.matches("true|false|[0-9]+");
        given.set(key, Json.parse(plain ? value : '"' + value + '"', "test"), "test");
        OfflineConfig config =
                OfflineConfig.of(OfflineMethods.find(name).orElseThrow()).with(given);
        CausalLM device = TestModels.addition(DType.F32);
        CausalLM here = TestModels.addition();
        assertThat(train(config.method(), device, config, data)).isEqualTo(train(config.method(), here, config, data));
        assertThat(TestModels.bits(device))
                .isEqualTo(TestModels.bits(here))
                .isNotEqualTo(TestModels.bits(TestModels.addition()));
    }

    private static List<Integer> loop(CausalLM model) {
        int[] prompt = model.tokenizer().encode("12+7=", false);
        try (Trainer trainer = new Trainer(model)) {
            for (int step = 0; step < 2; step++) {
                List<Datum> batch = new ArrayList<>();
                for (Generation sample : trainer.sample(prompt, 3, GenerationConfig.sampling(4, 1f, step))) {
                    batch.add(Datum.of(prompt, sample.tokenIds())
                            .with("logprobs", sample.logProbs())
                            .with("advantages", batch.size() - 1f));
                }
                trainer.forwardBackward(batch, LossFunctions.cispo(0, 4));
                trainer.forwardBackward(batch, LossFunctions.crossEntropy());
                trainer.optimStep(1e-3);
            }
        }
        return TestModels.bits(model);
    }

    @Test
    @DisplayName("a loop of one's own has the CPU's weights")
    void loop() {
        assertThat(loop(TestModels.addition(DType.F32))).isEqualTo(loop(TestModels.addition()));
    }
}
