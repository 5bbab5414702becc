// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.judge.HeldModel;
import dev.jacobian.rl.judge.RewardModel;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.offline.Completed;
import dev.jacobian.rl.offline.DistillationMethod;
import dev.jacobian.rl.offline.Examples;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineMethod;
import dev.jacobian.rl.offline.OfflineMethods;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.reward.BatchReward;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.tensor.Arithmetic;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.testing.EmulatedGpu;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.SequenceScorer;
import dev.jacobian.transformer.generation.FinishReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Heads that score, and distances of distributions, on a GPU: batch-invariant in F32 they have the CPU's bits, trained or not. */
class ScoringDeviceTest {
    private static final Path MODELS = TestPaths.testdata("training", "models");

    @TempDir
    Path folder;

    private static ModelOptions there() {
        EmulatedGpu.require();
        Device device = Device.parse(System.getProperty("jacobian.test.device")).with(Arithmetic.BATCH_INVARIANT);
        return ModelOptions.DEFAULT.on(device);
    }

    private Path data() throws IOException {
        return Files.writeString(
                folder.resolve("rows.jsonl"),
                IntStream.range(0, 8)
                        .mapToObj(i -> "{\"prompt\": \"%1$s+1=\", \"chosen\": \"%1$s\", \"rejected\": \"%2$s\","
                                        .formatted(i, "7".repeat(1 + i % 3))
                                + " \"completion\": \"%1$s\", \"label\": %2$s, \"completions\": [\"Well.\", \"%1$s\"],"
                                        .formatted(i, i % 2 == 0)
                                + " \"labels\": [true, %s]}".formatted(i % 3 == 0))
                        .collect(Collectors.joining("\n")));
    }

    private static OfflineConfig config(String method, int steps) {
        return OfflineConfig.of(OfflineMethods.find(method).orElseThrow())
                .with(new Given()
                        .set("max_steps", steps, "test")
                        .set("per_device_train_batch_size", 3, "test")
                        .set("micro_batch_tokens", 20, "test")
                        .set("learning_rate", 1e-3, "test")
                        .set("warmup_steps", 0, "test"));
    }

