// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.Checkpoints;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code plan}. What the simulation computes is tested where it lives. */
class PlanCommandTest {
    private static final Path MODEL = TestPaths.model("arith-qwen3");

    @TempDir
    Path folder;

    /** All numbers given, each of which counts. */
    private static final String GIVEN = "plan --json --workers 3 --prompts 4 --group-size 4 --max-staleness 0"
            + " --prompt-tokens 20 --completion-tokens 50 --completion-spread 0.6 --max-completion-tokens 120 --slots 4"
            + " --decode-seconds 1=0.01,8=0.02 --prefill-seconds 0.001 --train-seconds 2 --reward-seconds 0.1"
            + " --reward-spread 0.3 --reward-concurrency 2 --weight-bytes 1e6 --delta-share 0.5 --bandwidth 1e7"
            + " --latency 0.01 --fan-out 0 --lost-per-hour 500 --worker-timeout 2 --away-seconds 3 --max-workers 5"
            + " --steps 6 --seed 1";

    private static Run plan(String line, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of((Object[]) line.split(" ")));
        arguments.addAll(List.of(more));
        return Run.of(arguments.toArray());
    }

    @ParameterizedTest
    @CsvSource({
        "workers, 2",
        "prompts, 8",
        "group-size, 8",
        "max-staleness, 1",
        "prompt-tokens, 200",
        "completion-tokens, 60",
        "completion-spread, 0.2",
        "max-completion-tokens, 80",
        "slots, 1",
        "decode-seconds, '1=0.01,8=0.04'",
        "prefill-seconds, 0.01",
        "train-seconds, 3",
        "reward-seconds, 0.2",
        "reward-spread, 0.6",
        "reward-concurrency, 1",
        "weight-bytes, 2e6",
        "delta-share, 0.9",
        "bandwidth, 2e7",
        "latency, 0.1",
        "fan-out, 1",
        "lost-per-hour, 1000",
        "worker-timeout, 5",
        "away-seconds, 30",
        "steps, 9",
        "seed, 2"
    })
    @DisplayName("every number counts, and is shown with where it comes from")
    void everyOptionCounts(String option, String value) {
        JsonNode before = plan(GIVEN).json();
        JsonNode after = plan(GIVEN.replaceFirst("--" + option + " \\S+", "--" + option + " " + value))
                .json();
        assertThat(after.get("prediction")).isNotEqualTo(before.get("prediction"));
        if (!List.of("workers", "steps", "seed").contains(option)) {
            assertThat(input(after, option).get("source").textValue()).isEqualTo("--" + option);
        }
    }

    private static JsonNode input(JsonNode plan, String name) {
        return StreamSupport.stream(plan.get("inputs").spliterator(), false)
                .filter(one -> one.get("name").textValue().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    @DisplayName("the sweep goes to --max-workers for each staleness; --out leaves a page; the text says the same")
    void sweepAndPage() throws Exception {
        Path out = folder.resolve("page");
        JsonNode plan = plan(GIVEN, "--out", out).json();
        assertThat(plan.get("sweep")).hasSize(3 * 3); // 1, 2, 5 workers, max_staleness 0, 1, 2
        assertThat(plan.get("bends")).hasSize(3);
        assertThat(Files.readString(out.resolve("plan.html")))
                .contains("samples a second", "max_staleness 2", "--train-seconds", "1=0.01,8=0.02");
        String text = plan(GIVEN.replace("--json ", "").replace("--max-staleness 0", "--max-staleness 3"))
                .result();
        assertThat(text)
                .contains("samples/s", "max_staleness 3: ", "lost workers", "max_staleness 2: ")
                .containsPattern("train-seconds +2 +--train-seconds");
    }

    @Test
    @DisplayName("what is not given is measured from the model, or assumed, and said so")
    void measured() {
        JsonNode plan = plan("plan --json --threads 1 --workers 2 --max-workers 2 --steps 2", "--model", MODEL)
                .json();
        assertThat(input(plan, "decode-seconds").get("source").textValue()).isEqualTo("measured here");
        assertThat(input(plan, "prefill-seconds").get("source").textValue()).isEqualTo("measured here");
        assertThat(input(plan, "train-seconds").get("source").textValue()).startsWith("assumed");
        assertThat(input(plan, "weight-bytes").get("value").textValue())
                .isEqualTo(Long.toString(4 * Checkpoints.config(MODEL).parameters()));
        assertThat(plan.get("prediction").get("samples_per_second").doubleValue())
                .isPositive();
    }

    private Path run() throws Exception {
        Path run = Files.createDirectories(folder.resolve("run"));
        Files.writeString(
                run.resolve("run.json"),
                "{\"config\": {\"prompts_per_step\": 4, \"num_generations\": 2, \"max_staleness\": 1,"
                        + " \"max_completion_length\": 30, \"reward_concurrency\": 4}}");
        String step = "{\"step\":%d,\"step_time\":%s,\"sampling_time\":%s,\"completions/mean_length\":20,"
                + "\"completions/clipped_ratio\":0.25,\"worker/live\":2,\"worker/weight_bytes\":1000,"
                + "\"worker/full_bytes\":4000,\"worker/publish_seconds\":0.5}\n";
        Files.writeString(
                run.resolve("metrics.jsonl"),
                step.formatted(1, "90", "80") + step.formatted(2, "5", "3") + step.formatted(3, "7", "4")
                        + "{\"step\":4,\"step_ti");
        Files.writeString(
                run.resolve("timeline.jsonl"),
                "{\"step\":1,\"work\":\"learning\",\"begin\":80,\"end\":90}\n"
                        + "{\"step\":2,\"work\":\"scoring\",\"begin\":91,\"end\":92}\n"
                        + "{\"step\":2,\"work\":\"learning\",\"begin\":93,\"end\":94}\n"
                        + "{\"step\":3,\"work\":\"scoring\",\"begin\":97,\"end\":98}\n"
                        + "{\"step\":3,\"work\":\"learning\",\"begin\":98,\"end\":100}\n");
        return run;
    }

    @Test
    @DisplayName("a run's settings and times are taken from it, and its own sampling comes out as it was")
    void fromRun() throws Exception {
        JsonNode plan = plan(
                        "plan --json --threads 1 --workers 2 --max-staleness 0 --max-workers 2",
                        "--from",
                        run(),
                        "--model",
                        MODEL)
                .json();
        JsonNode prediction = plan.get("prediction");
        assertThat(prediction.get("sampling_seconds").doubleValue())
                .as("3.5 s of which each of two links took 0.25 s for weights")
                .isCloseTo(3.25, within(1e-6));
        assertThat(prediction.get("train_seconds").doubleValue()).isCloseTo(1.5, within(0.2));
        assertThat(input(plan, "train-seconds").get("value").textValue()).isEqualTo("1.5");
        assertThat(input(plan, "reward-seconds").get("value").textValue())
                .as("a second for eight rewards, four at once")
                .isEqualTo("0.5");
        assertThat(input(plan, "delta-share").get("value").textValue()).isEqualTo("0.25");
        assertThat(input(plan, "bandwidth").get("value").textValue()).isEqualTo("4000");
        assertThat(input(plan, "prompts").get("value").textValue()).isEqualTo("4");
        assertThat(input(plan, "max-completion-tokens").get("value").textValue())
                .isEqualTo("30");
        assertThat(input(plan, "completion-spread").get("source").textValue()).contains("0.25 were cut");
        JsonNode its = plan(
                        "plan --json --threads 1 --workers 2 --max-workers 2 --train-seconds 9",
                        "--from",
                        folder.resolve("run"),
                        "--model",
                        MODEL)
                .json();
        assertThat(its.get("prediction").get("max_staleness").intValue()).isEqualTo(1);
        assertThat(input(its, "train-seconds").get("source").textValue()).isEqualTo("--train-seconds");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "workers 0",
                "prompts 0",
                "group-size -1",
                "max-staleness -1",
                "prompt-tokens 0",
                "completion-tokens 0",
                "completion-tokens 500",
                "completion-spread -1",
                "max-completion-tokens 0",
                "slots 0",
                "decode-seconds 1=-0.01",
                "decode-seconds 0=0.01",
                "decode-seconds 1=0.02,2=0.01",
                "prefill-seconds -1",
                "train-seconds -1",
                "reward-seconds -0.5",
                "reward-spread -1",
                "reward-concurrency 0",
                "weight-bytes -1",
                "delta-share -1",
                "bandwidth 0",
                "latency -1",
                "fan-out -1",
                "lost-per-hour -1",
                "worker-timeout -1",
                "away-seconds -1",
                "max-workers 0",
                "steps 0"
            })
    @DisplayName("a number that cannot be is wrong usage, told with the number")
    void badNumbers(String wrong) {
        String[] option = wrong.split(" ");
        String message = plan(GIVEN.replaceFirst("--" + option[0] + " \\S+", "--" + wrong))
                .failure(ExitCode.USAGE);
        assertThat(message).isNotBlank();
        if (!option[0].endsWith("tokens")) {
            assertThat(message).contains(option[1].replaceFirst("^.*=", "").replaceFirst("^-1$", "-1"));
        }
    }

    @Test
    @DisplayName("what is missing is named")
    void missing() throws Exception {
        assertThat(Run.of("plan").failure(ExitCode.USAGE)).contains("--workers");
        assertThat(Run.of("plan", "--workers", 2).failure(ExitCode.USAGE)).contains("--model DIR", "--from RUN");
        assertThat(Run.of("plan", "--workers", 2, "--model", folder.resolve("none"))
                        .failure(ExitCode.FAILED))
                .contains("no such folder", "none");
        assertThat(Run.of("plan", "--workers", 2, "--from", folder.resolve("none"))
                        .failure(ExitCode.FAILED))
                .contains("run.json is not there");
        assertThat(Run.of("plan", "--workers", 2, "--from", run()).failure(ExitCode.FAILED))
                .contains("no finished checkpoint", "--model");
        Files.writeString(folder.resolve("run/metrics.jsonl"), "{\"step\":0}\n");
        assertThat(Run.of("plan", "--workers", 2, "--model", MODEL, "--from", folder.resolve("run"))
                        .failure(ExitCode.FAILED))
                .contains("no step with sampling_time");
        assertThat(plan(GIVEN.replaceFirst("--lost-per-hour \\S+ ", "")).failure(ExitCode.USAGE))
                .contains("--lost-per-hour");
        assertThat(plan(GIVEN.replaceFirst("--reward-seconds \\S+ ", "")).failure(ExitCode.USAGE))
                .contains("--reward-seconds");
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThat(plan(GIVEN, "--out", file).failure(ExitCode.FAILED)).contains("file is not a folder");
    }
}
