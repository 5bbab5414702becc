// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.rl.config.Arguments;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.LrScheduler;
import dev.jacobian.rl.config.Numbers;
import dev.jacobian.rl.config.Optim;
import dev.jacobian.rl.config.Stages;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * No setting is without effect: a short run is repeated with each setting changed, one at a time, and must come to another
 * result, or to the same one where that is what the setting promises. A new key is tried without being named here.
 */
class SettingEffectTest {
    /** Settings that change memory and time only. */
    private static final Set<String> SAME_BITS = Set.of(
            "gradient_checkpointing",
            "kv_cache_gb",
            "kv_swap_gb",
            "offload_optimizer",
            "offload_reference",
            "reward_timeout", // nothing fails and nothing is late here: RewardRunTest has what they do
            "reward_error_budget",
            "reward_concurrency",
            "max_inflight",
            "dynamic_sampling_max_waves", // a bound that these runs do not reach
            "router_aux_loss_coef"); // of a model without experts

    /** Settings about samples of another engine; these runs sample themselves. */
    private static final Set<String> OF_FOREIGN_SAMPLES = Set.of(
            "vllm_importance_sampling_correction",
            "vllm_importance_sampling_mode",
            "vllm_importance_sampling_clip_max",
            "vllm_importance_sampling_clip_min",
            "strict_on_policy");

    /** Settings that these runs cannot have: CurriculaTest, ReplayBufferTest, FreeModeTest and RlTrainerTest have what they do. */
    private static final Set<String> OF_OTHER_RUNS = Set.of(
            "reproducible", // the clock decides then: FreeModeTest
            "stale_rollouts",
            "replay_schedule",
            "curriculum_pool", // of a task that makes its problems up
            "dynamic_sampling", // rewards differ in every group
            "buffer_importance"); // of a method without a ratio

    private static final Map<String, Object> EASY_TO_HARD =
            Map.of("curriculum", "easy_to_hard", "difficulty_column", "level", "curriculum_steps", 4);

    private static final Map<String, Object> UNIFORM_THEN_HARD = Map.of(
            "curriculum",
            "uniform_then_hard",
            "difficulty_column",
            "level",
            "curriculum_steps",
            1,
            "curriculum_threshold",
            0.5);

    private static final Map<String, Object> MIXTURE = Map.of(
            "curriculum",
            "mixture",
            "mixture_column",
            "tag",
            "mixture_weights",
            new Arguments(Map.of("a", 0.5, "b", 0.5)));

    private static final Map<String, Object> PTX = Map.of("ptx_coef", 0.5, "ptx_data", rows("ptx.jsonl"));

    private static final Map<String, Object> IN_TRLS_TERMS =
            Map.of("per_device_train_batch_size", 16, "updates_per_rollout", 1);

    /** Samples that go on in the next rollout. */
    private static final Map<String, Object> WAITING = Map.of("rollout_token_budget", 2);

    private static final Map<String, Object> WAITING_LONG = Map.of("rollout_token_budget", 1, "inflight_groups", 24);

