// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code rl}, {@code sft} and {@code eval} from the command line to the files they leave. */
class TrainingCommandsTest {
    private static final Path ROOT = TestPaths.project();

    @TempDir
    Path folder;

    @BeforeEach
    void home() {
        System.setProperty("jacobian.home", ROOT.toString());
    }

    private static Run shortRl(Path out, Object... more) {
        List<Object> args = new ArrayList<>(List.of(
                "rl",
                "--json",
                "--steps",
                2,
                "--prompts",
                4,
                "--group-size",
                4,
                "--set",
                "eval_problems=5",
                "--set",
                "final_eval_problems=10",
                "--set",
                "save_steps=1",
                "--out",
                out));
        args.addAll(List.of(more));
        return Run.of(args.toArray());
    }

    @Test
    @DisplayName(
            "num_train_epochs makes the steps of a data file, in rollouts; the bundled task, which has no end, refuses"
                    + " it")
    void epochs() throws IOException {
        Path data = Files.writeString(
                folder.resolve("sums.jsonl"),
                IntStream.range(10, 40)
                        .mapToObj(i -> "{\"prompt\": \"%d+7=\", \"answer\": \"%d\"}".formatted(i, i + 7))
                        .collect(Collectors.joining("\n")));
        int rows = JsonlTask.of(data).trainSize();
        List<Object> args = new ArrayList<>(List.of("rl", "--json", "--dry-run", "--data", data, "--prompts", 4));
        args.addAll(List.of("--set", "num_train_epochs=2", "--set", "final_eval_problems=1"));
        JsonNode plan = Run.of(args.toArray()).json();
        assertThat(plan.path("config").path("max_steps").asInt()).isEqualTo(2 * (rows / 4));
        Run endless = shortRl(folder.resolve("run"), "--set", "num_train_epochs=2", "--set", "max_steps=-1");
        assertThat(endless.code()).isNotZero();
        Run bundled = Run.of("rl", "--json", "--dry-run", "--set", "num_train_epochs=2");
        assertThat(bundled.failureBehindNotes()).contains("has none; set max_steps");
    }

    @Test
    @DisplayName("demonstrations are mixed in by two settings, and a resumed run finds them from any folder")
    void mixtures() throws IOException {
        Path rows = TestPaths.testdata("rl", "ptx.jsonl");
        Path out = folder.resolve("run");
        Run run = shortRl(out, "--set", "ptx_coef=0.1", "--set", "ptx_data=" + rows, "--set", "ptx_batch_size=2");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(Jsonl.read(out.resolve("metrics.jsonl"))
                        .getLast()
                        .path("ptx_loss")
                        .asDouble())
                .isPositive();
        byte[] weights = Files.readAllBytes(out.resolve("model.safetensors"));
        SavedRuns.cutBack(out, 1);
        Run resumed = Run.of("rl", "--json", "--resume", "--out", out);
        assertThat(resumed.code()).as(resumed.err()).isZero();
        assertThat(Files.readAllBytes(out.resolve("model.safetensors"))).isEqualTo(weights);
        assertThat(Path.of(Json.read(out.resolve("run.json"))
                        .path("config")
                        .path("ptx_data")
                        .asText()))
                .isAbsolute();
        Path other = folder.resolve("other");
        assertThat(shortRl(other, "--set", "ptx_coef=0.1").failureBehindNotes())
                .contains("ptx_coef is 0.1, but ptx_data names no file of demonstrations");
        assertThat(shortRl(other, "--set", "ptx_coef=0.1", "--set", "ptx_data=absent.jsonl")
                        .failureBehindNotes())
                .contains("there is no file")
                .contains("absent.jsonl");
        assertThat(other).doesNotExist();
    }

