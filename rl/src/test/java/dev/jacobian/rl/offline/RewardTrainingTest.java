// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.learn.Meter;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.reward.PreferenceFunction;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.tensor.DType;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.SequenceScorer;
import dev.jacobian.transformer.TokenScores;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Methods that train models whose head scores. TRL's numbers are in {@link TrainingGoldenTest}. */
class RewardTrainingTest {
    @TempDir
    Path folder;

    private static Path base() {
        return TestPaths.testdata("training", "models").resolve("tiny-llama");
    }

    private static CausalLM model(OfflineMethod<?> method) {
        return CausalLM.loadScoring(base(), method.head().orElseThrow(), ModelOptions.DEFAULT, Optional.empty(), 3);
    }

    private static OfflineConfig config(String method, Object... keysAndValues) {
        Given given = new Given()
                .set("max_steps", 4, "test")
                .set("per_device_train_batch_size", 3, "test")
                .set("gradient_accumulation_steps", 2, "test")
                .set("learning_rate", 1e-3, "test")
                .set("save_steps", 1, "test");
        for (int i = 0; i < keysAndValues.length; i += 2) {
            given.set((String) keysAndValues[i], keysAndValues[i + 1], "test");
        }
        return OfflineConfig.of(OfflineMethods.find(method).orElseThrow()).with(given);
    }

    /** Rows that every one of these methods can read. */
    private Path data() throws IOException {
        StringBuilder rows = new StringBuilder();
        IntStream.range(0, 9)
                .forEach(i -> rows.append("{\"prompt\": \"Say ")
                        .append(i)
                        .append(".\", \"chosen\": \" ")
                        .append(i)
                        .append("\", \"rejected\": \" ")
                        .append("no ".repeat(1 + i % 3))
                        .append("\", \"margin\": 0.")
                        .append(i)
                        .append(", \"completion\": \" ")
                        .append(i)
                        .append("\", \"label\": ")
                        .append(i % 2 == 0)
                        .append(", \"completions\": [\"Well.\", \"It is ")
                        .append(i)
                        .append("\"], \"labels\": [true, ")
                        .append(i % 3 == 0)
                        .append("]}\n"));
        return Files.writeString(folder.resolve("rows.jsonl"), rows);
    }

    private static <E> OfflineTrainer<E> trainer(
            OfflineMethod<E> method, CausalLM model, OfflineConfig config, Path data) {
        return new OfflineTrainer<>(model, method, Examples.read(method, model, config, data, false), config);
    }

    private static OfflineTrainer<?> trainer(OfflineConfig config, Path data) {
        return trainer(config.method(), model(config.method()), config, data);
    }

    @ParameterizedTest
    @ValueSource(strings = {"reward", "reward-outcome", "reward-preference", "prm"})
    @DisplayName("stopped and resumed, a run leaves the weights of one that was not")
    void resumed(String method) throws IOException {
        Path data = data();
        OfflineConfig config = config(method);
        RunOrigin origin = new RunOrigin(base().toString(), "jsonl", Optional.of(data.toString()));
        Path whole = folder.resolve("whole");
        trainer(config, data).output(whole, origin, DType.F32, false).train();
        Path run = folder.resolve("stopped");
        OfflineTrainer<?> stopped = trainer(config, data).output(run, origin, DType.F32, false);
        stopped.listener(TrainingListener.eachStep(step -> {
            if (step.step() >= 3) {
                throw new IllegalStateException("stopped");
            }
        }));
        assertThatThrownBy(stopped::train).hasMessage("stopped");
        trainer(config, data).output(run, origin, DType.F32, true).train();
        assertThat(Files.mismatch(run.resolve("model.safetensors"), whole.resolve("model.safetensors")))
                .isEqualTo(-1);
        assertThat(CausalLM.load(run).labels())
                .isEqualTo(config.method().head().orElseThrow().labels());
    }

