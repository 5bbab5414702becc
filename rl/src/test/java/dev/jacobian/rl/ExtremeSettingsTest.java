// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.transformer.CausalLM;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole numbers at the ends of their range, in every setting: a step, or one clear error before anything large is made. */
class ExtremeSettingsTest {
    /** More than checking a run of the tiny model allocates, and far less than a run of absurd size. */
    private static final long CHECKED_IN = 256L << 20;

    private static final Map<String, Object> TRL = Map.of("per_device_train_batch_size", 8);
    private static final Map<String, Object> WAITING = Map.of("rollout_token_budget", 2);

    /** What a setting needs beside it, to be looked at at all. */
    private static final Map<String, Map<String, Object>> TOGETHER = Map.ofEntries(
            Map.entry("buffer_size", Map.of("buffer", "replay")),
            Map.entry("buffer_max_age", Map.of("buffer", "replay")),
            Map.entry("curriculum_pool", Map.of("curriculum", "prioritized")),
            Map.entry(
                    "curriculum_steps",
                    Map.of("curriculum", "uniform_then_hard", "curriculum_threshold", 0.5, "curriculum_pool", 16)),
            Map.entry("dynamic_sampling_max_waves", Map.of("dynamic_sampling", true)),
            Map.entry("gradient_accumulation_steps", TRL),
            Map.entry("steps_per_generation", TRL),
            Map.entry("inflight_groups", WAITING),
            Map.entry("max_rollout_iterations", WAITING),
            Map.entry("max_segment_age", Map.of("rollout_token_budget", 2, "learn_from_segments", "recent")),
            Map.entry("max_inflight", Map.of("max_staleness", 2)),
            Map.entry("repetition_ngram", Map.of("repetition_count", 2)),
            Map.entry("repetition_count", Map.of("repetition_ngram", 1)),
            Map.entry("ref_model_sync_steps", Map.of("sync_ref_model", true)));

    /** Runs in which settings of methods mean something else than in the others. */
    private static final Map<String, Object> FREE = Map.of("max_staleness", 2, "reproducible", false, "save_steps", 1);

    static Stream<Arguments> settings() {
        Map<String, Method> owners = new LinkedHashMap<>();
        for (Method method : Methods.all()) {
            RlConfig config = RlConfig.DEFAULT.withMethod(method);
            for (ConfigTree.Key key : ConfigTree.keys(config)) {
                boolean whole = key.type() == int.class || key.type() == long.class || key.type() == OptionalInt.class;
                if (whole) {
                    owners.putIfAbsent(key.name(), method);
                }
            }
        }
        return owners.entrySet().stream().map(owner -> Arguments.of(owner.getKey(), owner.getValue()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("settings")
    @DisplayName("a step, or an error that names the setting, before a sample is drawn")
    void extremes(String key, Method method) {
        Map<String, Object> beside = TOGETHER.getOrDefault(key, Map.of());
        for (int value : new int[] {Integer.MIN_VALUE, -1, 0, 1, 2, Integer.MAX_VALUE - 1, Integer.MAX_VALUE}) {
            attempt(method, beside, key, value);
        }
        if (key.equals("max_steps")) {
            attempt(method, FREE, key, Integer.MAX_VALUE);
            attempt(method, TRL, key, Integer.MAX_VALUE);
        }
    }

    private static void attempt(Method method, Map<String, Object> beside, String key, int value) {
        CausalLM model = TestModels.addition();
        long before = allocated();
        try {
            RlTrainer trainer = new RlTrainer(model, new Addition(), config(method, beside, key, value));
            trainer.listener(TrainingListener.eachStep(step -> {
                if (step.step() > 0) {
                    throw new Learned();
                }
            }));
            try {
                trainer.train();
            } catch (Learned learned) {
                return;
            }
            assertThat(trainer).as("a run of one step ends by itself").isNotNull();
        } catch (IllegalArgumentException | IllegalStateException | FormatException refused) {
            assertThat(refused.getMessage())
                    .as(key + "=" + value)
                    .containsAnyOf(key, String.valueOf(value))
                    .doesNotContain("Optional");
            assertThat(allocated() - before)
                    .as(key + "=" + value + ": bytes until it was refused")
                    .isLessThan(CHECKED_IN);
        } catch (Throwable failure) {
            fail(key + "=" + value + ": " + failure, failure);
        }
    }

    private static RlConfig config(Method method, Map<String, Object> beside, String key, int value) {
        Given given = new Given();
        Map<String, Object> all = new LinkedHashMap<>(Map.of(
                "algorithm",
                method.name(),
                "max_steps",
                2,
                "num_generations",
                2,
                "max_completion_length",
                4,
                "eval_steps",
                0,
                "final_eval_problems",
                2));
        if (!beside.containsKey("per_device_train_batch_size") && !key.equals("per_device_train_batch_size")) {
            all.put("prompts_per_step", 4);
        }
        all.putAll(beside);
        all.put(key, value);
        all.forEach((name, one) -> given.set(name, one, "test"));
        return RlConfig.DEFAULT.with(given);
    }

    /** Bytes that this thread has allocated, which the platform's interface does not say. */
    private static long allocated() {
        try {
            return (long) Class.forName("com.sun.management.ThreadMXBean")
                    .getMethod("getCurrentThreadAllocatedBytes")
                    .invoke(ManagementFactory.getThreadMXBean());
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("this JVM does not count what a thread allocates", e);
        }
    }

    /** A step was made. */
    private static final class Learned extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Learned() {
            super("learned", null, false, false);
        }
    }
}
