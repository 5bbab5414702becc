// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.advantage.MeanBaseline;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.method.Algorithm;
import dev.jacobian.rl.method.Grpo;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.rl.method.Omd;
import dev.jacobian.rl.method.Opo;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.Reinforce;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.rl.task.Addition;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Settings from Java, JSON and the command line; every error says which key, why, and where the value comes from. */
class RlConfigTest {
    private static Given given(String json) {
        return new Given().setAll((ObjectNode) Json.parse(json, "test"), "my.json");
    }

    private static RlConfig with(String json) {
        return RlConfig.DEFAULT.with(given(json));
    }

    @Test
    @DisplayName("JSON is flat, has the method's own keys and no other's, and reads back as the same configuration")
    void json() {
        for (Method method : Methods.all()) {
            RlConfig config =
                    RlConfig.builder().method(method).maxSteps(7).seed(3).build();
            ObjectNode json = config.toJson();
            assertThat(json.properties())
                    .allSatisfy(
                            entry -> assertThat(entry.getValue().isValueNode()).isTrue());
            assertThat(json.get("algorithm").textValue()).isEqualTo(method.name());
            List<String> keys = new ArrayList<>();
            json.fieldNames().forEachRemaining(keys::add);
            assertThat(keys).doesNotHaveDuplicates();
            for (Method other : Methods.all()) {
                for (String key : ConfigTree.names((Record) other)) {
                    assertThat(json.has(key))
                            .as(method.name() + " " + key)
                            .isEqualTo(Methods.having(key).contains(method.name()));
                }
            }
            assertThat(RlConfig.DEFAULT.with(new Given().setAll(json, "itself")))
                    .isEqualTo(config);
        }
    }

    @Test
    @DisplayName("settings of older samples that could have no effect, or would count wrongly, are refused")
    void olderSamples() {
        for (String[] one : new String[][] {
            {"{'max_staleness': 1, 'max_inflight': 3}", "lets no more than 2 rollouts be under way"},
            {"{'reproducible': false}", "max_staleness is 0, where they take turns"},
            {"{'stale_rollouts': 'drop'}", "max_staleness is 0, where sampling and learning take turns"},
            {"{'stale_rollouts': 'drop', 'max_staleness': 1}", "weights of a rollout follow from its number"},
            {
                "{'stale_rollouts': 'drop', 'max_staleness': 1, 'reproducible': false, 'max_inflight': 1}",
                "lets one at a time be under way"
            },
            {"{'replay_schedule': 'schedule.jsonl', 'max_staleness': 1}", "nothing is left to the clock"},
            {"{'algorithm': 'opo', 'max_staleness': 1, 'reproducible': false}", "opo is strictly on-policy"},
            {"{'buffer': 'replay', 'max_staleness': 8}", "the youngest group of an earlier rollout is 9 old"},
            {"{'buffer': 'replay', 'buffer_max_age': 1, 'updates_per_rollout': 2}", "is 2 old"},
            {"{'algorithm': 'remax', 'dynamic_sampling': true}", "learns from such groups too"},
            {"{'algorithm': 'ppo', 'dynamic_sampling': true}", "learns from such groups too"},
        }) {
            assertThatThrownBy(() -> with(one[0].replace('\'', '"'))).hasMessageContaining(one[1]);
        }
        assertThat(with("{\"buffer\": \"replay\", \"max_staleness\": 7}")
                        .buffer()
                        .isReplay())
                .isTrue();
    }

