// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.method.Grpo;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.rl.method.Opo;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Likelihoods beside a method's loss: what they equal alone, that they go on exactly after a break, and what is refused. */
class MixtureTest {
    private static final List<String> PROMPTS = List.of("12+30=", "25+7=", "40+41=", "3+99=");

    @TempDir
    Path folder;

    private Path demonstrations;

    @BeforeEach
    void write() throws IOException {
        demonstrations = rows(11);
    }

    private Path rows(int count) throws IOException {
        return Files.writeString(
                folder.resolve("demonstrations.jsonl"),
                IntStream.range(0, count)
                        .mapToObj(i -> i % 3 == 2
                                ? "{\"text\": \"%d+1=%d\"}".formatted(i, i + 1)
                                : "{\"prompt\": \"%d+%d=\", \"completion\": \"%d\"}".formatted(10 * i, i, 11 * i))
                        .collect(Collectors.joining("\n")));
    }

    private static PromptTask task(double first, double second) {
        return new PromptTask("sums", PROMPTS, RewardFunction.named("digits", completion -> {
            int sum = 0;
            for (int token : completion.tokenIds()) {
                sum = 31 * sum + token;
            }
            return Score.of(Math.floorMod(sum, 2) == 0 ? first : second);
        }));
    }

    private static RlConfig.Builder config(Method method) {
        return RlConfig.builder()
                .method(method)
                .maxSteps(3)
                .promptsPerStep(4)
                .numGenerations(4)
                .maxCompletionLength(4)
                .learningRate(1e-3)
                .evalSteps(0)
                .finalEvalProblems(2)
                .saveSteps(1);
    }

    private RlConfig.Builder mixed(Method method) {
        return config(method)
                .set("ptx_data", demonstrations.toString())
                .set("ptx_coef", 0.5)
                .set("ptx_batch_size", 3)
                .set("positive_nll_coef", 0.1);
    }

    private static List<Integer> trained(RlConfig config, PromptTask task) {
        CausalLM model = TestModels.addition();
        new RlTrainer(model, task, config).train();
        return TestModels.bits(model);
    }

    @ParameterizedTest
    @ValueSource(ints = {100_000, 20})
    @DisplayName(
            "with rewards that teach nothing, ptx_coef=1 is supervised fine-tuning on the same rows in the same order,"
                    + " bit for bit, over more than one pass, whatever goes into a pass at once")
    void ptxIsFineTuning(int microBatchTokens) {
        RlConfig config = config(Grpo.DEFAULT)
                .set("ptx_data", demonstrations.toString())
                .set("ptx_coef", 1.0)
                .set("ptx_batch_size", 4)
                .maxSteps(5)
                .microBatchTokens(microBatchTokens)
                .build();
        OfflineConfig fineTuning = OfflineConfig.builder(Sft.DEFAULT)
                .maxSteps(5)
                .warmupSteps(0)
                .set("lr_scheduler_type", "constant")
                .learningRate(1e-3)
                .perDeviceTrainBatchSize(4)
                .set("train_sampling_strategy", "continuous")
                .microBatchTokens(microBatchTokens)
                .build();
        CausalLM model = TestModels.addition();
        OfflineTrainer.sft(model, SftDataset.jsonl(demonstrations), fineTuning).train();
        assertThat(trained(config, task(1, 1)))
                .isEqualTo(TestModels.bits(model))
                .isNotEqualTo(TestModels.bits(TestModels.addition()));
    }

    @Test
    @DisplayName(
            "with rewards that teach nothing, positive_nll_coef=1 is imitation of what earned enough: ReST, bit for"
                    + " bit; below the reward nothing is imitated")
    void positivesAreImitated() {
        PromptTask equal = task(1, 1);
        List<Integer> rest = trained(config(Methods.named("rest")).build(), equal);
        RlConfig imitating = config(Grpo.DEFAULT).set("positive_nll_coef", 1.0).build();
        assertThat(trained(imitating, equal)).isEqualTo(rest).isNotEqualTo(TestModels.bits(TestModels.addition()));
        RlConfig demanding =
                imitating.toBuilder().set("positive_nll_reward", 1.5).build();
        assertThat(trained(demanding, equal)).isEqualTo(TestModels.bits(TestModels.addition()));
    }