    @ParameterizedTest
    @ValueSource(strings = {"reward", "reward-outcome", "reward-preference", "prm"})
    @DisplayName("a micro-batch that is too large for one pass has the same loss in parts, and the loss falls")
    void inParts(String method) throws IOException {
        Path data = data();
        double whole = trainer(config(method, "max_steps", 1), data).train();
        double parts = trainer(config(method, "max_steps", 1, "micro_batch_tokens", 8), data)
                .train();
        assertThat(parts).isEqualTo(whole);
        assertThat(trainer(config(method, "max_steps", 30), data).train()).isLessThan(whole);
    }

    @Test
    @DisplayName("what chosen and rejected share is computed once, and scores have the bits of whole sequences")
    void shared() throws IOException {
        Path data = data();
        OfflineConfig config = config("reward");
        CausalLM model = model(BradleyTerry.DEFAULT);
        List<RewardPair> pairs =
                Examples.read(BradleyTerry.DEFAULT, model, config, data, false).listed();
        List<Span> spans = RewardPair.spans(pairs);
        assertThat(pairs.getFirst().shared()).hasSizeGreaterThanOrEqualTo("Say 0.".length());
        SpanScores scores = Scorer.score(model, spans, 1000, BradleyTerry.DEFAULT.reading());
        for (int i = 0; i < pairs.size(); i++) {
            for (int half = 0; half < 2; half++) {
                int[] end = half == 0 ? pairs.get(i).chosen() : pairs.get(i).rejected();
                int[] all = IntStream.concat(Arrays.stream(pairs.get(i).shared()), Arrays.stream(end))
                        .toArray();
                assertThat((float) scores.sum(RewardPair.chosenOf(i) + half))
                        .isEqualTo(
                                new SequenceScorer(model).scores(List.of(all)).getFirst()[0]);
            }
        }
    }

    @Test
    @DisplayName("an adapter trains the head whole beside it, as PEFT does, and is loaded and merged with it")
    void adapter() throws IOException {
        Path data = data();
        OfflineConfig config = config("reward");
        AdapterSource fresh = new AdapterSource.Fresh(LoraConfig.allLinear(2, 4), 5);
        CausalLM model = CausalLM.loadScoring(
                base(), BradleyTerry.DEFAULT.head().orElseThrow(), ModelOptions.DEFAULT, Optional.of(fresh), 5);
        assertThat(model.parameters())
                .anyMatch(parameter -> parameter.name().equals("base_model.model.score.weight"))
                .noneMatch(parameter -> parameter.name().contains("score.lora"));
        trainer(BradleyTerry.DEFAULT, model, config, data).train();
        Path saved = folder.resolve("adapter");
        model.save(saved);
        JsonNode json = Json.read(saved.resolve("adapter_config.json"));
        assertThat(json.path("task_type").asText()).isEqualTo("SEQ_CLS");
        assertThat(json.path("modules_to_save").toString()).isEqualTo("[\"classifier\",\"score\"]");
        CausalLM again = CausalLM.load(base(), ModelOptions.DEFAULT, new AdapterSource.Saved(saved));
        List<int[]> texts = List.of(new int[] {5, 6, 7}, new int[] {9});
        assertThat(new SequenceScorer(again).scores(texts).getFirst())
                .containsExactly(new SequenceScorer(model).scores(texts).getFirst());
        assertThat(new SequenceScorer(again.merged()).scores(texts).getFirst()[0])
                .isCloseTo(new SequenceScorer(model).scores(texts).getFirst()[0], within(1e-4f));
    }

    @Test
    @DisplayName("derivatives that the losses say are those of their values")
    void derivatives() {
        List<RewardPair> pairs = List.of(
                new RewardPair(new int[2], new int[1], new int[3], 8, 0.25),
                new RewardPair(new int[1], new int[2], new int[2], 6, -0.5));
        check(new BradleyTerry(OptionalDouble.of(0.3)), pairs, 2 * 2);
        check(new GeneralPreference(4, 0.7), pairs, 2 * 2 * 4);
        List<Outcome> outcomes = List.of(new Outcome(new int[3], 1), new Outcome(new int[2], 0));
        check(OutcomeValue.DEFAULT, outcomes, 2);
        check(new OutcomeValue(OutcomeLoss.REGRESSION), outcomes, 2);
        check(
                Prm.DEFAULT,
                List.of(
                        new Steps(new int[6], new int[] {1, 3, 5}, new int[] {1, 0, 1}),
                        new Steps(new int[4], new int[] {3}, new int[] {0})),
                2 * 4);
    }