    @Test
    @DisplayName("num_train_epochs makes the steps that TRL makes of the rows, in its terms and in rollouts; max_steps"
            + " wins; where there is nothing to count it is refused")
    void epochs() {
        // ⌈epochs · ⌈⌊rows / prompts⌋ · steps_per_generation · num_iterations / gradient_accumulation_steps⌉⌉
        record Case(
                int rows, int prompts, int generation, int iterations, int accumulation, double epochs, int steps) {}
        for (Case one : new Case[] {
            new Case(10, 2, 1, 1, 1, 1.0, 5),
            new Case(11, 2, 1, 1, 1, 2.0, 10),
            new Case(10, 2, 2, 1, 2, 1.5, 8),
            new Case(10, 3, 3, 2, 1, 1.0, 18),
            new Case(10, 2, 2, 1, 4, 1.0, 3),
            new Case(7, 2, 1, 1, 2, 0.5, 1),
        }) {
            RlConfig config = with(
                    "{'per_device_train_batch_size': %d, 'steps_per_generation': %d, 'num_iterations': %d, 'num_generations': 2, 'gradient_accumulation_steps': %d, 'num_train_epochs': %s, 'max_steps': -1}"
                            .formatted(
                                    2 * one.prompts / one.generation,
                                    one.generation,
                                    one.iterations,
                                    one.accumulation,
                                    one.epochs)
                            .replace('\'', '"'));
            assertThat(config.stepsOf(one.rows, "the data").maxSteps())
                    .as(one.toString())
                    .isEqualTo(one.steps);
        }
        RlConfig rollouts = with("{\"num_train_epochs\": 2.5, \"prompts_per_step\": 4}");
        assertThat(rollouts.maxSteps()).isEqualTo(-1);
        assertThat(rollouts.stepsOf(11, "the data").maxSteps()).isEqualTo(5);
        RlConfig both = with("{\"num_train_epochs\": 2.5, \"max_steps\": 7}");
        assertThat(both.stepsOf(11, "the data").maxSteps()).isEqualTo(7);
        assertThat(with("{\"num_train_epochs\": null}").maxSteps()).isEqualTo(100);
        assertThatThrownBy(() -> rollouts.stepsOf(0, "task 'countdown'"))
                .hasMessage(
                        "num_train_epochs counts passes through a list of problems, and task 'countdown' has none; set"
                                + " max_steps");
        assertThatThrownBy(() -> rollouts.stepsOf(3, "the data"))
                .hasMessageContaining("the data has 3 problems to train on, fewer than the 4 of a rollout");
        assertThatThrownBy(() -> with("{\"max_steps\": -1}")).hasMessageContaining("max_steps must be at least 1");
        assertThatThrownBy(() -> with("{\"num_train_epochs\": 0}")).hasMessageContaining("must be positive");
        assertThatThrownBy(() -> new RlTrainer(TestModels.addition(), new Addition(), rollouts))
                .hasMessageContaining("task 'addition' has none");
    }

    @Test
    @DisplayName("the defaults are TRL's")
    void defaults() {
        ObjectNode json = RlConfig.DEFAULT.toJson();
        assertThat(json.get("learning_rate").doubleValue()).isEqualTo(1e-6);
        assertThat(json.get("lr_scheduler_type").textValue()).isEqualTo("constant");
        assertThat(json.get("loss_type").textValue()).isEqualTo("dapo");
        assertThat(json.get("scale_rewards").textValue()).isEqualTo("group");
        assertThat(json.get("epsilon").doubleValue()).isEqualTo(0.2);
        assertThat(json.get("beta").doubleValue()).isZero();
        assertThat(json.get("num_generations").intValue()).isEqualTo(8);
        assertThat(OfflineConfig.of(Sft.DEFAULT)
                        .toJson()
                        .get("lr_scheduler_type")
                        .textValue())
                .isEqualTo("cosine");
        assertThat(OfflineConfig.of(Sft.DEFAULT).toJson().get("learning_rate").doubleValue())
                .isEqualTo(1e-3);
        assertThat(OfflineConfig.of(Sft.DEFAULT).toJson().has("offload_reference"))
                .isFalse();
    }

