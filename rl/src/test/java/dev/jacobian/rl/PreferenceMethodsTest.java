// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.rl.advantage.AgainstOpponents;
import dev.jacobian.rl.advantage.GroupRewards;
import dev.jacobian.rl.advantage.WinRate;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.learn.CreditedGroup;
import dev.jacobian.rl.learn.PolicyGradient;
import dev.jacobian.rl.method.Algorithm;
import dev.jacobian.rl.method.Gpo;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.NashMd;
import dev.jacobian.rl.method.OnlineDpo;
import dev.jacobian.rl.method.Rest;
import dev.jacobian.rl.method.Sppo;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.Reinforce;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.observe.TrainingStep;
import dev.jacobian.rl.reward.PreferenceFunction;
import dev.jacobian.rl.reward.PreferenceReward;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.rl.rollout.ExtraSamples;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.Scoring;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Methods that learn from preferences between the policy's own samples, on a real model. */
class PreferenceMethodsTest {
    private static final Task TASK = new Addition();

    private static <T extends Record> T with(T method, Object... settings) {
        T changed = method;
        for (int i = 0; i < settings.length; i += 2) {
            changed = ConfigTree.with(changed, (String) settings[i], settings[i + 1]);
        }
        return changed;
    }

    private static Algorithm algorithm(Method method) {
        return RlConfig.DEFAULT.withMethod(method).algorithm();
    }

    private static List<CreditedGroup> rollout(CausalLM model, Algorithm algorithm) {
        List<RolloutTask.Request> requests = new ArrayList<>();
        for (Problem problem : TASK.trainProblems(0, 0, 8)) {
            requests.add(new RolloutTask.Request(problem, requests.size(), 6));
        }
        return CreditedGroup.of(
                Scoring.score(
                        Rollouts.local(model).run(new RolloutTask(requests, GenerationConfig.sampling(4, 1f, 5), 0)),
                        new CompletionText(model),
                        TASK),
                algorithm.advantages());
    }

    private static double[] gradient(CausalLM model, Algorithm algorithm) {
        List<CreditedGroup> groups = rollout(model, algorithm);
        model.parameters().forEach(Parameter::clearGrad);
        new PolicyGradient(model, algorithm, 1f, 1 << 20, groups).accumulate(0);
        double[] all = new double[(int) model.config().parameters()];
        int at = 0;
        for (Parameter parameter : model.parameters()) {
            for (float g : parameter.grad().orElseThrow().toFloatArray()) {
                all[at++] = g;
            }
        }
        return all;
    }

    /** That one gradient is another times a factor. */
    private static void assertProportional(double[] gradient, double[] other, double factor) {
        double norm = 0;
        for (double g : other) {
            norm += g * g;
        }
        norm = Math.sqrt(norm);
        assertThat(norm).isPositive();
        for (int i = 0; i < gradient.length; i++) {
            assertThat(gradient[i] / factor).isCloseTo(other[i], within(2e-6 * norm));
        }
    }

    @Test
    @DisplayName(
            "SPPO at its anchor is a policy gradient: 2/β times REINFORCE with the win rate as reward and one half as"
                    + " baseline")
    void semiOnlinePolicyGradient() {
        CausalLM model = TestModels.addition();
        Algorithm reinforce = new Algorithm(
                "win-rate",
                new WinRate(WinRate.HARD),
                new Reinforce(),
                Aggregation.sequenceMeanTokenSum(),
                1,
                true,
                false);
        assertProportional(
                gradient(model, algorithm(with(Sppo.DEFAULT, "beta", 0.01))), gradient(model, reinforce), 200);
    }

    @Test
    @DisplayName("of rewards 0 and 1 GPO is SPPO with hard win rates, doubled")
    void gpo() {
        CausalLM model = TestModels.addition();
        assertProportional(
                gradient(model, algorithm(with(Gpo.DEFAULT, "beta", 0.01))),
                gradient(model, algorithm(with(Sppo.DEFAULT, "beta", 0.01))),
                2);
    }