    private static <E> void check(OfflineMethod<E> method, List<E> examples, int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = ((i * 37) % 41 - 20) / 16f;
        }
        Loss loss = loss(method, examples, numbers);
        float h = 1f / 4096;
        for (int i = 0; i < count; i++) {
            float[] up = numbers.clone();
            float[] down = numbers.clone();
            up[i] += h;
            down[i] -= h;
            double slope = (loss(method, examples, up).value()
                            - loss(method, examples, down).value())
                    / (2 * h);
            assertThat(loss.derivative(i))
                    .as("%s, number %s", method.name(), i)
                    .isCloseTo(slope, within(1e-5 * (1 + Math.abs(slope))));
        }
    }

    private static <E> Loss loss(OfflineMethod<E> method, List<E> examples, float[] numbers) {
        List<Span> spans = method.spans(examples);
        int[] offsets = new int[spans.size() + 1];
        for (int s = 0; s < spans.size(); s++) {
            offsets[s + 1] = offsets[s]
                    + spans.get(s).learned().cardinality() * method.reading().perToken();
        }
        assertThat(offsets[spans.size()]).isEqualTo(numbers.length);
        SpanScores none = new SpanScores(TokenScores.NONE, new int[1]);
        return method.loss(new Batch<>(
                examples,
                new SpanScores(TokenScores.ofNumbers(numbers), offsets),
                Optional.empty(),
                none,
                Optional.empty(),
                Optional.empty(),
                new Window(2, 7),
                new Meter(),
                new HashMap<>()));
    }

    @Test
    @DisplayName("the general preference score and loss of the authors' code")
    void generalPreference() {
        JsonNode golden =
                Json.read(TestPaths.shared("golden", "training", "other-losses").resolve("other-losses.json"));
        JsonNode data = golden.path("data");
        int seen = 0;
        for (JsonNode entry : golden.path("cases")) {
            String function = entry.path("function").asText();
            JsonNode inputs = entry.path("inputs");
            if (function.startsWith("preference score")) {
                JsonNode a = data.path(inputs.path("chosen").asText());
                JsonNode b = data.path(inputs.path("rejected").asText());
                for (int i = 0; i < a.size(); i++) {
                    assertThat(PreferenceFunction.score(doubles(a.get(i)), doubles(b.get(i))))
                            .isCloseTo(
                                    entry.path("output").path("score").path(i).asDouble(), within(1e-6));
                }
                seen++;
            } else if (function.matches("(HighDim)?GeneralPreferenceLoss")) {
                loss(entry, data);
                seen++;
            }
        }
        assertThat(seen).isGreaterThan(5);
    }

    private static void loss(JsonNode entry, JsonNode data) {
        JsonNode inputs = entry.path("inputs");
        JsonNode chosen = data.path(inputs.path("chosen_reward").asText());
        JsonNode rejected = data.path(inputs.path("reject_reward").asText());
        JsonNode margins = data.path(inputs.path("margin").asText());
        int dim = chosen.get(0).size();
        float[] numbers = new float[2 * chosen.size() * dim];
        List<RewardPair> pairs = IntStream.range(0, chosen.size())
                .mapToObj(i -> new RewardPair(
                        new int[1], new int[1], new int[1], 4, margins.path(i).asDouble()))
                .toList();
        for (int i = 0; i < chosen.size(); i++) {
            System.arraycopy(row(chosen.get(i)), 0, numbers, 2 * i * dim, dim);
            System.arraycopy(row(rejected.get(i)), 0, numbers, (2 * i + 1) * dim, dim);
        }
        double tau = entry.path("settings").path("tau").asDouble();
        Loss loss = loss(new GeneralPreference(dim, tau), pairs, numbers);
        double wanted = entry.path("output").path("loss").asDouble();
        assertThat(2 * loss.value()).as(entry.path("inputs").toString()).isCloseTo(wanted, within(2e-6 * (1 + wanted)));
        double slope = entry.path("output").path("grad_chosen").path(0).path(0).asDouble();
        assertThat(2 * loss.derivative(0)).isCloseTo(slope, within(2e-6 * (1 + Math.abs(slope))));
    }

    private static double[] doubles(JsonNode values) {
        return IntStream.range(0, values.size())
                .mapToDouble(i -> values.get(i).asDouble())
                .toArray();
    }

    private static float[] row(JsonNode values) {
        float[] row = new float[values.size()];
        for (int i = 0; i < row.length; i++) {
            row[i] = (float) values.get(i).asDouble();
        }
        return row;
    }

    @Test
    @DisplayName("rows that say too little or contradict themselves are refused with file, row and reason")
    void badRows() throws IOException {
        String[][] rows = {
            {"reward", "{\"chosen\": \"a\"}", "'rejected' must be a string, or a list of messages"},
            {"reward", "{\"chosen\": \"a\", \"rejected\": \"b\", \"margin\": \"x\"}", "'margin' must be a number"},
            {"reward-outcome", "{\"prompt\": \"a\", \"completion\": \"b\"}", "'label' must be true or false"},
            {
                "prm",
                "{\"prompt\": \"a\", \"completions\": [\"b\"], \"labels\": [true, false]}",
                "there are 1 steps in 'completions' and 2 labels in 'labels'"
            },
            {
                "prm",
                "{\"prompt\": \"a\", \"completions\": [\"b\"], \"labels\": [\"x\"]}",
                "a label must be true or false"
            },
            {"prm", "{\"prompt\": \"a\", \"completions\": [], \"labels\": []}", "'completions' must be a list of steps"
            },
        };
        for (String[] row : rows) {
            Path file = Files.writeString(folder.resolve("bad.jsonl"), row[1] + "\n");
            assertThatThrownBy(() -> trainer(config(row[0]), file))
                    .isInstanceOf(FormatException.class)
                    .hasMessageContaining("bad.jsonl, row 1")
                    .hasMessageContaining(row[2]);
        }
        Path data = data();
        CausalLM language = CausalLM.load(base());
        assertThatThrownBy(() -> trainer(BradleyTerry.DEFAULT, language, config("reward"), data))
                .hasMessageContaining(
                        "reward trains a model whose head scores with 1 labels, and this one is a language");
        assertThatThrownBy(() -> trainer(Orpo.DEFAULT, model(BradleyTerry.DEFAULT), config("orpo"), data))
                .hasMessageContaining("orpo trains language models, and this one scores sequences");
    }

    @Test
    @DisplayName("rows longer than max_length are left out and named; steps behind it are cut off with their labels")
    void tooLong() throws IOException {
        Path file = Files.writeString(
                folder.resolve("long.jsonl"),
                "{\"chosen\": \"ab\", \"rejected\": \"ac\"}\n{\"chosen\": \"" + "a".repeat(50)
                        + "\", \"rejected\": \"b\"}\n");
        CausalLM model = model(BradleyTerry.DEFAULT);
        Examples<RewardPair> examples =
                Examples.read(BradleyTerry.DEFAULT, model, config("reward", "max_length", 20), file, false);
        assertThat(examples.listed()).hasSize(1);
        assertThat(examples.skipped()).hasSize(1).first().asString().contains("row 2: longer than max_length 20");
        Path steps = Files.writeString(
                folder.resolve("steps.jsonl"),
                "{\"prompt\": \"ab\", \"completions\": [\"cd\", \"ef\"], \"labels\": [true, false]}\n");
        CausalLM prm = model(Prm.DEFAULT);
        Steps cut = Examples.read(Prm.DEFAULT, prm, config("prm", "max_length", 6), steps, false)
                .listed()
                .getFirst();
        assertThat(cut.tokens()).hasSize(6);
        assertThat(cut.labels()).containsExactly(1);
        Steps last = Examples.read(
                        (Prm) config("prm", "train_on_last_step_only", true).method(),
                        prm,
                        config("prm", "train_on_last_step_only", true),
                        steps,
                        false)
                .listed()
                .getFirst();
        assertThat(last.labels()).containsExactly(0);
        assertThat(last.judged()).containsExactly(last.tokens().length - 1);
    }
}
