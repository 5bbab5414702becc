// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.plan.Head;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code long2short}'s tools, and {@code eval --scaling}, through the command. */
class Long2ShortCommandTest {
    private static final Path MODEL = TestPaths.project().resolve("models").resolve(BundledModel.NAME);

    @TempDir
    Path folder;

    @BeforeAll
    static void findBundledModel() {
        System.setProperty("jacobian.home", TestPaths.project().toString());
    }

    @Test
    @DisplayName("the bundled model's shortest right answers and its pairs, from a task and from rows")
    void tools() throws IOException {
        Path file = folder.resolve("short.jsonl");
        Object[] shortest = {
            "long2short",
            "shortest",
            "--model",
            MODEL,
            "--problems",
            "12",
            "--max-new-tokens",
            "100",
            "--out",
            file,
            "--json"
        };
        JsonNode json = Run.of(shortest).json();
        assertThat(json.path("selection").asText()).isEqualTo("shortest rejection sampling");
        assertThat(json.path("problems").intValue()).isEqualTo(12);
        assertThat(json.path("mean_tokens_shortest").doubleValue())
                .isLessThanOrEqualTo(json.path("mean_tokens_correct").doubleValue());
        assertThat(Jsonl.read(file))
                .hasSize(json.path("rows").intValue())
                .allSatisfy(row -> assertThat(row.path("completion").asText()).contains("<answer>"));
        byte[] written = Files.readAllBytes(file);
        Run.of(shortest).result();
        assertThat(Files.readAllBytes(file)).isEqualTo(written);

        Path rows = Files.writeString(folder.resolve("data.jsonl"), """
            {"prompt": "3 7 15 = 36\\n", "nums": [3, 7, 15], "target": 36}
            {"prompt": "2 3 4 = 24\\n", "nums": [2, 3, 4], "target": 24}
            {"prompt": "5 6 7 = 37\\n", "nums": [5, 6, 7], "target": 37}
            {"prompt": "2 10 9 = 29\\n", "nums": [2, 10, 9], "target": 29}
            {"prompt": "1 5 9 = 13\\n", "nums": [1, 5, 9], "target": 13}
            {"prompt": "6 4 3 = 21\\n", "nums": [6, 4, 3], "target": 21}
            """);
        Path pairs = folder.resolve("pairs.jsonl");
        assertThat(Run.of(
                                "long2short",
                                "pairs",
                                "--model",
                                MODEL,
                                "--data",
                                rows,
                                "--reward",
                                "countdown",
                                "--max-new-tokens",
                                "100",
                                "--out",
                                pairs)
                        .result())
                .contains("of 6 problems are solved", "rows: " + pairs);
        assertThat(Jsonl.read(pairs))
                .allSatisfy(row -> assertThat(row.path("rejected_tokens").intValue())
                        .isGreaterThan(row.path("chosen_tokens").intValue()));
    }

    @Test
    void whatMakesNoSenseIsToldAtOnce() throws IOException {
        assertThat(Run.of("long2short", "pairs", "--ratio", "1", "--out", "x.jsonl")
                        .failure(ExitCode.USAGE))
                .contains("more than 1");
        assertThat(Run.of("long2short", "shortest", "--samples", "0", "--out", "x.jsonl")
                        .failure(ExitCode.USAGE))
                .contains("at least 1");
        assertThat(Run.of("long2short", "--short", "DIR").failure(ExitCode.USAGE))
                .contains("name it with --model");
        assertThat(Run.of("long2short", "--model", MODEL, "--set", "weight=1", "--out", folder.resolve("out"))
                        .failure(ExitCode.FAILED))
                .contains("STAGE.KEY=VALUE", "answers");
        assertThat(Run.of("long2short", "--model", MODEL, "--set", "rl.max_stepz=1", "--out", folder.resolve("out"))
                        .failure(ExitCode.FAILED))
                .contains("max_stepz");
        assertThat(Run.of("long2short", "--quick", "--from", "nosuch", "--out", folder.resolve("out"))
                        .failure(ExitCode.FAILED))
                .contains("no stage 'nosuch'", "answers");
        JsonNode plan = Run.of(
                        "long2short", "--dry-run", "--json", "--set", "rl.tau=0.3", "--out", folder.resolve("out"))
                .json();
        assertThat(plan.get("stages").findValue("tau").asDouble()).isEqualTo(0.3);
        assertThat(plan.get("stages").findValue("updates_per_rollout").asInt()).isEqualTo(4);
        assertThat(folder.resolve("out")).doesNotExist();
        Path data = Files.writeString(folder.resolve("data.jsonl"), "{\"prompt\":\"x\",\"answer\":\"y\"}\n");
        assertThat(Run.of("long2short", "shortest", "--model", MODEL, "--data", data, "--out", data)
                        .failure(ExitCode.FAILED))
                .contains("it is the data that is read");
        assertThat(Run.of("eval", "--budgets", "4").failure(ExitCode.USAGE)).contains("--scaling");
        assertThat(Run.of("eval", "--scaling", "--waits", "-1").failure(ExitCode.USAGE))
                .contains("at least 0");
        assertThat(Run.of(
                                "eval",
                                "--model",
                                MODEL,
                                "--scaling",
                                "--prm",
                                TestPaths.model("arith-qwen3"),
                                "--problems",
                                "1")
                        .failure(ExitCode.FAILED))
                .contains("is a language model", "jacobian prm");
    }