    @Test
    @DisplayName("rl trains the bundled model, prints one JSON object, leaves a checkpoint, metrics and a report")
    void rl() throws IOException {
        Path out = folder.resolve("run");
        Run run = shortRl(out);
        assertThat(run.code()).as(run.err()).isZero();
        String[] lines = run.out().strip().split("\n");
        JsonNode result = Json.parse(lines[lines.length - 1], "the last line");
        assertThat(result.path("steps").asInt()).isEqualTo(2);
        assertThat(result.path("samples").asInt()).isEqualTo(32);
        assertThat(result.path("sampling_logp_difference_max").asDouble()).isEqualTo(0.0);
        assertThat(result.path("pass@1_before").isNumber()).isTrue();
        assertThat(result.path("pass@1_after").isNumber()).isTrue();
        assertThat(result.path("seconds").asDouble()).isPositive();
        assertThat(result.path("peak_memory_bytes").asLong()).isPositive();
        assertThat(result.path("out").asText()).isEqualTo(out.toString());
        for (String file : List.of(
                "config.json",
                "model.safetensors",
                "tokenizer.json",
                "tokenizer_config.json",
                "generation_config.json",
                "run.json",
                "report.html")) {
            assertThat(out.resolve(file)).isNotEmptyFile();
        }
        List<JsonNode> metrics = Jsonl.read(out.resolve("metrics.jsonl"));
        assertThat(metrics).hasSize(3);
        for (String name : List.of(
                "num_tokens",
                "step_time",
                "completions/mean_length",
                "completions/clipped_ratio",
                "rewards/countdown/mean",
                "reward",
                "reward_std",
                "frac_reward_zero_std",
                "entropy",
                "kl_to_init",
                "loss",
                "grad_norm",
                "learning_rate",
                "sampling/sampling_logp_difference/mean",
                "sampling/sampling_logp_difference/max")) {
            assertThat(metrics.get(2).has(name)).as(name).isTrue();
        }
        // the trained model is a checkpoint like any other
        Run eval = Run.of("eval", "--json", "--model", out, "--problems", 5, "--samples", 2);
        assertThat(eval.code()).as(eval.err()).isZero();
        assertThat(Json.parse(eval.out(), "eval").path("pass@2").isNumber()).isTrue();
    }

    @Test
    @DisplayName("a run is not overwritten; --resume continues it; with other settings it is refused")
    void resume() throws IOException {
        Path out = folder.resolve("run");
        assertThat(shortRl(out).code()).isZero();
        Run again = shortRl(out);
        assertThat(again.code()).isEqualTo(1);
        assertThat(again.err()).contains("already holds a run").doesNotContain("\tat ");
        assertThat(Run.of("rl", "--json", "--resume", "--out", out).code()).isZero();
        Run other = Run.of("rl", "--resume", "--out", out, "--learning-rate", "0.5");
        assertThat(other.code()).isEqualTo(1);
        assertThat(other.err()).contains("learning_rate");
        assertThat(Run.of("rl", "--resume", "--out", out, "--task", "addition").failure(ExitCode.FAILED))
                .isEqualTo(out + " was started with task countdown, not addition. Resume without --task and --data, or"
                        + " start a new run");
        Path data = Files.writeString(folder.resolve("rows.jsonl"), "{\"prompt\": \"1+1=\", \"answer\": \"2\"}\n");
        assertThat(Run.of("rl", "--resume", "--out", out, "--data", data).failure(ExitCode.FAILED))
                .contains("was started with task countdown, not jsonl");
        assertThat(Run.of("rl", "--json", "--resume", "--out", out, "--task", "countdown")
                        .code())
                .isZero();
        Run nothing = Run.of("rl", "--resume", "--out", folder.resolve("nothing"));
        assertThat(nothing.code()).isEqualTo(1);
        assertThat(nothing.err()).contains("no run to resume");
        Path file = out.resolve("run.json");
        String run = Files.readString(file);
        assertThat(run).contains("\"f32\"");
        Files.writeString(file, run.replace("\"f32\"", "\"f8\""));
        assertThat(Run.of("rl", "--resume", "--out", out).failure(ExitCode.FAILED))
                .isEqualTo(file + " has \"compute\": \"f8\"; use \"f32\", \"tf32\" or \"bf16\"");
    }