    private static List<Double> losses(OfflineTrainer<?> trainer) {
        List<Double> losses = new ArrayList<>();
        trainer.listener(TrainingListener.eachStep(step -> losses.add(step.get("loss"))))
                .train();
        return losses;
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-llama-rm", "tiny-llama-prm"})
    @DisplayName("scores of sequences, alone and together")
    void scores(String name) {
        List<int[]> texts = List.of(new int[] {5, 6, 7, 8, 9}, new int[] {9}, new int[] {20, 21});
        List<float[]> wanted = new SequenceScorer(CausalLM.load(MODELS.resolve(name))).scores(texts);
        SequenceScorer device = new SequenceScorer(CausalLM.load(MODELS.resolve(name), there()));
        for (int i = 0; i < texts.size(); i++) {
            assertThat(device.scores(texts).get(i)).containsExactly(wanted.get(i));
            assertThat(device.scores(List.of(texts.get(i))).getFirst()).containsExactly(wanted.get(i));
        }
    }

    @Test
    @DisplayName("rewards of a model that stays, and of one that lies in the host's memory while it idles")
    void offloaded() {
        Path folder = MODELS.resolve("tiny-llama-rm");
        ModelOptions options = there();
        BatchReward.Samples group = new BatchReward.Samples(
                Stream.of(" white.", " red.")
                        .map(text ->
                                new Completion("p", "Snow is", Columns.NONE, text, new int[] {1}, FinishReason.STOP))
                        .toList(),
                new double[2]);
        List<List<Score>> wanted = rewards(HeldModel.resident(CausalLM.load(folder)), group);
        assertThat(rewards(HeldModel.resident(CausalLM.load(folder, options)), group))
                .isEqualTo(wanted);
        HeldModel held = HeldModel.offloaded(CausalLM.load(folder), options.device(), options.computeType());
        assertThat(rewards(held, group)).isEqualTo(wanted);
        assertThat(held.idle().device()).isEqualTo(Device.CPU);
    }

    private static List<List<Score>> rewards(HeldModel model, BatchReward.Samples group) {
        return new RewardModel(model).score(List.of(group));
    }

    @ParameterizedTest
    @ValueSource(strings = {"reward", "reward-outcome", "reward-preference", "prm"})
    @DisplayName("models that score are trained to the CPU's weights and losses")
    void reward(String name) throws IOException {
        Path data = data();
        OfflineConfig config = config(name, 2);
        CausalLM device = scoring(config, there());
        CausalLM here = scoring(config, ModelOptions.DEFAULT);
        assertThat(losses(trainer(config.method(), device, config, data)))
                .isEqualTo(losses(trainer(config.method(), here, config, data)));
        assertThat(TestModels.bits(device))
                .isEqualTo(TestModels.bits(here))
                .isNotEqualTo(TestModels.bits(scoring(config, ModelOptions.DEFAULT)));
    }

    private static CausalLM scoring(OfflineConfig config, ModelOptions options) {
        return CausalLM.loadScoring(
                MODELS.resolve("tiny-llama"), config.method().head().orElseThrow(), options, Optional.empty(), 3);
    }

    private static <E> OfflineTrainer<E> trainer(
            OfflineMethod<E> method, CausalLM model, OfflineConfig config, Path data) {
        return new OfflineTrainer<>(model, method, Examples.read(method, model, config, data, false), config);
    }

    @ParameterizedTest
    @CsvSource({
        "distill-gkd, beta=0.5 lmbda=0",
        "distill-gkd, beta=0 lmbda=0 loss_temperature=0.7",
        "distill-gkd, beta=1 lmbda=1 max_new_tokens=4",
        "distill-on-policy, max_completion_length=4"
    })
    @DisplayName("students learn from a teacher beside them to the CPU's weights and losses")
    void distillation(String name, String settings) throws IOException {
        Path data = data();
        Given given = new Given();
        for (String setting : settings.split(" ")) {
            String[] pair = setting.split("=");
            given.set(pair[0], Json.parse(pair[1], "test"), "test");
        }
        OfflineConfig config = config(name, 2).with(given);
        CausalLM device = CausalLM.load(MODELS.resolve("tiny-llama"), there());
        CausalLM here = CausalLM.load(MODELS.resolve("tiny-llama"));
        assertThat(losses(student(device, there(), config, data)))
                .isEqualTo(losses(student(here, ModelOptions.DEFAULT, config, data)));
        assertThat(TestModels.bits(device))
                .isEqualTo(TestModels.bits(here))
                .isNotEqualTo(TestModels.bits(CausalLM.load(MODELS.resolve("tiny-llama"))));
    }

    private static OfflineTrainer<Completed> student(
            CausalLM student, ModelOptions options, OfflineConfig config, Path data) {
        DistillationMethod method = (DistillationMethod) config.method();
        CausalLM teacher = CausalLM.load(MODELS.resolve("tiny-llama-teacher"), options);
        return new OfflineTrainer<>(
                student,
                method,
                Examples.read(method, student, config, data, false),
                config,
                method.teaching(student, List.of(teacher), config.seed()));
    }

    @Test
    @DisplayName("in BF16 scores are near the CPU's")
    void narrow() {
        Path model = MODELS.resolve("tiny-llama-rm");
        List<int[]> texts = List.of(new int[] {5, 6, 7, 8, 9});
        float wanted = new SequenceScorer(CausalLM.load(model)).scores(texts).getFirst()[0];
        float got = new SequenceScorer(CausalLM.load(model, there().computingIn(DType.BF16)))
                .scores(texts)
                .getFirst()[0];
        assertThat(got).isCloseTo(wanted, within(0.05f * (1 + Math.abs(wanted))));
    }
}
