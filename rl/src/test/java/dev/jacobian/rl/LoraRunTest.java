// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.Json;
import dev.jacobian.rl.learn.ReferencePolicy;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.offline.Demonstration;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.MemoryPlan;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraConfigReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs that train an adapter: the sampler is the trainer, the reference is the model without it, and a run resumes to the same bits. */
class LoraRunTest {
    private static final String ADAPTER = "adapter_model.safetensors";
    private static final RunOrigin ORIGIN = new RunOrigin("addition", "addition", Optional.empty());

    @TempDir
    Path folder;

    private static CausalLM model(WeightFormat format, String json) {
        return CausalLM.load(
                TestModels.additionFolder(),
                ModelOptions.DEFAULT.weights(format),
                new AdapterSource.Fresh(LoraConfigReader.parse(Json.parse(json, "test"), "test"), 5));
    }

    private static final String ALL = "{\"r\": 4, \"lora_alpha\": 8, \"target_modules\": \"all-linear\"}";

    private static RlConfig config() {
        return RlConfig.builder()
                .maxSteps(4)
                .promptsPerStep(4)
                .numGenerations(4)
                .maxCompletionLength(4)
                .learningRate(1e-2)
                .warmupSteps(0)
                .finalEvalProblems(20)
                .evalProblems(20)
                .saveSteps(1)
                .build();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    @DisplayName(
            "rl: log-probabilities of sampler and trainer are the same bits over weights of any format, and training"
                    + " starts at the reference")
    void onPolicy(WeightFormat format) {
        CausalLM model = model(format, ALL);
        List<StepMetrics> steps = new ArrayList<>();
        RlResult result = new RlTrainer(model, new Addition(), config())
                .listener(TrainingListener.eachStep(steps::add))
                .train();
        assertThat(result.samplingLogpDifferenceMax()).isZero();
        double first = steps.stream()
                .filter(m -> m.step() == 1)
                .findFirst()
                .orElseThrow()
                .get("kl_to_init");
        double last = steps.getLast().get("kl_to_init");
        assertThat(first).isZero();
        assertThat(last).isPositive();
    }

    @Test
    @DisplayName("the reference takes no memory, in the plan either, and scores as the base model does")
    void reference() {
        CausalLM model = model(WeightFormat.F32, ALL);
        MemoryPlan plan = new RlTrainer(model, new Addition(), config()).memoryPlan();
        assertThat(plan.bytes(MemoryPlan.Part.REFERENCE)).isZero();
        assertThat(plan.bytes(MemoryPlan.Part.MOMENTS)).isEqualTo(2 * plan.bytes(MemoryPlan.Part.GRADIENTS));
        assertThat(plan.bytes(MemoryPlan.Part.GRADIENTS)).isLessThan(plan.bytes(MemoryPlan.Part.WEIGHTS) / 2);
        int[] tokens = {3, 9, 27};
        float[] base = TestModels.addition().logits(tokens).toFloatArray();
        model.parameters().forEach(parameter -> {
            parameter.value().fill(0.1f);
            parameter.valueChanged();
        });
        List<float[]> scored = new ArrayList<>();
        ReferencePolicy.of(model, false)
                .use(reference -> scored.add(reference.logits(tokens).toFloatArray()));
        assertThat(scored.getFirst()).isEqualTo(base);
        assertThat(model.logits(tokens).toFloatArray()).isNotEqualTo(base);
    }

    private static TrainingListener stoppingAfter(int last) {
        return TrainingListener.eachStep(step -> {
            if (step.step() >= last) {
                throw new IllegalStateException("stopped");
            }
        });
    }

    @Test
    @DisplayName(
            "rl stopped and resumed ends with the adapter of the whole run; checkpoints hold nothing of the base model")
    void resumed() throws IOException {
        String dora = "{\"r\": 2, \"target_modules\": [\"q_proj\", \"down_proj\"], \"use_dora\": true}";
        Path whole = folder.resolve("whole");
        rl(dora).output(whole, ORIGIN, false).train();
        Path run = folder.resolve("run");
        RlTrainer stopped = rl(dora).listener(stoppingAfter(3)).output(run, ORIGIN, false);
        assertThatThrownBy(stopped::train).hasMessage("stopped");
        rl(dora).output(run, ORIGIN, true).train();
        assertThat(Files.mismatch(run.resolve(ADAPTER), whole.resolve(ADAPTER))).isEqualTo(-1);
        assertThat(whole.resolve("checkpoint-4")).isDirectoryNotContaining("glob:**model.safetensors.index.json");
        assertThat(whole.resolve("checkpoint-4").resolve(ADAPTER)).exists();
        assertThat(whole.resolve("checkpoint-4").resolve("model.safetensors")).doesNotExist();
    }

    @ParameterizedTest
    @EnumSource(
            value = WeightFormat.class,
            names = {"F32", "BF16"})
    @DisplayName("rl that samples ahead trains the same adapter with one thread and with two, also stopped and resumed")
    void ahead(WeightFormat format) throws IOException {
        int threads = ComputePool.threads();
        try {
            ComputePool.setThreads(1);
            Path whole = folder.resolve("whole");
            ahead(format, 1).output(whole, ORIGIN, false).train();
            ComputePool.setThreads(2);
            Path run = folder.resolve("run");
            RlTrainer stopped = ahead(format, 1).listener(stoppingAfter(3)).output(run, ORIGIN, false);
            assertThatThrownBy(stopped::train).hasMessage("stopped");
            assertThat(run.resolve("checkpoint-2").resolve("batches_ahead.groups"))
                    .exists();
            ahead(format, 1).output(run, ORIGIN, true).train();
            assertThat(Files.mismatch(run.resolve(ADAPTER), whole.resolve(ADAPTER)))
                    .isEqualTo(-1);
            Path inTurn = folder.resolve("in-turn");
            ahead(format, 0).output(inTurn, ORIGIN, false).train();
            assertThat(Files.mismatch(inTurn.resolve(ADAPTER), whole.resolve(ADAPTER)))
                    .as("other samples")
                    .isNotNegative();
        } finally {
            ComputePool.setThreads(threads);
        }
    }

    private static RlTrainer ahead(WeightFormat format, int staleness) {
        return new RlTrainer(
                model(format, ALL),
                new Addition(),
                config().toBuilder().maxStaleness(staleness).build());
    }

    private static RlTrainer rl(String json) {
        return new RlTrainer(model(WeightFormat.BF16, json), new Addition(), config());
    }

    @Test
    @DisplayName(
            "sft with dropout stopped and resumed ends with the adapter of the whole run, and dropout has been at work")
    void fineTuned() throws IOException {
        Path data = Files.writeString(folder.resolve("d.jsonl"), """
            {"prompt": "1+1=", "completion": "2"}
            {"prompt": "2+3=", "completion": "5"}
            {"prompt": "4+4=", "completion": "8"}
            """);
        String json = "{\"r\": 4, \"target_modules\": \"all-linear\", \"lora_dropout\": %s}";
        sft(data, json.formatted(0.2))
                .output(folder.resolve("whole"), ORIGIN, DType.F32, false)
                .train();
        OfflineTrainer<Demonstration> stopped = sft(data, json.formatted(0.2))
                .listener(stoppingAfter(3))
                .output(folder.resolve("run"), ORIGIN, DType.F32, false);
        assertThatThrownBy(stopped::train).hasMessage("stopped");
        sft(data, json.formatted(0.2))
                .output(folder.resolve("run"), ORIGIN, DType.F32, true)
                .train();
        sft(data, json.formatted(0))
                .output(folder.resolve("none"), ORIGIN, DType.F32, false)
                .train();
        Path whole = folder.resolve("whole").resolve(ADAPTER);
        assertThat(Files.mismatch(folder.resolve("run").resolve(ADAPTER), whole))
                .isEqualTo(-1);
        assertThat(Files.mismatch(folder.resolve("none").resolve(ADAPTER), whole))
                .isNotEqualTo(-1);
    }

    private static OfflineTrainer<Demonstration> sft(Path data, String json) {
        OfflineConfig config = OfflineConfig.builder(Sft.DEFAULT)
                .maxSteps(5)
                .perDeviceTrainBatchSize(2)
                .learningRate(1e-2)
                .warmupSteps(0)
                .loggingSteps(1)
                .saveSteps(2)
                .gradientCheckpointing(true)
                .build();
        return OfflineTrainer.sft(model(WeightFormat.Q8_0, json), SftDataset.jsonl(data), config);
    }

    @Test
    @DisplayName("rl refuses lora_dropout: the policy that is trained is the one that sampled")
    void dropout() {
        CausalLM model =
                model(WeightFormat.F32, "{\"r\": 2, \"target_modules\": \"all-linear\", \"lora_dropout\": 0.1}");
        assertThatThrownBy(() -> new RlTrainer(model, new Addition(), config()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lora_dropout is 0.1");
    }
}