    @Test
    @DisplayName("best and worst: two samples of each prompt go through, and DPO's first step is β/2 of them")
    void pairs() {
        CausalLM model = TestModels.addition();
        Algorithm dpo = algorithm(with(OnlineDpo.DEFAULT, "anchor", "previous", "beta", 0.2));
        for (CreditedGroup group : rollout(model, dpo)) {
            assertThat(group.scored().group().size()).isEqualTo(2);
            assertThat(group.advantages().size()).isEqualTo(2);
        }
        Algorithm pair = new Algorithm(
                "pair",
                batch -> dpo.advantages()
                        .advantages(batch.stream().map(group -> group).toList()),
                new Reinforce(),
                Aggregation.sequenceMeanTokenSum(),
                1,
                true,
                false);
        assertThat(rollout(model, pair).getFirst().advantages().mean(0))
                .isEqualTo(rollout(model, dpo).getFirst().advantages().mean(0));
    }

    @Test
    @DisplayName("rejection sampling learns from right answers alone; a prompt without one has no part in the loss")
    void rejection() {
        CausalLM model = TestModels.addition();
        List<CreditedGroup> kept = rollout(model, algorithm(Rest.DEFAULT));
        int right = 0;
        int none = 0;
        for (CreditedGroup group : kept) {
            for (int i = 0; i < group.scored().group().size(); i++) {
                boolean counts = group.scored().counts()[i];
                assertThat(counts).isEqualTo(group.scored().rewards()[i] == 1);
                right += counts ? 1 : 0;
                none += counts ? 0 : 1;
            }
        }
        assertThat(right).isPositive();
        assertThat(none).isPositive();
        for (CreditedGroup group : rollout(model, algorithm(with(Rest.DEFAULT, "keep", "best")))) {
            assertThat(group.scored().group().size()).isEqualTo(1);
        }
    }

    /** Sums under other rewards. */
    private static Task judgedBy(WeightedRewards rewards) {
        return new Task() {
            @Override
            public String name() {
                return "judged";
            }

            @Override
            public Problem trainProblem(long seed, long index) {
                return TASK.trainProblem(seed, index);
            }

            @Override
            public List<Problem> evalProblems(int count) {
                return TASK.evalProblems(count);
            }

            @Override
            public WeightedRewards rewards() {
                return rewards;
            }
        };
    }