    @Test
    @DisplayName("a setting that only other methods have is an error that names them")
    void settingOfAnotherMethod() {
        assertThatThrownBy(() -> with("{\"algorithm\": \"opo\", \"beta\": 0.5}"))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("my.json: the method opo has no setting 'beta'; methods that have it: "
                        + String.join(", ", Methods.having("beta")));
        assertThatThrownBy(() -> with("{\"algorithm\": \"omd\", \"loss_type\": \"nonsense\"}"))
                .hasMessageContaining("the method omd has no setting 'loss_type'; methods that have it: grpo, opo");
        assertThatThrownBy(() -> with("{\"tau\": 7}")).hasMessageContaining("methods that have it: omd");
        assertThatThrownBy(() ->
                        RlConfig.builder().algorithm("opo").set("epsilon", 0.9).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the method opo has no setting 'epsilon'");
    }

    @Test
    @DisplayName("unknown keys and methods, wrong types and values tell the origin")
    void origins() {
        assertThatThrownBy(() -> with("{\"lerning_rate\": 1}"))
                .hasMessage("my.json: the key 'lerning_rate' is unknown. Did you mean 'learning_rate'?");
        assertThatThrownBy(() -> with("{\"algorithm\": \"a3c\"}"))
                .hasMessage("my.json: unknown algorithm 'a3c'. Use " + Methods.names());
        assertThatThrownBy(() -> with("{\"loss_type\": \"ppo\"}"))
                .hasMessageContaining("'loss_type' must be dapo, grpo, dr_grpo, bnpo, cispo, sapo, luspo, vespo,"
                        + " seq-mean-token-sum or token-sum, not \"ppo\"");
        assertThatThrownBy(() -> with("{\"algorithm\": \"opo\", \"loss_type\": \"bnpo\"}"))
                .hasMessageContaining(
                        "'loss_type' must be dapo, grpo, dr_grpo, seq-mean-token-sum or token-sum, not \"bnpo\"");
        assertThatThrownBy(() -> with("{\"max_steps\": 1.5}"))
                .hasMessageContaining("my.json: 'max_steps' must be an integer, not 1.5");
        assertThatThrownBy(() -> with("{\"max_steps\": 99999999999}")).hasMessageContaining("'max_steps'");
        assertThatThrownBy(() -> with("{\"offload_optimizer\": 1}"))
                .hasMessageContaining("'offload_optimizer' must be true or false, not 1");
        assertThatThrownBy(() -> with("{\"temperature\": 0}"))
                .hasMessageContaining("my.json: temperature must be positive, got 0");
        Given layers = new Given()
                .set("updates_per_rollout", 4, "the preset")
                .set("learning_rate", 3.0, "the preset")
                .set("learning_rate", 1e-4, "--learning-rate")
                .set("prompts_per_step", 2, "--prompts");
        assertThatThrownBy(() -> RlConfig.DEFAULT.with(layers))
                .hasMessageContaining("updates_per_rollout must not exceed prompts_per_step (2), got 4")
                .hasMessageContaining("updates_per_rollout from the preset")
                .hasMessageContaining("prompts_per_step from --prompts");
        assertThatThrownBy(() -> with("{\"updates_per_rollout\": 33}"))
                .hasMessageContaining("prompts_per_step from the defaults");
        RlConfig begun = RlConfig.builder().promptsPerStep(16).build();
        assertThatThrownBy(() -> begun.with(new Given().set("updates_per_rollout", 17, "--set")))
                .as("of a run that goes on")
                .hasMessageContaining("updates_per_rollout from --set, ")
                .hasMessageContaining("prompts_per_step=16 as it was before")
                .hasMessageNotContaining("the defaults");
        Given two = new Given().set("buffer", "replay", "--first").set("buffer_fresh", 2.0, "--second");
        assertThatThrownBy(() -> RlConfig.DEFAULT.with(two))
                .as("the culprit is what the message names first")
                .hasMessageStartingWith("--second: buffer_fresh must be a share");
        assertThatThrownBy(() -> with("{\"num_train_epochs\": 0}"))
                .hasMessageContaining("num_train_epochs must be positive and finite, got 0.0");
        assertThatThrownBy(() -> with("{\"max_staleness\": 2147483646, \"max_inflight\": 2147483647,"
                        + " \"reproducible\": false, \"seed\": -1, \"max_steps\": 0}"))
                .hasMessageNotContaining("-2147483648");
        assertThat(RlConfig.builder()
                        .maxStaleness(Integer.MAX_VALUE)
                        .build()
                        .async()
                        .inflight())
                .isEqualTo(Integer.MAX_VALUE);
    }

    @Test
    @DisplayName("the last layer wins; another method begins with its own defaults, the same one keeps its settings")
    void layers() {
        RlConfig omd = with("{\"algorithm\": \"omd\", \"tau\": 0.5}");
        assertThat(omd.method()).isEqualTo(Omd.DEFAULT.with("tau", 0.5));
        assertThat(omd.with(given("{\"algorithm\": \"omd\", \"max_steps\": 3}")).method())
                .isEqualTo(omd.method());
        assertThat(omd.with(given("{\"algorithm\": \"opo\"}")).method()).isEqualTo(Opo.DEFAULT);
        assertThat(with("{\"lr_scheduler_type\": \"constant_with_warmup\", \"loss_type\": \"token-mean\"}"))
                .isEqualTo(RlConfig.DEFAULT);
    }

    @Test
    @DisplayName("the order of a builder's setters does not matter")
    void builderOrder() {
        Method many = Omd.DEFAULT.with("updates_per_rollout", 50);
        RlConfig config = RlConfig.builder().method(many).promptsPerStep(64).build();
        assertThat(RlConfig.builder().promptsPerStep(64).method(many).build()).isEqualTo(config);
        assertThat(config.toBuilder()
                        .promptsPerStep(2)
                        .method(Grpo.DEFAULT)
                        .build()
                        .rollout()
                        .promptsPerStep())
                .isEqualTo(2);
        assertThatThrownBy(() -> RlConfig.builder().numGenerations(1).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("num_generations must be at least 2");
    }

    @Test
    @DisplayName("builders have one setter for every shared key, under the key's name")
    void setters() {
        for (Class<?> builder : List.of(RlConfig.Builder.class, OfflineConfig.Builder.class)) {
            List<String> setters = Stream.concat(
                            Stream.of(builder.getDeclaredMethods()),
                            Stream.<Class<?>>iterate(
                                            builder.getSuperclass(), type -> type != Object.class, Class::getSuperclass)
                                    .flatMap(type -> Stream.of(type.getDeclaredMethods())))
                    .filter(method -> method.getParameterCount() == 1 && !method.isSynthetic())
                    .map(method -> method.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT))
                    .filter(name -> !List.of("method", "algorithm").contains(name))
                    .toList();
            Record defaults = builder == RlConfig.Builder.class ? RlConfig.DEFAULT : OfflineConfig.of(Sft.DEFAULT);
            List<String> keys = new ArrayList<>(ConfigTree.names(defaults));
            Record method = defaults instanceof RlConfig config
                    ? (Record) config.method()
                    : (Record) ((OfflineConfig) defaults).method();
            keys.removeAll(ConfigTree.names(method));
            assertThat(setters).containsExactlyInAnyOrderElementsOf(keys);
        }
    }

    // Methods of one's own

    /** A method that does not announce its settings to the library. */
    record Mine(double strength) implements Method {
        @Override
        public String name() {
            return "mine";
        }

        @Override
        public Algorithm algorithm(RolloutConfig rollout) {
            return new Algorithm(name(), new MeanBaseline(), new Reinforce(), Aggregation.tokenMean(), 1, true, false);
        }
    }

    @Test
    @DisplayName("a method of one's own is described with its name and settings")
    void ownMethod() {
        ObjectNode json = RlConfig.DEFAULT.withMethod(new Mine(0.25)).toJson();
        assertThat(json.get("algorithm").textValue()).isEqualTo("mine");
        assertThat(json.get("method").get("strength").doubleValue()).isEqualTo(0.25);
        assertThat(json.has("beta")).isFalse();
        assertThat(json.get("max_steps").intValue()).isEqualTo(100);
        Algorithm made =
                new Algorithm("made", group -> null, new Reinforce(), Aggregation.constant(9), 1, false, false);
        ObjectNode described = RlConfig.DEFAULT.withMethod(made).toJson();
        assertThat(described.get("algorithm").textValue()).isEqualTo("made");
        assertThat(described.get("method").get("advantages").textValue()).isEqualTo("a lambda");
        assertThat(described.get("method").get("aggregation").get("max_length").intValue())
                .isEqualTo(9);
    }
}