    /** What must be set for another setting to have something to act on. */
    private static final Map<String, Map<String, Object>> TOGETHER = Map.ofEntries(
            Map.entry("sapo_temperature_pos", Map.of("loss_type", "sapo")),
            Map.entry("sapo_temperature_neg", Map.of("loss_type", "sapo")),
            Map.entry("vespo_k_pos", Map.of("loss_type", "vespo")),
            Map.entry("vespo_k_neg", Map.of("loss_type", "vespo")),
            Map.entry("vespo_lambda_pos", Map.of("loss_type", "vespo")),
            Map.entry("vespo_lambda_neg", Map.of("loss_type", "vespo")),
            Map.entry("entropy_coef_min", Map.of("use_adaptive_entropy", true, "entropy_target", 9.0)),
            Map.entry("entropy_coef_max", Map.of("use_adaptive_entropy", true, "entropy_target", 9.0)),
            Map.entry("entropy_coef_delta", Map.of("use_adaptive_entropy", true, "entropy_target", 9.0)),
            Map.entry("entropy_target", Map.of("use_adaptive_entropy", true, "entropy_target", 9.0)),
            Map.entry("use_adaptive_entropy", Map.of("entropy_target", 9.0, "entropy_coef", 0.1)),
            Map.entry("ref_model_mixup_alpha", Map.of("sync_ref_model", true, "ref_model_sync_steps", 1)),
            Map.entry("ref_model_sync_steps", Map.of("sync_ref_model", true, "ref_model_sync_steps", 1)),
            Map.entry("sync_ref_model", Map.of("ref_model_sync_steps", 1)),
            Map.entry("epsilon", Map.of("epsilon_high", 0.2)),
            Map.entry("kl_place", Map.of("kl_estimator", "k3")),
            Map.entry("kl_target", Map.of("kl_horizon", 10.0)),
            Map.entry("kl_horizon", Map.of("kl_horizon", 10.0, "kl_target", 1e-3)),
            Map.entry("preference_scale", Map.of("preference", "soft")),
            Map.entry("max_inflight", Map.of("max_staleness", 1)),
            Map.entry("kv_swap_gb", Map.of("kv_cache_gb", 0.0005)),
            Map.entry("ptx_coef", PTX),
            Map.entry("ptx_data", PTX),
            Map.entry("ptx_batch_size", PTX),
            Map.entry("curriculum_steps", EASY_TO_HARD),
            Map.entry("curriculum_start", EASY_TO_HARD),
            Map.entry("difficulty_column", EASY_TO_HARD),
            Map.entry("curriculum_threshold", UNIFORM_THEN_HARD),
            Map.entry("curriculum_floor", Map.of("curriculum", "inverse_success")),
            Map.entry("success_decay", Map.of("curriculum", "inverse_success")),
            Map.entry("mixture_column", MIXTURE),
            Map.entry("mixture_weights", MIXTURE),
            Map.entry("buffer_size", Map.of("buffer", "replay")),
            Map.entry("buffer_max_age", Map.of("buffer", "replay")),
            Map.entry("buffer_fresh", Map.of("buffer", "replay")),
            Map.entry("positive_nll_reward", Map.of("positive_nll_coef", 0.1)),
            Map.entry("inflight_groups", WAITING),
            Map.entry("learn_from_segments", WAITING_LONG),
            Map.entry("max_segment_age", WAITING_LONG),
            Map.entry("max_rollout_iterations", WAITING_LONG),
            Map.entry("repetition_stop_penalty", Map.of("repetition_ngram", 1, "repetition_count", 2)),
            Map.entry("gradient_accumulation_steps", IN_TRLS_TERMS),
            Map.entry("steps_per_generation", IN_TRLS_TERMS));

