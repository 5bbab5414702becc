// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code reward} and {@code prm} from the command line to the files they leave, and reward models in {@code rl} and {@code eval}. */
class RewardCommandsTest {
    private static final Path MODELS = TestPaths.testdata("training", "models");
    private static final Path BASE = MODELS.resolve("tiny-llama");
    private static final Path SCORING = MODELS.resolve("tiny-llama-rm");

    @TempDir
    Path folder;

    @BeforeEach
    void home() {
        System.setProperty("jacobian.home", TestPaths.project().toString());
    }

    /** Rows that every one of these methods can read. */
    private Path rows() throws IOException {
        return write(IntStream.range(0, 9)
                .mapToObj(i ->
                        "{\"prompt\": \"Say %1$s.\", \"chosen\": \" %1$s\", \"rejected\": \" no\", \"margin\": 0.%1$s,"
                                        .formatted(i)
                                + " \"completion\": \" %1$s\", \"label\": %2$s, \"score\": 0.%1$s,"
                                        .formatted(i, i % 2 == 0)
                                + " \"completions\": [\"Well.\", \"It is %1$s\"], \"labels\": [true, %2$s]}"
                                        .formatted(i, i % 3 == 0))
                .toArray(String[]::new));
    }

    private Path write(String... rows) throws IOException {
        return Files.writeString(
                folder.resolve("rows.jsonl"), Arrays.stream(rows).collect(Collectors.joining("\n")));
    }

    private static Run train(String command, Path model, Path data, Path out, String... more) {
        List<Object> args = new ArrayList<>(List.of(command, "--json", "--steps", 4, "--batch-size", 3));
        args.addAll(List.of("--learning-rate", 1e-3, "--set", "save_steps=2"));
        args.addAll(List.of("--model", model, "--data", data, "--out", out));
        args.addAll(List.of(more));
        return Run.of(args.toArray());
    }

    @ParameterizedTest
    @CsvSource({
        "reward, , reward, LlamaForSequenceClassification",
        "reward, --method outcome, reward-outcome, LlamaForSequenceClassification",
        "reward, --method outcome --loss-type regression, reward-outcome, LlamaForSequenceClassification",
        "reward, --method preference --set value_head_dim=4, reward-preference, LlamaForSequenceClassification",
        "prm, , prm, LlamaForTokenClassification"
    })
    @DisplayName("a language model gets a head and leaves a model that scores; a stopped run ends with the same bits")
    void trains(String command, String options, String algorithm, String architecture) throws IOException {
        Path out = folder.resolve("run");
        String[] more = options == null ? new String[0] : options.split(" ");
        Run run = train(command, BASE, rows(), out, more);
        JsonNode result = run.json();
        assertThat(result.path("steps").asInt()).isEqualTo(4);
        assertThat(result.path("loss").isNumber()).isTrue();
        assertThat(Json.read(out.resolve("config.json")).path("architectures").toString())
                .isEqualTo("[\"" + architecture + "\"]");
        assertThat(Json.read(out.resolve("run.json")).path("algorithm").asText())
                .isEqualTo(algorithm);
        assertThat(out.resolve("tokenizer.json")).isNotEmptyFile();
        assertThat(out.resolve("report.html")).isNotEmptyFile();
        assertThat(Jsonl.read(out.resolve("metrics.jsonl"))).hasSize(4);

        byte[] weights = Files.readAllBytes(out.resolve("model.safetensors"));
        List<Double> losses = losses(out);
        SavedRuns.cutBack(out, 2);
        Run resumed = Run.of(command, "--json", "--resume", "--out", out, "--threads", 1);
        assertThat(resumed.json().path("loss")).isEqualTo(result.path("loss"));
        assertThat(Files.readAllBytes(out.resolve("model.safetensors"))).isEqualTo(weights);
        assertThat(losses(out)).isEqualTo(losses);

        // what was trained can be trained further
        Run further = train(command, out, rows(), folder.resolve("further"), more);
        assertThat(further.code()).as(further.err()).isZero();
    }

    private static List<Double> losses(Path run) {
        return Jsonl.read(run.resolve("metrics.jsonl")).stream()
                .map(step -> step.path("loss").asDouble())
                .toList();
    }