    private static RlConfig.Builder config(Method method) {
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

    @Test
    @DisplayName("a general preference that no reward can say trains SPPO and GPO through the task's rewards")
    void generalPreference() {
        PreferenceFunction circle = PreferenceFunction.ofEmbeddings(
                group -> group.completions().stream()
                        .map(c -> {
                            double turn = 2 * Math.PI / 3 * (c.tokenIds().length % 3);
                            return new double[] {Math.cos(turn), Math.sin(turn)};
                        })
                        .toArray(double[][]::new),
                1);
        Task task = judgedBy(WeightedRewards.of(PreferenceReward.winRate("circle", circle)));
        CausalLM model = TestModels.addition();
        List<Map<String, Double>> steps = new ArrayList<>();
        new RlTrainer(
                        model,
                        task,
                        config(with(Sppo.DEFAULT, "preference", "given")).build())
                .listener(TrainingListener.eachStep(metrics -> steps.add(metrics.values())))
                .train();
        assertThat(steps.getLast().get("reward"))
                .as("win rates of a group are one half on average")
                .isCloseTo(0.5, within(1e-9));
        assertThat(TestModels.bits(model)).isNotEqualTo(TestModels.bits(TestModels.addition()));
    }

    @Test
    @DisplayName("without a spread of rewards nothing is preferred, and nothing moves")
    void noSpread() {
        Task task = judgedBy(WeightedRewards.of(RewardFunction.named("same", c -> Score.of(0.25))));
        for (Method method :
                List.of(Sppo.DEFAULT, Gpo.DEFAULT, with(OnlineDpo.DEFAULT, "anchor", "previous"), Rest.DEFAULT)) {
            CausalLM model = TestModels.addition();
            new RlTrainer(model, task, config(method).build()).train();
            assertThat(TestModels.bits(model)).as(method.name()).isEqualTo(TestModels.bits(TestModels.addition()));
        }
    }

    @Test
    @DisplayName("a mixture of all policy is the policy, of all reference the reference: the samples that they draw"
            + " themselves")
    void mixture() {
        CausalLM model = TestModels.addition();
        CausalLM other = TestModels.addition();
        for (Parameter parameter : other.parameters()) {
            for (int i = 0; i < parameter.value().floats().length; i++) {
                parameter.value().floats()[i] *= 1.1f;
            }
            parameter.valueChanged();
        }
        GenerationConfig usual = GenerationConfig.sampling(4, 1f, 5);
        GenerationConfig drawn = GenerationConfig.sampling(
                4,
                1f,
                new ExtraSamples.Mixed(8, 0).sampling(usual, Optional.of(other)).seed());
        assertThat(drawn.seed())
                .as("extra samples have randomness of their own")
                .isNotEqualTo(usual.seed());
        List<List<Integer>> ofPolicy = sampled(model, drawn);
        List<List<Integer>> ofOther = sampled(other, drawn);
        assertThat(ofPolicy).isNotEqualTo(ofOther);
        assertThat(sampled(model, new ExtraSamples.Mixed(8, 0).sampling(usual, Optional.of(other))))
                .isEqualTo(ofPolicy);
        assertThat(sampled(model, new ExtraSamples.Mixed(8, 1).sampling(usual, Optional.of(other))))
                .isEqualTo(ofOther);
        assertThat(sampled(model, new ExtraSamples.Mixed(8, 0.5).sampling(usual, Optional.of(model))))
                .as("a mixture with itself")
                .isEqualTo(ofPolicy);
    }

    private static List<List<Integer>> sampled(CausalLM model, GenerationConfig config) {
        RolloutTask.Request request = new RolloutTask.Request(TASK.trainProblem(0, 0), 3, 8);
        return Rollouts.local(model).run(new RolloutTask(List.of(request), config, 0)).getFirst().samples().stream()
                .map(sample -> Arrays.stream(sample.tokens()).boxed().toList())
                .toList();
    }

    @Test
    @DisplayName(
            "Nash-MD compares with opponents that it does not learn from; ReMax's greedy sample is the same each time")
    void opponents() {
        CausalLM model = TestModels.addition();
        List<TrainingStep> steps = new ArrayList<>();
        new RlTrainer(model, TASK, config(with(NashMd.DEFAULT, "opponents", 3)).build())
                .observer((step, measured) -> steps.add(step))
                .train();
        for (CreditedGroup group : steps.getFirst().batch()) {
            double[] opponents = group.scored().extra();
            assertThat(opponents).hasSize(3);
            for (int i = 0; i < 4; i++) {
                double wins = 0;
                for (double opponent : opponents) {
                    wins += (1 + Math.signum(group.scored().rewards()[i] - opponent)) / 2 / 3;
                }
                assertThat(group.advantages().mean(i)).isCloseTo(wins - 0.5, within(1e-12));
            }
        }
        assertThat(TestModels.bits(model)).isNotEqualTo(TestModels.bits(TestModels.addition()));
        assertThatThrownBy(() ->
                        new AgainstOpponents(new WinRate(1)).advantages(new GroupRewards(new double[2], new int[2])))
                .hasMessageContaining("need samples of it, and there are none");
        GenerationConfig greedy =
                new ExtraSamples.Greedy().sampling(GenerationConfig.sampling(4, 1f, 5), Optional.empty());
        assertThat(greedy.doSample()).isFalse();
        assertThat(greedy.maxNewTokens()).isEqualTo(4);
    }
}