    /** Values to try where a step away from the usual one would not do. */
    private static final Map<String, Object> VALUES = Map.ofEntries(
            Map.entry("entropy_coef", 0.1),
            Map.entry("entropy_coef_min", 0.5),
            Map.entry("entropy_coef_max", 0.002),
            Map.entry("entropy_target", -1.0),
            Map.entry("epsilon_high", 0.01),
            Map.entry("delta", 1.01),
            Map.entry("kl_target", 1e-3),
            Map.entry("value_learning_rate", 1e-2),
            Map.entry("off_policy_mask_threshold", 0.0001),
            Map.entry("vllm_importance_sampling_clip_min", 0.5),
            Map.entry("reward_weights", new Numbers(List.of(-1.0))),
            Map.entry("reward_clip_range", new Numbers(List.of(0.2, 0.5))),
            Map.entry("max_inflight", 1),
            Map.entry("kv_cache_gb", 0.0005),
            Map.entry("kv_swap_gb", 0.0005),
            Map.entry("ptx_coef", 0.25),
            Map.entry("ptx_data", rows("ptx-2.jsonl")),
            Map.entry("num_train_epochs", 5.0),
            Map.entry("positive_nll_coef", 0.1),
            Map.entry("curriculum", "uniform"),
            Map.entry("curriculum_steps", 1),
            Map.entry("curriculum_start", 0.6),
            Map.entry("difficulty_column", "pass_rate"),
            Map.entry("curriculum_threshold", 0.8),
            Map.entry("curriculum_floor", 1.0),
            Map.entry("success_decay", 0.9),
            Map.entry("mixture_column", "other_tag"),
            Map.entry("mixture_weights", new Arguments(Map.of("a", 0.9, "b", 0.1))),
            Map.entry("buffer", "replay"),
            Map.entry("buffer_size", 8),
            Map.entry("buffer_max_age", 2),
            Map.entry("buffer_fresh", 0.75),
            Map.entry("completion_length_schedule", new Stages(new TreeMap<>(Map.of(0, 2, 2, 5)))),
            Map.entry("rollout_token_budget", 2),
            Map.entry("inflight_groups", 9),
            Map.entry("max_segment_age", 1),
            Map.entry("max_rollout_iterations", 2),
            Map.entry("repetition_ngram", 1),
            Map.entry("repetition_count", 2),
            Map.entry("repetition_stop_penalty", 0.5),
            Map.entry("per_device_train_batch_size", 8),
            Map.entry("gradient_accumulation_steps", 2),
            Map.entry("steps_per_generation", 2));

    private static String rows(String name) {
        return TestPaths.testdata("rl", name).toString();
    }

    /** Settings that change what is measured and kept, but not what is learned. */
    private static final Set<String> SAME_WEIGHTS = Set.of(
            "eval_steps",
            "eval_problems",
            "final_eval_problems",
            "kl_samples",
            "log_completions",
            "report_to",
            "save_steps",
            "save_total_limit");

    /** Rewards that differ within every group, so that every sample teaches. */
    private static final Task TASK = new Labelled(new PromptTask(
            "sums",
            Stream.of("12+30=", "25+7=", "40+41=", "3+99=", "58+16=", "71+13=", "6+6=", "83+90=")
                    .toList(),
            RewardFunction.named("digits", completion -> {
                int sum = 0;
                for (int token : completion.tokenIds()) {
                    sum = 31 * sum + token;
                }
                return Score.of(Math.floorMod(sum, 4) / 3.0);
            })));

    /** Problems with columns that a curriculum can go by. */
    private record Labelled(Task problems) implements Task {
        @Override
        public String name() {
            return problems.name();
        }

        @Override
        public Problem trainProblem(long seed, long index) {
            Problem problem = problems.trainProblem(seed, index);
            long place = index % trainSize();
            return new Problem(
                    problem.id(),
                    problem.prompt(),
                    Map.of(
                            "level",
                            place / 8.0,
                            "pass_rate",
                            place / 8.0,
                            "tag",
                            place % 2 == 0 ? "a" : "b",
                            "other_tag",
                            place < 3 ? "a" : "b"));
        }

        @Override
        public int trainSize() {
            return problems.trainSize();
        }

        @Override
        public List<Problem> evalProblems(int count) {
            return problems.evalProblems(count);
        }

        @Override
        public int evalSize() {
            return problems.evalSize();
        }

        @Override
        public WeightedRewards rewards() {
            return problems.rewards();
        }
    }

    @TempDir
    Path folder;

    private int runs;

    /** What a run leaves, the weights as a hash of their bits. */
    record Outcome(int weights, List<Map<String, Double>> metrics, List<String> files, String completions) {}

    private Outcome run(RlConfig config) throws IOException {
        CausalLM model = TestModels.addition();
        Path run = folder.resolve("run" + runs++);
        List<Map<String, Double>> metrics = new ArrayList<>();
        new RlTrainer(model, TASK, config)
                .listener(TrainingListener.eachStep(step -> {
                    Map<String, Double> values = new LinkedHashMap<>(step.values());
                    values.keySet().removeAll(Timings.NAMES);
                    metrics.add(values);
                }))
                .output(run, new RunOrigin("arith", "sums", Optional.empty()), false)
                .train();
        try (Stream<Path> files = Files.list(run)) {
            return new Outcome(
                    TestModels.bits(model).hashCode(),
                    metrics,
                    files.map(path -> path.getFileName().toString()).sorted().toList(),
                    Files.readString(run.resolve("completions.jsonl")));
        }
    }