    @Test
    @DisplayName("a plan says the method, its paper and how many rows it has, and trains nothing")
    void plan() throws IOException {
        JsonNode plan = train("reward", BASE, rows(), folder.resolve("run"), "--dry-run", "--method", "preference")
                .json();
        assertThat(plan.path("method").asText()).isEqualTo("reward-preference");
        assertThat(plan.path("examples").asInt()).isEqualTo(9);
        assertThat(plan.path("memory_bytes").asLong()).isPositive();
        assertThat(folder.resolve("run")).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        reward |                  | {"chosen": "a"}                                                       | 'rejected' must be a string, or a list of messages, found nothing
        reward |                  | {"chosen": "a", "rejected": "b", "margin": "x"}                       | 'margin' must be a number
        reward | --method outcome | {"prompt": "a", "completion": "b"}                                    | 'label' must be true or false, found nothing
        reward | --method outcome --loss-type regression | {"completion": "b", "label": true}             | 'score' must be a number, found nothing
        prm    |                  | {"prompt": "a", "completions": ["b"], "labels": [true, false]}        | there are 1 steps in 'completions' and 2 labels in 'labels'
        prm    |                  | {"prompt": "a", "completions": ["b"]}                                 | 'labels' must be a list, found nothing
        prm    |                  | {"completions": ["b"], "labels": [true]}                              | 'prompt' must be a string, found nothing
        """)
    @DisplayName("a row that cannot be used is named with its file, and nothing is left behind")
    void badRows(String command, String options, String bad, String message) throws IOException {
        Path out = folder.resolve("run");
        String good = Files.readString(rows()).lines().findFirst().orElseThrow();
        Path data = write(good, bad);
        String[] more = options == null ? new String[0] : options.split(" ");
        assertThat(train(command, BASE, data, out, more).failureBehindNotes())
                .contains("rows.jsonl, row 2")
                .contains(message);
        assertThat(out.resolve("run.json")).doesNotExist();
        Run skipping = train(command, BASE, data, out, concat(more, "--skip-bad-rows"));
        assertThat(skipping.code()).as(skipping.err()).isZero();
        assertThat(skipping.err()).contains("1 of 2 rows are left out").contains(message);
    }

    private static String[] concat(String[] some, String more) {
        String[] all = Arrays.copyOf(some, some.length + 1);
        all[some.length] = more;
        return all;
    }

    @Test
    @DisplayName("unknown methods, heads of another kind and missing data are told in one sentence")
    void misuse() throws IOException {
        Path out = folder.resolve("run");
        Path data = rows();
        assertThat(train("reward", BASE, data, out, "--method", "elo").failure(ExitCode.USAGE))
                .contains("--method 'elo' is unknown; use pairs, outcome or preference");
        assertThat(Run.of("reward", "--model", BASE).failure(ExitCode.USAGE)).contains("reward needs --data FILE");
        assertThat(train("prm", SCORING, data, out).failure(ExitCode.FAILED))
                .contains("a head of 1 labels, and one of 2 with a bias is wanted");
        assertThat(train("reward", MODELS.resolve("tiny-llama-prm"), data, out).failure(ExitCode.FAILED))
                .contains("a head of 2 labels with a bias, and one of 1 is wanted");
        assertThat(train("reward", SCORING, data, out, "--method", "preference").failure(ExitCode.FAILED))
                .contains("a head of 1 labels, and one of 2 is wanted");
        assertThat(train("sft", SCORING, write("{\"prompt\": \"a\", \"completion\": \"b\"}"), out)
                        .failureBehindNotes())
                .contains("scores");
        assertThat(out).doesNotExist();
    }

    private List<Object> rl(Path data, Path out) {
        return new ArrayList<>(List.of(
                "rl",
                "--json",
                "--model",
                BASE,
                "--data",
                data,
                "--steps",
                2,
                "--prompts",
                2,
                "--group-size",
                2,
                "--set",
                "max_completion_length=6",
                "--set",
                "final_eval_problems=2",
                "--set",
                "save_steps=1",
                "--out",
                out));
    }

    private static Run with(List<Object> args, Object... more) {
        List<Object> all = new ArrayList<>(args);
        all.addAll(List.of(more));
        return Run.of(all.toArray());
    }

    @Test
    @DisplayName(
            "rl learns from a reward model, that lies on the device or beside it, and goes on with it when resumed")
    void rewardInRl() throws IOException {
        Path data = write(IntStream.range(0, 8)
                .mapToObj(i -> "{\"prompt\": \"Say " + i + ".\", \"answer\": \"" + i + "\"}")
                .toArray(String[]::new));
        Path out = folder.resolve("rl");
        Run run = with(rl(data, out), "--reward-model", SCORING);
        assertThat(run.code()).as(run.err()).isZero();
        List<JsonNode> steps = Jsonl.read(out.resolve("metrics.jsonl"));
        double reward = steps.getLast().path("rewards/reward_model/mean").asDouble();
        assertThat(reward).isNotZero().isEqualTo(steps.getLast().path("reward").asDouble());
        byte[] weights = Files.readAllBytes(out.resolve("model.safetensors"));
        Path other = folder.resolve("offloaded");
        Run offloaded = with(rl(data, other), "--reward-model", SCORING, "--offload-reward-model");
        assertThat(offloaded.code()).as(offloaded.err()).isZero();
        assertThat(Files.readAllBytes(other.resolve("model.safetensors"))).isEqualTo(weights);
        SavedRuns.cutBack(out, 1);
        Run resumed = Run.of("rl", "--json", "--resume", "--out", out);
        assertThat(resumed.code()).as(resumed.err()).isZero();
        assertThat(Files.readAllBytes(out.resolve("model.safetensors"))).isEqualTo(weights);

        JsonNode eval = Run.of(
                        "eval",
                        "--json",
                        "--model",
                        out,
                        "--data",
                        data,
                        "--problems",
                        4,
                        "--max-new-tokens",
                        6,
                        "--reward-model",
                        SCORING)
                .json();
        assertThat(eval.path("reward").asDouble()).isNotZero();
        assertThat(eval.path("problems").asInt()).isEqualTo(4);
    }

    @Test
    @DisplayName("a preference model that reward trained judges pairs in rl, for every method that compares; without"
            + " answers in the data, on the device or beside it, and on after a stop")
    void preferencesInRl() throws IOException {
        Path judge = folder.resolve("judge");
        Run trained = train("reward", BASE, rows(), judge, "--method", "preference");
        assertThat(trained.code()).as(trained.err()).isZero();
        Path data = write(IntStream.range(0, 8)
                .mapToObj(i -> "{\"prompt\": \"Say " + i + ".\"}")
                .toArray(String[]::new));
        byte[] untrained = Files.readAllBytes(BASE.resolve("model.safetensors"));
        for (String method : List.of("sppo", "gpo", "nash_md", "online_dpo")) {
            Path out = folder.resolve(method);
            Run run = with(rl(data, out), "--algorithm", method, "--preference-model", judge);
            assertThat(run.code()).as(run.err()).isZero();
            assertThat(run.json().has("pass@1_after")).isFalse();
            JsonNode config = Json.read(out.resolve("run.json")).path("config");
            assertThat(config.path("preference").asText()).isEqualTo(method.equals("online_dpo") ? "" : "given");
            JsonNode step = Jsonl.read(out.resolve("metrics.jsonl")).getFirst();
            double reward = step.path("reward").asDouble();
            if (!method.equals("nash_md")) { // whose samples are compared with others than themselves
                assertThat(reward).as(method).isCloseTo(method.equals("gpo") ? 0 : 0.5, within(1e-9));
            }
            byte[] weights = Files.readAllBytes(out.resolve("model.safetensors"));
            assertThat(weights).isNotEqualTo(untrained);
            Path other = folder.resolve(method + "-offloaded");
            Run offloaded =
                    with(rl(data, other), "--algorithm", method, "--preference-model", judge, "--offload-reward-model");
            assertThat(offloaded.code()).as(offloaded.err()).isZero();
            assertThat(Files.readAllBytes(other.resolve("model.safetensors"))).isEqualTo(weights);
            SavedRuns.cutBack(out, 1);
            Run resumed = Run.of("rl", "--json", "--resume", "--out", out);
            assertThat(resumed.code()).as(resumed.err()).isZero();
            assertThat(Files.readAllBytes(out.resolve("model.safetensors"))).isEqualTo(weights);
        }
        Path out = folder.resolve("refused");
        assertThat(with(rl(data, out), "--preference-model", BASE).failureBehindNotes())
                .contains("this one is a language model; train one with jacobian reward --method preference");
        assertThat(with(rl(data, out), "--algorithm", "sppo", "--preference-model", judge, "--set", "preference=soft")
                        .failureBehindNotes())
                .contains("preference=soft compares rewards, and --preference-model compares completions itself");
        assertThat(with(rl(data, out), "--preference-model", judge, "--reward-model", SCORING)
                        .failure(ExitCode.USAGE))
                .contains("--preference-model excludes --reward-model and --judge");
        assertThat(Run.of("eval", "--model", BASE, "--data", data, "--preference-model", judge)
                        .failure(ExitCode.USAGE))
                .contains("--preference-model compares the samples of a prompt with each other");
        assertThat(out).doesNotExist();
    }

    @Test
    @DisplayName("a model that gives no reward is refused as one, in rl and in eval")
    void noReward() throws IOException {
        Path data = write("{\"prompt\": \"Say 1.\", \"answer\": \"1\"}", "{\"prompt\": \"Say 2.\", \"answer\": \"2\"}");
        Path out = folder.resolve("rl");
        String expected =
                "a reward model gives one number (ForSequenceClassification with one label), and this one is a"
                        + " language model; train one with jacobian reward";
        assertThat(with(rl(data, out), "--reward-model", BASE).failureBehindNotes())
                .isEqualTo(expected);
        assertThat(Run.of("eval", "--model", BASE, "--data", data, "--reward-model", BASE)
                        .failureBehindNotes())
                .isEqualTo(expected);
        assertThat(with(rl(data, out), "--reward-model", MODELS.resolve("tiny-llama-prm"))
                        .failureBehindNotes())
                .contains("has 2 labels");
        assertThat(with(rl(data, out), "--reward-model", folder.resolve("absent"))
                        .failureBehindNotes())
                .contains("absent");
        assertThat(with(rl(data, out), "--reward-model", SCORING, "--judge", BASE)
                        .failure(ExitCode.USAGE))
                .contains("--reward-model and --judge exclude each other");
        assertThat(with(rl(data, out), "--judge", SCORING).failureBehindNotes()).contains("use it as a RewardModel");
        assertThat(Run.of("generate", "--model", SCORING, "--prompt", "Say").failureBehindNotes())
                .contains("scores");
        assertThat(out).doesNotExist();
    }
}