    @Test
    @DisplayName("what the clock decided in a run is replayed to the same model; a schedule of another run is refused"
            + " before anything is written")
    void replay() throws IOException {
        Path out = folder.resolve("free");
        Run run = shortRl(out, "--set", "max_staleness=1", "--set", "reproducible=false");
        assertThat(run.code()).as(run.err()).isZero();
        Path schedule = out.resolve("schedule.jsonl");
        Path again = folder.resolve("again");
        Run replay = shortRl(
                again, "--set", "max_staleness=1", "--set", "reproducible=false", "--replay-schedule", schedule);
        assertThat(replay.code()).as(replay.err()).isZero();
        assertThat(Files.mismatch(again.resolve("model.safetensors"), out.resolve("model.safetensors")))
                .isEqualTo(-1);
        assertThat(Files.mismatch(again.resolve("schedule.jsonl"), schedule)).isEqualTo(-1);
        assertThat(Json.read(again.resolve("run.json"))
                        .at("/config/replay_schedule")
                        .asText())
                .isEqualTo(schedule.toAbsolutePath().normalize().toString());
        Path other = folder.resolve("other");
        Run refused = shortRl(
                other,
                "--set",
                "max_staleness=1",
                "--set",
                "reproducible=false",
                "--seed",
                9,
                "--replay-schedule",
                schedule);
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.err()).contains("schedule.jsonl, line 1", "another seed: 0, now 9");
        assertThat(other).doesNotExist();
        assertThat(shortRl(other, "--set", "max_staleness=1", "--replay-schedule", "")
                        .failure(ExitCode.USAGE))
                .contains("--replay-schedule names no file");
        assertThat(Run.of("report", out, "--out", folder.resolve("page.html")).failure(ExitCode.USAGE))
                .contains("--out names the page that compares several runs", "report.html");
        Run useless = shortRl(other, "--set", "max_staleness=1", "--replay-schedule", schedule);
        assertThat(useless.err()).contains("nothing is left to the clock");
    }

    @Test
    @DisplayName("every algorithm runs; unknown algorithms, keys and values are told by name")
    void settings() throws IOException {
        assertThat(shortRl(folder.resolve("opo"), "--algorithm", "opo").code()).isZero();
        assertThat(shortRl(folder.resolve("omd"), "--algorithm", "omd").code()).isZero();
        assertThat(shortRl(folder.resolve("rloo"), "--algorithm", "rloo").code())
                .isZero();
        assertThat(shortRl(folder.resolve("cispo"), "--algorithm", "cispo").code())
                .isZero();
        Run foreign = shortRl(folder.resolve("foreign"), "--algorithm", "opo", "--set", "beta=0.5");
        assertThat(foreign.failure(ExitCode.FAILED))
                .isEqualTo("--set beta=0.5: the method opo has no setting 'beta'; methods that have it: "
                        + String.join(", ", Methods.having("beta"))
                        + ". Leave it out, or choose one of them as the algorithm");
        Run nonsense = shortRl(folder.resolve("foreign"), "--algorithm", "omd", "--set", "loss_type=nonsense");
        assertThat(nonsense.failure(ExitCode.FAILED)).contains("the method omd has no setting 'loss_type'");
        Run misspelt = shortRl(folder.resolve("foreign"), "--set", "loss_type=bnpqo");
        assertThat(misspelt.failure(ExitCode.FAILED))
                .startsWith("--set loss_type=bnpqo: 'loss_type' must be dapo, grpo, dr_grpo");
        Run several = shortRl(folder.resolve("foreign"), "--algorithm", "omd", "--set", "updates_per_rollout=5");
        assertThat(several.failure(ExitCode.FAILED))
                .contains("updates_per_rollout must not exceed prompts_per_step (4), got 5")
                .contains("updates_per_rollout from --set updates_per_rollout=5, prompts_per_step from --prompts");
        assertThat(folder.resolve("foreign")).doesNotExist();
        Run unknown = shortRl(folder.resolve("a"), "--algorithm", "a3c");
        assertThat(unknown.code()).isNotZero();
        assertThat(unknown.err()).contains("a3c").contains(Methods.names());
        Run key = shortRl(folder.resolve("b"), "--set", "lerning_rate=1e-4");
        assertThat(key.code()).isNotZero();
        assertThat(key.err()).contains("lerning_rate").contains("learning_rate");
        Run value = shortRl(folder.resolve("c"), "--set", "num_generations=many");
        assertThat(value.code()).isNotZero();
        assertThat(value.err()).contains("num_generations");
        Run one = shortRl(folder.resolve("d"), "--group-size", 1);
        assertThat(one.code()).isNotZero();
        Path config = Files.writeString(folder.resolve("config.json"), "{\"algorithm\": \"opo\", \"max_steps\": 1}");
        Run file = Run.of(
                "rl",
                "--json",
                "--config",
                config,
                "--prompts",
                2,
                "--group-size",
                2,
                "--set",
                "final_eval_problems=5",
                "--out",
                folder.resolve("e"));
        assertThat(file.code()).as(file.err()).isZero();
        assertThat(Json.read(folder.resolve("e").resolve("run.json"))
                        .path("algorithm")
                        .asText())
                .isEqualTo("opo");
    }

    @Test
    @DisplayName("sft from random weights gives the same bits twice, on one thread and two, and a loadable model")
    void sft() throws IOException {
        Path init = ROOT.resolve("models").resolve("countdown-0.6m").resolve("config.json");
        Path first = folder.resolve("first");
        Path second = folder.resolve("second");
        for (Object[] run : new Object[][] {{first, 1}, {second, 2}}) {
            Run sft = Run.of(
                    "sft",
                    "--init",
                    init,
                    "--give-up",
                    0,
                    "--steps",
                    60,
                    "--batch-size",
                    4,
                    "--seed",
                    3,
                    "--threads",
                    run[1],
                    "--out",
                    run[0]);
            assertThat(sft.code()).as(sft.err()).isZero();
        }
        for (String file : List.of("model.safetensors", "tokenizer.json", "tokenizer_config.json", "config.json")) {
            assertThat(Files.mismatch(first.resolve(file), second.resolve(file)))
                    .as(file)
                    .isEqualTo(-1);
        }
        assertThat(Files.mismatch(first.resolve("tokenizer.json"), init.resolveSibling("tokenizer.json")))
                .as("the bundled tokenizer")
                .isEqualTo(-1);
        Run again = Run.of("sft", "--steps", 60, "--out", first);
        assertThat(again.code()).isEqualTo(1);
        assertThat(again.err()).contains("exists already");
    }

    @Test
    @DisplayName("the seed of a configuration holds where the command line names none")
    void seed() throws IOException {
        Path data = Files.writeString(
                folder.resolve("pairs.jsonl"), "{\"prompt\": \"1+1=\", \"chosen\": \"2\", \"rejected\": \"3\"}\n");
        Path config = Files.writeString(folder.resolve("config.json"), "{\"seed\": 7}");
        Object[] plan = {"dpo", "--dry-run", "--json", "--data", data, "--config", config};
        assertThat(seedOf(Run.of(plan))).isEqualTo(7);
        Object[] other = Arrays.copyOf(plan, plan.length + 2);
        other[plan.length] = "--seed";
        other[plan.length + 1] = 8;
        assertThat(seedOf(Run.of(other))).isEqualTo(8);
    }

    @Test
    @DisplayName("settings of a new adapter are refused beside one that is named")
    void adapterSettings() {
        Run run = Run.of("dpo", "--data", "any.jsonl", "--adapter", folder, "--set", "lora_r=4");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("'lora_r' is about a new adapter");
    }

    private static long seedOf(Run run) {
        assertThat(run.code()).as(run.err()).isZero();
        return Json.parse(run.out(), "the plan").path("config").path("seed").asLong();
    }

    @Test
    @DisplayName("one's own data: JSONL for sft and rl, broken lines named")
    void ownData() throws IOException {
        Path demonstrations = Files.writeString(
                folder.resolve("sft.jsonl"),
                "{\"prompt\": \"1 2 3 = 6\\n\", \"completion\": \"<answer>1+2+3</answer>\"}\n");
        // fewer steps than the warm-up has by default
        Run sft = Run.of("sft", "--data", demonstrations, "--steps", 2, "--out", folder.resolve("m"));
        assertThat(sft.code()).as(sft.err()).isZero();
        StringBuilder rows = new StringBuilder();
        for (int target = 6; target < 46; target++) {
            rows.append("{\"prompt\": \"1 2 3 = " + target + "\\n\", \"answer\": \"" + target + "\"}\n");
        }
        Path problems = Files.writeString(folder.resolve("rl.jsonl"), rows.toString());
        Path run = folder.resolve("r");
        Run rl = Run.of(
                "rl",
                "--json",
                "--model",
                folder.resolve("m"),
                "--data",
                problems,
                "--steps",
                2,
                "--prompts",
                4,
                "--group-size",
                4,
                "--set",
                "max_completion_length=24",
                "--set",
                "final_eval_problems=2",
                "--set",
                "gradient_checkpointing=true",
                "--out",
                run);
        assertThat(rl.code()).as(rl.err()).isZero();
        assertThat(rl.err()).contains("memory: needs up to", "activations");
        assertThat(Json.read(run.resolve("run.json"))
                        .path("config")
                        .path("gradient_checkpointing")
                        .asBoolean())
                .isTrue();
        List<JsonNode> steps = Jsonl.read(run.resolve("metrics.jsonl"));
        assertThat(steps).hasSize(3); // one of them before training
        assertThat(steps.getLast().path("reward").isNumber()).isTrue();
        assertThat(steps.getLast().path("rewards/exact_match/mean").isNumber()).isTrue();
        Path broken = Files.writeString(folder.resolve("broken.jsonl"), "{\"prompt\": 1}\n");
        Run bad = Run.of("sft", "--data", broken, "--out", folder.resolve("n"));
        assertThat(bad.code()).isEqualTo(1);
        assertThat(bad.err()).contains("broken.jsonl").contains("prompt").doesNotContain("\tat ");
        Run missing = Run.of("rl", "--data", folder.resolve("absent.jsonl"), "--out", folder.resolve("o"));
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err()).contains("absent.jsonl");
    }
}