    /** A run in which every setting of the method has something to act on: a moving policy, an anchor, several updates. */
    private static RlConfig lively(Method method) {
        RlConfig.Builder config = RlConfig.builder()
                .method(method)
                .maxSteps(4)
                .promptsPerStep(8)
                .numGenerations(4)
                .maxCompletionLength(5)
                .temperature(1.5)
                .learningRate(1e-2)
                .lrSchedulerType(LrScheduler.LINEAR)
                .warmupSteps(1)
                .weightDecay(0.01)
                .evalSteps(2)
                .evalProblems(5)
                .finalEvalProblems(6)
                .saveSteps(1)
                .klSamples(8);
        List<String> own = ConfigTree.names((Record) method);
        if (own.contains("updates_per_rollout")) {
            config.set("updates_per_rollout", 2);
        }
        if (own.contains("beta")) {
            config.set("beta", 0.1);
        }
        for (String share : List.of("clip_cov_ratio", "kl_cov_ratio")) { // several of the tokens instead of one
            if (own.contains(share)) {
                config.set(share, 0.2);
            }
        }
        return config.build();
    }

    /** Other values of a setting that may be chosen, at least one. */
    private static List<Object> others(ConfigTree.Key key) {
        if (key.name().equals("router_aux_loss_coef")) {
            return List.of(0.0);
        }
        boolean ofCispo = key.name().equals("epsilon_high") && key.type() == double.class;
        if (VALUES.containsKey(key.name()) && !ofCispo) {
            return List.of(VALUES.get(key.name()));
        }
        if (key.name().equals("kl_estimator") && key.value().asText().equals("k1")) {
            return List.of("k2", "k3", "abs", "low_var_kl"); // in a reward, where the others are refused
        }
        return switch (key.type().getSimpleName()) {
            case "int" -> List.of(key.value().intValue() + 1);
            case "long" -> List.of(key.value().longValue() + 1);
            case "double" -> List.of(key.value().doubleValue() / 4);
            case "boolean" -> List.of(!key.value().booleanValue());
            case "Arguments" -> List.of(new Arguments(BESIDE.get(key.name())));
            default ->
                key.choices().stream()
                        .filter(choice -> !choice.equals(key.value().asText()))
                        .map(Object.class::cast)
                        .toList();
        };
    }

    /** What a schedule and an optimizer take beside, where another setting must come with it. */
    private static final Map<String, Map<String, Object>> BESIDE =
            Map.of("lr_scheduler_kwargs", Map.of("min_lr_rate", 0.5), "optim_args", Map.of("momentum", 0.5));

    private static RlConfig changed(RlConfig config, String key, Object value) {
        RlConfig.Builder builder = config.toBuilder();
        if (key.equals("lr_scheduler_kwargs")) {
            builder.lrSchedulerType(LrScheduler.COSINE_WITH_MIN_LR);
        } else if (key.equals("optim_args")) {
            builder.optim(Optim.SGD);
        } else if (key.equals("warmup_ratio")) {
            return builder.warmupSteps(0).warmupRatio(0.75).build();
        } else if (value.equals("warmup_stable_decay")) {
            builder.lrSchedulerKwargs(new Arguments(Map.of("num_decay_steps", 2.0)));
        } else if (value.toString().endsWith("with_min_lr")) {
            builder.lrSchedulerKwargs(new Arguments(Map.of("min_lr_rate", 0.5)));
        }
        if (value.equals("recent")) {
            builder.set("max_segment_age", 1);
        }
        if (key.equals("repetition_ngram")) {
            builder.set("repetition_count", 2);
        }
        if (key.equals("repetition_count")) {
            builder.set("repetition_ngram", 1);
        }
        if (key.equals("max_segment_age")) {
            builder.set("learn_from_segments", "recent");
        }
        if (key.equals("per_device_train_batch_size")) {
            builder.set("updates_per_rollout", 1); // which the batch's size decides then
        }
        return builder.set(key, value).build();
    }