    @Test
    @DisplayName("eval --scaling: an option that would have no effect is an error")
    void scalingWithoutEffect() {
        String[][] idle = {
            {"--beams", "2", "--prm"},
            {"--expansions", "2", "--prm"},
            {"--step-separator", ";", "--prm"},
            {"--think-end", "x", "--budgets or --waits"},
            {"--answer-tokens", "9", "--budgets or --waits"},
            {"--wait", "Hm", "--waits"}
        };
        for (String[] option : idle) {
            assertThat(Run.of("eval", "--scaling", option[0], option[1]).failure(ExitCode.USAGE))
                    .contains(option[0] + " has no effect without " + option[2]);
        }
    }

    @Test
    @DisplayName("eval --scaling: the choice of a reward model, and a search that a process reward model leads")
    void judged() {
        Path reward = folder.resolve("reward");
        scoring(1).save(reward);
        Path steps = folder.resolve("steps");
        scoring(2).save(steps);
        Object[] args = {
            "eval",
            "--model",
            MODEL,
            "--scaling",
            "--best-of",
            reward,
            "--prm",
            steps,
            "--beams",
            "1,2",
            "--expansions",
            "2",
            "--problems",
            "12",
            "--samples",
            "4",
            "--max-new-tokens",
            "60",
            "--json"
        };
        JsonNode json = Run.of(args).json();
        JsonNode curves = json.path("scaling");
        assertThat(curves)
                .extracting(curve -> curve.path("name").asText())
                .containsExactly("maj@k", "best@k", "pass@k", "beam");
        double length = json.path("mean_length")
                .path("value")
                .asDouble(json.path("mean_length").asDouble());
        for (int curve = 0; curve < 3; curve++) {
            JsonNode points = curves.path(curve).path("points");
            assertThat(points)
                    .extracting(point -> point.path("samples").asInt())
                    .containsExactly(1, 2, 4);
            assertThat(points.path(0).path("accuracy"))
                    .isEqualTo(curves.path(2)
                            .path("points")
                            .path(0)
                            .path("accuracy")); // a single sample is chosen by nobody
            assertThat(points.path(2).path("tokens").doubleValue())
                    .isCloseTo(4 * points.path(0).path("tokens").doubleValue(), within(1e-9));
            assertThat(points.path(2).path("accuracy").doubleValue())
                    .isLessThanOrEqualTo(curves.path(2)
                            .path("points")
                            .path(2)
                            .path("accuracy")
                            .doubleValue());
        }
        assertThat(curves.path(0).path("points").path(0).path("tokens").doubleValue())
                .isCloseTo(length, within(1e-9));
        JsonNode beams = curves.path(3).path("points");
        assertThat(beams).extracting(point -> point.path("setting").asText()).containsExactly("beams = 1", "beams = 2");
        assertThat(beams.path(1).path("tokens").doubleValue())
                .isGreaterThan(beams.path(0).path("tokens").doubleValue());
        assertThat(Run.of(args).json().path("scaling")).isEqualTo(curves);
    }

    private static CausalLM scoring(int labels) {
        return CausalLM.loadScoring(MODEL, new Head.Scores(labels, true), ModelOptions.DEFAULT, Optional.empty(), 3);
    }

    @Test
    @DisplayName("eval --scaling: votes, budgets and waits as lines, as JSON, and drawn")
    void scaling() {
        Path out = folder.resolve("out");
        Run run = Run.of(
                "eval",
                "--model",
                MODEL,
                "--scaling",
                "--problems",
                "20",
                "--samples",
                "4",
                "--budgets",
                "8,40",
                "--waits",
                "0,1",
                "--wait",
                "",
                "--max-new-tokens",
                "100",
                "--out",
                out,
                "--json");
        JsonNode curves = run.json().path("scaling");
        assertThat(curves)
                .extracting(curve -> curve.path("name").asText())
                .containsExactly("maj@k", "pass@k", "budget", "wait");
        JsonNode kept = Json.read(out.resolve("scaling.json")).path("scaling").path(0);
        assertThat(kept.path("curves")).isEqualTo(curves);
        assertThat(curves.path(2).path("points").path(0).path("setting").asText())
                .isEqualTo("budget = 8");
        assertThat(out.resolve("scaling.html"))
                .content()
                .contains("Accuracy against tokens", "Accuracy against samples", "<svg", "maj@k", "budget = 40");
        assertThat(Run.of("eval", "--model", MODEL, "--scaling", "--problems", "4", "--greedy", "--budgets", "8")
                        .result())
                .contains("budget: the thought is ended", "budget = 8");
    }
}
