// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.advantage.LeaveOneOut;
import dev.jacobian.rl.advantage.MeanBaseline;
import dev.jacobian.rl.config.LrScheduler;
import dev.jacobian.rl.method.Algorithm;
import dev.jacobian.rl.method.Grpo;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.rl.method.Omd;
import dev.jacobian.rl.method.Opo;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.Reinforce;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.task.Addition;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** run.json: what an earlier version wrote is still understood, and a method of one's own is noticed. */
class SavedConfigTest {
    private static final RunOrigin ORIGIN = new RunOrigin("addition", "addition", Optional.empty());

    @TempDir
    Path folder;

    /** A run.json of format 1, which had the settings of all methods, whichever was used. */
    private static ObjectNode formatOne(String algorithm) {
        return (ObjectNode) Json.parse("""
            {
              "format": 1, "algorithm": "ALGORITHM", "model": "addition", "task": "addition", "seed": 3,
              "config": {
                "algorithm": "ALGORITHM", "max_steps": 2, "prompts_per_step": 4, "num_generations": 4,
                "max_completion_length": 4, "temperature": 1.0, "learning_rate": 0.001,
                "lr_scheduler_type": "constant_with_warmup", "warmup_steps": 1, "max_grad_norm": 1.0,
                "adam_beta1": 0.9, "adam_beta2": 0.99, "weight_decay": 0.0, "loss_type": "token-mean",
                "scale_rewards": "group", "epsilon": 0.2, "epsilon_high": 0.28, "beta": 0.0, "tau": 0.1,
                "updates_per_rollout": 1, "reset_optimizer": true, "micro_batch_tokens": 4096,
                "gradient_checkpointing": false, "offload_optimizer": false, "offload_reference": false,
                "eval_steps": 10, "eval_problems": 5, "final_eval_problems": 5, "save_steps": 1,
                "save_total_limit": 2, "kl_samples": 4, "log_completions": 2, "seed": 3
              },
              "arithmetic": "F32", "compute": "f32", "batch_invariant": true, "machine": "JDK 25"
            }
            """.replace("ALGORITHM", algorithm), "run.json");
    }

    private static RlConfig.Builder same() {
        return RlConfig.builder()
                .maxSteps(2)
                .promptsPerStep(4)
                .numGenerations(4)
                .maxCompletionLength(4)
                .learningRate(1e-3)
                .lrSchedulerType(LrScheduler.CONSTANT)
                .warmupSteps(1)
                .adamBeta2(0.99)
                .evalProblems(5)
                .finalEvalProblems(5)
                .saveSteps(1)
                .klSamples(4)
                .seed(3);
    }

    @Test
    @DisplayName("format 1 means what it meant: the settings of other methods had no effect")
    void formatOne() {
        assertThat(SavedConfig.read(formatOne("grpo"), "run.json"))
                .isEqualTo(same().method(Grpo.DEFAULT.with("epsilon", 0.2).with("epsilon_high", 0.28))
                        .build());
        assertThat(SavedConfig.read(formatOne("opo"), "run.json"))
                .isEqualTo(same().method(Opo.DEFAULT).build());
        assertThat(SavedConfig.read(formatOne("omd"), "run.json"))
                .isEqualTo(same().method(Omd.DEFAULT).build());
        ObjectNode stray = formatOne("opo");
        stray.withObject("/config").put("lerning_rate", 1);
        assertThatThrownBy(() -> SavedConfig.read(stray, "run.json"))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("run.json: the key 'lerning_rate' is unknown");
    }

    @Test
    @DisplayName("format 2 is strict about methods; a later format is refused")
    void formats() {
        ObjectNode two = formatOne("opo").put("format", 2);
        assertThatThrownBy(() -> SavedConfig.read(two, "run.json"))
                .hasMessageContaining("run.json: the method opo has no setting 'scale_rewards'");
        assertThatThrownBy(() -> SavedConfig.read(formatOne("opo").put("format", 3), "run.json"))
                .hasMessageContaining("run.json: format 3");
        ObjectNode current = Json.object().put("format", 2);
        current.set("config", same().build().toJson());
        assertThat(SavedConfig.read(current, "run.json")).isEqualTo(same().build());
    }

    @Test
    @DisplayName("a run begun with format 1 is resumed; with another setting of its method it is refused")
    void resumed() {
        Path run = folder.resolve("run");
        RlConfig config = same().method(Opo.DEFAULT).build();
        new RlTrainer(TestModels.addition(), new Addition(), config)
                .output(run, ORIGIN, false)
                .train();
        JsonNode written = Json.read(run.resolve("run.json"));
        assertThat(written.get("format").intValue()).isEqualTo(2);
        assertThat(written.get("config").has("tau")).isFalse();
        ObjectNode old = ((ObjectNode) written).deepCopy().put("format", 1);
        old.set("config", formatOne("opo").get("config"));
        Json.write(run.resolve("run.json"), old);
        new RlTrainer(TestModels.addition(), new Addition(), config)
                .output(run, ORIGIN, true)
                .train();
        assertThat(Json.read(run.resolve("run.json")).get("format").intValue()).isEqualTo(2);
    }

    @Test
    @DisplayName("a method of one's own is named in run.json, and another one does not continue its run")
    void ownMethod() {
        Path run = folder.resolve("run");
        train(run, own("mine", new MeanBaseline()), false);
        JsonNode written = Json.read(run.resolve("run.json"));
        assertThat(written.get("algorithm").textValue()).isEqualTo("mine");
        assertThat(written.get("config")
                        .get("method")
                        .get("objective")
                        .get("class")
                        .textValue())
                .isEqualTo("dev.jacobian.rl.objective.Reinforce");
        train(run, own("mine", new MeanBaseline()), true);
        assertThatThrownBy(() -> train(run, own("mine", new LeaveOneOut()), true))
                .hasMessageContaining("was started with another config: method was");
        assertThatThrownBy(() -> train(run, own("yours", new MeanBaseline()), true))
                .hasMessageContaining("another algorithm: \"mine\", now \"yours\"");
        assertThatThrownBy(() ->
                        new RlTrainer(TestModels.addition(), new Addition(), same().build()).output(run, ORIGIN, true))
                .hasMessageContaining("another algorithm: \"mine\", now \"grpo\"");
        assertThatThrownBy(() -> SavedConfig.read(written, "run.json"))
                .hasMessageContaining("\"mine\", is none of " + Methods.names());
    }

    private static Algorithm own(String name, AdvantageEstimator advantages) {
        return new Algorithm(name, advantages, new Reinforce(), Aggregation.tokenMean(), 1, true, false);
    }

    private static void train(Path run, Algorithm method, boolean resume) {
        new RlTrainer(
                        TestModels.addition(),
                        new Addition(),
                        same().method(method).build())
                .output(run, ORIGIN, resume)
                .train();
    }
}
