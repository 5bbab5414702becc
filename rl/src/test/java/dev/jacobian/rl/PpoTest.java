// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.Json;
import dev.jacobian.rl.advantage.NoBaseline;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.OptimizationConfig;
import dev.jacobian.rl.learn.CreditedGroup;
import dev.jacobian.rl.learn.Critic;
import dev.jacobian.rl.learn.Learner;
import dev.jacobian.rl.learn.MicroBatch;
import dev.jacobian.rl.method.Algorithm;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Ppo;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.Reinforce;
import dev.jacobian.rl.objective.ValueLoss;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.Scoring;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.MemoryPlan;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraConfigReader;
import dev.jacobian.transformer.plan.Head;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** PPO with a value model: what it equals, and that nothing but the settings decides its bits. */
class PpoTest {
    @TempDir
    Path folder;

    static Ppo ppo(Object... settings) {
        Ppo method = Ppo.DEFAULT;
        for (int i = 0; i < settings.length; i += 2) {
            method = ConfigTree.with(method, (String) settings[i], settings[i + 1]);
        }
        return method;
    }

    static RlConfig.Builder config(Method method) {
        return RlConfig.builder()
                .method(method)
                .maxSteps(3)
                .promptsPerStep(4)
                .numGenerations(4)
                .maxCompletionLength(4)
                .learningRate(1e-3)
                .evalProblems(5)
                .finalEvalProblems(5);
    }

    private static List<Integer> trained(Method method) {
        CausalLM model = TestModels.addition();
        new RlTrainer(model, new Addition(), config(method).build()).train();
        return TestModels.bits(model);
    }

    /** A value model that says 0 of everything. */
    private static CausalLM nothingExpected() {
        CausalLM model = TestModels.addition().withFreshHead(Head.Scores.REWARD, 0);
        Parameter head = model.parameter("score.weight");
        Arrays.fill(head.value().floats(), 0f);
        head.valueChanged();
        return model;
    }

