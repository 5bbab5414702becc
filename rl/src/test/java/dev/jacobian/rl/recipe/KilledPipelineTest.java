// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.RunProcess;
import dev.jacobian.rl.TestModels;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.rl.recipe.stage.Pipeline;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.selection.Keep;
import dev.jacobian.rl.task.Addition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pipeline that is killed in the middle of its stages ends with the bits of one that was left alone. */
class KilledPipelineTest {
    private static final List<String> STAGES = List.of("01-sft", "02-answers", "03-distill", "04-rl");

    @TempDir
    Path folder;

    /** Runs the pipeline in a process of its own; {@code args}: model, folder. */
    static final class Run {
        private Run() {}

        public static void main(String[] args) {
            pipeline(Path.of(args[0])).run(Path.of(args[1]));
        }
    }

    private static Pipeline pipeline(Path model) {
        CheckConfig check = new CheckConfig(20, 4, 2);
        Problems sums = Problems.of(new Addition());
        OfflineConfig sft = OfflineConfig.of(Sft.DEFAULT)
                .with(new Given()
                        .set("max_steps", 20, "test")
                        .set("per_device_train_batch_size", 8, "test")
                        .set("learning_rate", 1e-3, "test")
                        .set("save_steps", 1, "test"));
        RlConfig rl = RlConfig.builder()
                .maxSteps(10)
                .promptsPerStep(4)
                .numGenerations(4)
                .maxCompletionLength(4)
                .learningRate(1e-3)
                .evalSteps(3)
                .evalProblems(10)
                .finalEvalProblems(10)
                .saveSteps(1)
                .build();
        return Recipe.of(
                        "test",
                        new SftStage(
                                "sft",
                                "sums",
                                Source.of(model),
                                Demonstrations.of(new Sums(new Addition(), 0.2)),
                                sums,
                                sft,
                                check),
                        new SamplingStage(
                                "answers",
                                "right ones",
                                Source.model("sft"),
                                sums,
                                Keep.RIGHT,
                                new AnswersConfig(200, 4, 4, 1)),
                        new SftStage(
                                "distill",
                                "right sums",
                                Source.model("sft"),
                                Demonstrations.of(new Source.Made("answers", SamplingStage.DATA)),
                                sums,
                                sft,
                                check),
                        new RlStage("rl", "more", Source.model("distill"), sums, rl, check))
                .pipeline(3);
    }

    @Test
    @DisplayName(
            "killed while it fine-tunes, samples and learns from rewards, it ends with the same models and figures")
    void killed() throws Exception {
        Path model = folder.resolve("model");
        TestModels.addition().save(model);
        Path whole = folder.resolve("whole");
        pipeline(model).run(whole);
        Path broken = folder.resolve("broken");
        for (String stage : List.of("01-sft", "02-answers", "04-rl")) {
            Process process = RunProcess.start(Run.class, folder.resolve("log"), model, broken);
            Path of = broken.resolve(stage);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
            while (process.isAlive() && !isUnderWay(of) && System.nanoTime() < deadline) {
                Thread.sleep(1);
            }
            process.destroyForcibly();
            process.waitFor();
            assertThat(of).as(Files.readString(folder.resolve("log"))).isDirectory();
            assertThat(of.resolve("stage.json")).as("the kill came too late").doesNotExist();
        }
        pipeline(model).run(broken);
        for (String stage : STAGES) {
            assertThat(told(broken, stage)).as(stage).isEqualTo(told(whole, stage));
            Path weights = whole.resolve(stage).resolve("model.safetensors");
            if (Files.exists(weights)) {
                assertThat(Files.mismatch(weights, broken.resolve(stage).resolve("model.safetensors")))
                        .as(stage)
                        .isEqualTo(-1);
            }
        }
        assertThat(Files.mismatch(whole.resolve("02-answers/data.jsonl"), broken.resolve("02-answers/data.jsonl")))
                .isEqualTo(-1);
    }

    private static boolean isUnderWay(Path stage) throws IOException {
        return Files.exists(stage.resolve("part-000032.json")) || RunProcess.lines(stage) > 3;
    }

    /** All that is told of a stage but the time that it took. */
    private static ObjectNode told(Path pipeline, String stage) {
        ObjectNode json = (ObjectNode) Json.read(pipeline.resolve(stage).resolve("stage.json"));
        json.remove("seconds");
        return json;
    }
}