    @Test
    @DisplayName("the loss is the method's plus both likelihoods times their coefficients; both are reported")
    void sum() {
        List<Map<String, Double>> steps = new ArrayList<>();
        for (RlConfig config :
                List.of(config(Opo.DEFAULT).build(), mixed(Opo.DEFAULT).build())) {
            new RlTrainer(
                            TestModels.addition(),
                            task(0, 1),
                            config.toBuilder().maxSteps(1).build())
                    .listener(TrainingListener.eachStep(step -> {
                        if (step.step() == 1) {
                            steps.add(step.values());
                        }
                    }))
                    .train();
        }
        Map<String, Double> mixed = steps.get(1);
        assertThat(mixed.get("ptx_loss")).isPositive();
        assertThat(mixed.get("positive_nll")).isPositive();
        assertThat(mixed.get("loss"))
                .isCloseTo(
                        steps.get(0).get("loss") + 0.1 * mixed.get("positive_nll") + 0.5 * mixed.get("ptx_loss"),
                        within(1e-12));
        assertThat(steps.get(0)).doesNotContainKeys("ptx_loss", "positive_nll");
    }

    @ParameterizedTest
    @ValueSource(strings = {"opo", "grpo", "ppo", "omd"})
    @DisplayName("a mixture is on-policy like its method, goes on exactly after a break, and has the same bits with one"
            + " thread")
    void goesOn(String name) {
        RlConfig config = mixed(Methods.named(name)).build();
        PromptTask task = task(0, 1);
        RunOrigin origin = new RunOrigin("arith", "sums", Optional.empty());
        CausalLM whole = TestModels.addition();
        RlResult result = new RlTrainer(whole, task, config).train();
        assertThat(result.samplingLogpDifferenceMax()).isZero();
        assertThatThrownBy(() -> new RlTrainer(TestModels.addition(), task, config)
                        .output(folder.resolve("run"), origin, false)
                        .listener(TrainingListener.eachStep(step -> {
                            if (step.step() == 2) {
                                throw new IllegalStateException("the power went out");
                            }
                        }))
                        .train())
                .hasMessageContaining("the power went out");
        CausalLM resumed = TestModels.addition();
        new RlTrainer(resumed, task, config)
                .output(folder.resolve("run"), origin, true)
                .train();
        assertThat(TestModels.bits(resumed)).isEqualTo(TestModels.bits(whole));
        assertThat(TestModels.bits(whole))
                .isNotEqualTo(trained(config(config.method()).build(), task));
        int threads = ComputePool.threads();
        try {
            ComputePool.setThreads(threads == 1 ? 2 : 1);
            assertThat(trained(config, task)).isEqualTo(TestModels.bits(whole));
        } finally {
            ComputePool.setThreads(threads);
        }
    }

    @Test
    @DisplayName("a run does not go on with other demonstrations under the old name")
    void otherRows() throws IOException {
        RlConfig config = mixed(Opo.DEFAULT).build();
        RunOrigin origin = new RunOrigin("arith", "sums", Optional.empty());
        Path run = folder.resolve("run");
        new RlTrainer(TestModels.addition(), task(0, 1), config)
                .output(run, origin, false)
                .train();
        rows(12);
        assertThatThrownBy(() -> new RlTrainer(TestModels.addition(), task(0, 1), config).output(run, origin, true))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the demonstrations " + demonstrations + " has other content");
    }

    @Test
    @DisplayName(
            "a coefficient without data, data without a coefficient, a file that is not there and a row that does not"
                    + " do are one error before the first step")
    void refused() throws IOException {
        assertThatThrownBy(() -> config(Opo.DEFAULT).set("ptx_coef", 0.5).build())
                .hasMessageContaining("ptx_coef is 0.5, but ptx_data names no file of demonstrations");
        assertThatThrownBy(
                        () -> config(Opo.DEFAULT).set("ptx_data", "rows.jsonl").build())
                .hasMessageContaining("ptx_data names rows.jsonl, but ptx_coef is 0");
        assertThatThrownBy(() -> config(Opo.DEFAULT).set("ptx_coef", -1.0).build())
                .hasMessageContaining("ptx_coef must be at least 0");
        RlConfig absent = mixed(Opo.DEFAULT)
                .set("ptx_data", folder.resolve("absent.jsonl").toString())
                .build();
        assertThatThrownBy(() -> new RlTrainer(TestModels.addition(), task(0, 1), absent))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("there is no file " + folder.resolve("absent.jsonl"));
        for (String bad : List.of(
                "{\"prompt\": \"1+1=\"}", "{\"prompt\": \"1+1=\", \"completion\": \"" + "2".repeat(3000) + "\"}")) {
            Files.writeString(demonstrations, "{\"prompt\": \"1+1=\", \"completion\": \"2\"}\n" + bad);
            assertThatThrownBy(() -> new RlTrainer(
                            TestModels.addition(),
                            task(0, 1),
                            mixed(Opo.DEFAULT).build()))
                    .isInstanceOf(FormatException.class)
                    .hasMessageContaining("demonstrations.jsonl")
                    .hasMessageContaining("2");
        }
    }
}