    @Test
    @DisplayName("with λ = γ = 1 and a value of 0 it is REINFORCE with returns, bit for bit")
    void reinforce() {
        Method silent =
                ppo("num_ppo_epochs", 1, "lam", 1.0, "kl_coef", 0.0, "whiten_advantages", false, "vf_coef", 0.0);
        CausalLM model = TestModels.addition();
        new RlTrainer(model, new Addition(), config(silent).weightDecay(0).build(), nothingExpected()).train();
        Algorithm reinforce =
                new Algorithm("reinforce", new NoBaseline(), new Reinforce(), Aggregation.tokenMean(), 1, true, false);
        CausalLM plain = TestModels.addition();
        new RlTrainer(plain, new Addition(), config(reinforce).weightDecay(0).build()).train();
        assertThat(TestModels.bits(model))
                .isEqualTo(TestModels.bits(plain))
                .isNotEqualTo(TestModels.bits(TestModels.addition()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"own", "shared"})
    @DisplayName("the number of threads and the size of a pass change no bit; sampler and trainer agree exactly")
    void sameBits(String valueModel) {
        Method method = ppo("num_ppo_epochs", 2, "num_mini_batches", 2, "value_model", valueModel);
        int threads = ComputePool.threads();
        List<List<Integer>> all = new ArrayList<>();
        try {
            for (int n : new int[] {1, 2}) {
                ComputePool.setThreads(n);
                CausalLM model = TestModels.addition();
                RlResult result =
                        new RlTrainer(model, new Addition(), config(method).build()).train();
                assertThat(result.samplingLogpDifferenceMax()).isZero();
                all.add(TestModels.bits(model));
            }
        } finally {
            ComputePool.setThreads(threads);
        }
        assertThat(all.get(0)).isEqualTo(all.get(1)).isNotEqualTo(TestModels.bits(TestModels.addition()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"own", "shared"})
    @DisplayName("the value model learns: over the passes on one rollout its loss falls; metrics have TRL's names")
    void learnsValues(String valueModel) {
        double once = valueLoss(ppo("num_ppo_epochs", 1, "cliprange_value", 0.0, "value_model", valueModel));
        double often = valueLoss(ppo("num_ppo_epochs", 20, "cliprange_value", 0.0, "value_model", valueModel));
        assertThat(once).isPositive();
        assertThat(often).as("mean of 20 passes").isLessThan(0.9 * once);
    }

    private static double valueLoss(Method method) {
        List<Map<String, Double>> steps = new ArrayList<>();
        new RlTrainer(
                        TestModels.addition(),
                        new Addition(),
                        config(method).maxSteps(1).promptsPerStep(16).build())
                .listener(TrainingListener.eachStep(metrics -> steps.add(metrics.values())))
                .train();
        assertThat(steps.getLast()).containsKeys("loss/value_avg", "val/clipfrac_avg", "kl");
        return steps.getLast().get("loss/value_avg");
    }

    @Test
    @DisplayName("settings that change what is computed change the weights")
    void settings() {
        List<Integer> usual = trained(ppo("num_ppo_epochs", 2));
        for (Ppo other : List.of(
                ppo("num_ppo_epochs", 1),
                ppo("num_ppo_epochs", 2, "num_mini_batches", 2),
                ppo("num_ppo_epochs", 2, "gamma", 0.9),
                ppo("num_ppo_epochs", 2, "lam", 0.5),
                ppo("num_ppo_epochs", 2, "whiten_advantages", false),
                ppo("num_ppo_epochs", 2, "kl_coef", 0.0),
                ppo("num_ppo_epochs", 2, "kl_coef", 5.0),
                ppo("num_ppo_epochs", 2, "kl_estimator", "k3", "kl_place", "loss"),
                ppo("num_ppo_epochs", 2, "kl_target", 1e-3, "kl_horizon", 10.0),
                ppo("num_ppo_epochs", 2, "value_model", "shared"),
                ppo("num_ppo_epochs", 2, "value_learning_rate", 1e-2))) {
            assertThat(trained(other)).as(other.toString()).isNotEqualTo(usual);
        }
        assertThat(trained(ppo("num_ppo_epochs", 2))).isEqualTo(usual);
    }

    @Test
    @DisplayName("a group may be a single sample: nothing is compared with it")
    void single() {
        CausalLM model = TestModels.addition();
        new RlTrainer(
                        model,
                        new Addition(),
                        config(ppo("num_ppo_epochs", 1))
                                .numGenerations(1)
                                .promptsPerStep(16)
                                .build())
                .train();
        assertThat(TestModels.bits(model)).isNotEqualTo(TestModels.bits(TestModels.addition()));
    }

    @Test
    @DisplayName(
            "a value model of a checkpoint: its head is taken, a fresh one put where there is none, another vocabulary"
                    + " refused")
    void fromAFolder() {
        Path scoring = folder.resolve("scoring");
        nothingExpected().save(scoring);
        Method method = ppo("num_ppo_epochs", 1, "value_model_path", scoring.toString());
        List<String> said = new ArrayList<>();
        new RlTrainer(TestModels.addition(), new Addition(), config(method).build())
                .listener(messages(said))
                .train();
        assertThat(said).noneMatch(message -> message.contains("head"));
        Path plain = folder.resolve("plain");
        TestModels.addition().save(plain);
        new RlTrainer(
                        TestModels.addition(),
                        new Addition(),
                        config(ppo("num_ppo_epochs", 1, "value_model_path", plain.toString()))
                                .build())
                .listener(messages(said))
                .train();
        assertThat(said).anyMatch(message -> message.contains("has no head that scores") && message.contains("fresh"));
    }

    private static TrainingListener messages(List<String> said) {
        return new TrainingListener() {
            @Override
            public void onMessage(String message) {
                said.add(message);
            }
        };
    }

    @Test
    @DisplayName("a value model of another vocabulary, a missing folder and a head of several labels are refused")
    void unusableValueModels() {
        Path other = TestPaths.model("llama-mha-tied");
        assertThatThrownBy(() -> trained(ppo("value_model_path", other.toString())))
                .hasMessageContaining("the value model has a vocabulary of")
                .hasMessageContaining("value_model_path");
        assertThatThrownBy(() -> trained(
                        ppo("value_model_path", folder.resolve("nowhere").toString())))
                .hasMessageContaining("there is no such checkpoint folder");
        Path labels = folder.resolve("labels");
        TestModels.addition().withFreshHead(new Head.Scores(3, false), 1).save(labels);
        assertThatThrownBy(() -> trained(ppo("value_model_path", labels.toString())))
                .hasMessageContaining("a head of 3 labels");
    }

    @Test
    @DisplayName("the memory plan counts the value model, its gradients and moments")
    void memory() {
        CausalLM model = TestModels.addition();
        MemoryPlan with =
                new RlTrainer(model, new Addition(), config(ppo("kl_coef", 0.0)).build()).memoryPlan();
        MemoryPlan without = new RlTrainer(
                        model,
                        new Addition(),
                        config(ppo("kl_coef", 0.0, "value_model", "shared")).build())
                .memoryPlan();
        long weights = Float.BYTES * model.config().parameters();
        assertThat(with.bytes() - without.bytes()).isBetween(4 * weights - weights / 2, 5 * weights + weights / 2);
        assertThat(with.describe()).contains("value model with its gradients and moments");
    }

    @Test
    @DisplayName("what makes no sense is refused with the key")
    void badSettings() {
        assertThatThrownBy(() -> ppo("gamma", 1.5)).hasMessageContaining("gamma must lie in [0, 1], got 1.5");
        assertThatThrownBy(() -> ppo("kl_place", "loss")).hasMessageContaining("kl_estimator k1 has no gradient");
        assertThatThrownBy(() -> ppo("kl_estimator", "k1+")).hasMessageContaining("a reward has none");
        assertThatThrownBy(() -> ppo("kl_target", 1.0, "kl_place", "loss")).hasMessageContaining("k");
        assertThatThrownBy(() -> ppo("vf_coef", -1.0)).hasMessageContaining("vf_coef must be at least 0, got -1");
        assertThatThrownBy(() -> new RlTrainer(
                        TestModels.addition(), new Addition(), config(ppo()).build(), TestModels.addition()))
                .hasMessageContaining("a value model needs a head that gives one number per position");
    }

    @Test
    @DisplayName("with an adapter the value model is a whole one of its own, or a head beside the adapter")
    void lora() {
        for (String valueModel : List.of("own", "shared")) {
            String json = "{\"r\": 4, \"lora_alpha\": 8, \"target_modules\": \"all-linear\"}";
            CausalLM model = CausalLM.load(
                    TestModels.additionFolder(),
                    ModelOptions.DEFAULT,
                    new AdapterSource.Fresh(LoraConfigReader.parse(Json.parse(json, "test"), "test"), 5));
            List<Integer> before = TestModels.bits(model);
            new RlTrainer(
                            model,
                            new Addition(),
                            config(ppo("num_ppo_epochs", 2, "value_model", valueModel))
                                    .build())
                    .train();
            assertThat(TestModels.bits(model)).isNotEqualTo(before);
        }
    }

    @Test
    @DisplayName("the value model's gradient is that of its loss, by finite differences of its own values")
    void finiteDifferences() {
        CausalLM policy = TestModels.addition();
        CausalLM model = policy.withFreshHead(Head.Scores.REWARD, 3);
        List<RolloutTask.Request> requests = List.of(
                new RolloutTask.Request(new Addition().trainProblem(0, 0), 0, 3),
                new RolloutTask.Request(new Addition().trainProblem(0, 1), 1, 2));
        List<Group> groups =
                Rollouts.local(policy).run(new RolloutTask(requests, GenerationConfig.sampling(4, 1f, 5), 0));
        OptimizationConfig descent = RlConfig.builder() // moves a parameter by half of its gradient
                .learningRate(0.5)
                .set("optim", "sgd")
                .maxGradNorm(0)
                .build()
                .optimization();
        Critic critic = Critic.own(
                model, new Learner(model.parameters(), descent, 10, false), ValueLoss.UNCLIPPED, 0.7, 1 << 20);
        List<CreditedGroup> credited =
                CreditedGroup.of(Scoring.score(groups, new CompletionText(policy), new Addition()), new NoBaseline())
                        .stream()
                        .map(group -> aimed(
                                group,
                                critic.values(List.of(group.scored().group())).getFirst()))
                        .toList();
        Map<Parameter, float[]> before = new LinkedHashMap<>();
        model.parameters().forEach(p -> before.put(p, p.value().toFloatArray()));
        MicroBatch step = new MicroBatch(credited, Aggregation.tokenMean().normalizer(MicroBatch.lengths(credited)), 1);
        critic.update(List.of(step));
        Map<Parameter, float[]> after = new LinkedHashMap<>();
        model.parameters().forEach(p -> after.put(p, p.value().toFloatArray()));
        before.forEach((p, values) -> set(p, values));
        int compared = 0;
        for (Parameter parameter : model.parameters()) {
            float[] values = before.get(parameter);
            int largest = 0;
            for (int i = 0; i < values.length; i++) {
                largest = Math.abs(after.get(parameter)[i] - values[i])
                                > Math.abs(after.get(parameter)[largest] - values[largest])
                        ? i
                        : largest;
            }
            double gradient = (values[largest] - after.get(parameter)[largest]) / 0.5;
            float h = 0.01f;
            double slope = (shifted(critic, credited, parameter, values, largest, h)
                            - shifted(critic, credited, parameter, values, largest, -h))
                    / (2 * h);
            if (Math.abs(gradient) > 1e-3) {
                assertThat(slope).as(parameter.name()).isCloseTo(gradient, within(0.03 * Math.abs(gradient) + 1e-4));
                compared++;
            }
        }
        assertThat(compared).isGreaterThan(5);
    }

    private static CreditedGroup aimed(CreditedGroup group, float[][] values) {
        double[][] returns = new double[values.length][];
        for (int i = 0; i < returns.length; i++) {
            returns[i] = new double[values[i].length];
            Arrays.setAll(returns[i], t -> 1 + 0.5 * t);
        }
        return new CreditedGroup(
                group.scored(),
                group.advantages(),
                group.views().withValues(values).withReturns(returns));
    }

    private static void set(Parameter parameter, float[] values) {
        System.arraycopy(values, 0, parameter.value().floats(), 0, values.length);
        parameter.valueChanged();
    }

    /** The weighted loss with one element moved. */
    private static double shifted(
            Critic critic, List<CreditedGroup> groups, Parameter parameter, float[] values, int element, float by) {
        float[] moved = values.clone();
        moved[element] += by;
        set(parameter, moved);
        double sum = 0;
        int tokens = 0;
        for (CreditedGroup group : groups) {
            float[][] now = critic.values(List.of(group.scored().group())).getFirst();
            for (int i = 0; i < now.length; i++) {
                for (int t = 0; t < now[i].length; t++) {
                    double error = now[i][t] - group.views().returns().orElseThrow()[i][t];
                    sum += error * error / 2;
                    tokens++;
                }
            }
        }
        set(parameter, values);
        return 0.7 * sum / tokens;
    }
}