    private static RlConfig with(RlConfig config, Map<String, Object> settings) {
        RlConfig.Builder builder = config.toBuilder();
        List<String> names = ConfigTree.names(config);
        settings.forEach((key, value) -> {
            if (names.contains(key)) {
                builder.set(key, value);
            }
        });
        return builder.build();
    }

    /** Values that say no more than null does, or that are another name for the usual one here. */
    private static boolean alsoWithout(String key, Object value) {
        return key.equals("use_bias_correction_kl") && value.equals("false")
                || key.equals("loss_type") && value.equals("bnpo"); // a step is one micro-batch
    }

    static List<Method> methods() {
        return Methods.all();
    }

    @ParameterizedTest
    @MethodSource("methods")
    @DisplayName("every setting of a method changes what is learned")
    void ofMethods(Method method) throws IOException {
        RlConfig config = lively(method).toBuilder().learningRate(8e-3).seed(3).build(); // it clips both sides
        Outcome usual = run(config);
        assertThat(run(config)).as("the same run").isEqualTo(usual);
        Map<Map<String, Object>, Outcome> known = new HashMap<>(Map.of(Map.of(), usual));
        for (ConfigTree.Key key : ConfigTree.keys((Record) config.method())) {
            if (key.name().equals("value_model_path")) {
                continue; // a folder: see PpoTest
            }
            Map<String, Object> together = TOGETHER.getOrDefault(key.name(), Map.of());
            RlConfig beside = with(config, together);
            if (!known.containsKey(together)) {
                known.put(together, run(beside));
            }
            int without = known.get(together).weights();
            List<Object> others = others(key);
            assertThat(others).as("values to try of " + key.name()).isNotEmpty();
            for (Object other : others) {
                int weights =
                        run(beside.toBuilder().set(key.name(), other).build()).weights();
                String name = method.name() + ": " + key.name() + "=" + other;
                if (OF_FOREIGN_SAMPLES.contains(key.name()) || alsoWithout(key.name(), other)) {
                    assertThat(weights).as(name).isEqualTo(without);
                } else {
                    assertThat(weights).as(name).isNotEqualTo(without);
                }
            }
        }
    }

    @Test
    @DisplayName("every shared setting changes what is learned, or only what is measured and kept, or nothing, as it"
            + " promises")
    void ofAll() throws IOException {
        RlConfig config = lively(Methods.named("grpo"));
        Outcome usual = run(config);
        List<String> own = ConfigTree.names((Record) config.method());
        for (ConfigTree.Key key : ConfigTree.keys(config)) {
            if (own.contains(key.name()) || OF_OTHER_RUNS.contains(key.name())) {
                continue;
            }
            List<Object> others = others(key);
            assertThat(others).as("values to try of " + key.name()).isNotEmpty();
            for (Object other : others) {
                Object value = key.name().equals("micro_batch_tokens") ? 30 : other;
                Map<String, Object> together = TOGETHER.getOrDefault(key.name(), Map.of());
                RlConfig beside = with(config, together);
                Outcome outcome = run(changed(beside, key.name(), value));
                Outcome without = beside.equals(config) ? usual : run(beside);
                String name = key.name() + "=" + value;
                if (SAME_BITS.contains(key.name())) {
                    assertThat(outcome).as(name).isEqualTo(together.isEmpty() ? usual : run(beside));
                } else if (SAME_WEIGHTS.contains(key.name())) {
                    assertThat(outcome.weights()).as(name).isEqualTo(usual.weights());
                    assertThat(outcome).as(name).isNotEqualTo(usual);
                } else {
                    assertThat(outcome.weights()).as(name).isNotEqualTo(without.weights());
                }
            }
        }
    }
}
