// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.family.Family;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.Role;
import dev.jacobian.transformer.plan.TensorSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Models whose head scores, in Hugging Face's form. */
class ScoringModelTest {
    private static Path model(String name) {
        return TestPaths.testdata("training", "models").resolve(name);
    }

    private static int[] tokens(JsonNode row) {
        int[] ids = new int[row.size()];
        Arrays.setAll(ids, i -> row.get(i).intValue());
        return ids;
    }

    @Test
    @DisplayName("transformers' scores, padded on the right and on the left; padding and company change no bit here")
    void transformersScores() {
        JsonNode golden =
                Json.read(TestPaths.testdata("training", "reward-scores").resolve("scores.json"));
        SequenceScorer scorer = new SequenceScorer(CausalLM.load(model("tiny-llama-rm")));
        List<float[]> before = List.of();
        for (JsonNode batch : golden.path("batched")) {
            List<int[]> sequences = new ArrayList<>();
            batch.path("input_ids").forEach(row -> sequences.add(tokens(row)));
            List<float[]> scores = scorer.scores(sequences);
            assertThat(scores).hasSize(14);
            for (int i = 0; i < scores.size(); i++) {
                double exact = golden.path("score64").path(i).asDouble();
                assertThat((double) scores.get(i)[0])
                        .isCloseTo(exact, within(4 * golden.path("noise").asDouble() + 1e-6 * Math.abs(exact)));
                assertThat(scorer.scores(List.of(sequences.get(i))).getFirst())
                        .as("alone")
                        .containsExactly(scores.get(i));
                if (!before.isEmpty()) {
                    assertThat(scores.get(i)).as("padded otherwise").containsExactly(before.get(i));
                }
            }
            before = scores;
        }
        assertThat(before).isNotEmpty();
    }

    @Test
    @DisplayName("the token that is scored is the last that is no padding, also where padding ends sequences")
    void scoredToken() {
        CausalLM model = CausalLM.load(model("tiny-llama-rm"));
        assertThat(model.scoredToken(new int[] {259, 7, 8, 259, 259})).isEqualTo(2);
        assertThat(model.scoredToken(new int[] {7, 259, 8})).isEqualTo(2);
        assertThat(model.scoredToken(new int[] {259, 259})).isZero();
        CausalLM ends = CausalLM.loadScoring(
                model("arith-qwen3"), Head.Scores.REWARD, ModelOptions.DEFAULT, Optional.empty(), 1);
        assertThat(ends.config().source().path("pad_token_id").intValue()).isEqualTo(256);
        assertThat(ends.scoredToken(new int[] {7, 8, 256})).isEqualTo(1);
    }

    @Test
    @DisplayName("a language model gets a head, is saved as transformers does and comes back with the same bits")
    void freshHeads(@TempDir Path folder) throws IOException {
        for (Head.Scores head : List.of(Head.Scores.REWARD, new Head.Scores(3, true))) {
            for (String name : List.of("tiny-llama", "arith-qwen3")) {
                CausalLM model = CausalLM.loadScoring(model(name), head, ModelOptions.DEFAULT, Optional.empty(), 7);
                float[] weight = model.parameter("score.weight").value().toFloatArray();
                assertThat(weight).hasSize(head.labels() * model.config().hiddenSize());
                Path saved = folder.resolve(name + head.labels());
                model.save(saved);
                JsonNode config = Json.read(saved.resolve("config.json"));
                assertThat(config.path("architectures").path(0).asText())
                        .isEqualTo((name.contains("llama") ? "Llama" : "Qwen3")
                                + (head.bias() ? "ForTokenClassification" : "ForSequenceClassification"));
                assertThat(config.path("id2label")).hasSize(head.labels());
                assertThat(config.path("pad_token_id").isInt()).isTrue();
                CausalLM back = CausalLM.load(saved);
                assertThat(back.labels()).isEqualTo(head.labels());
                List<int[]> texts = List.of(new int[] {1, 2, 3}, new int[] {9, 8});
                assertThat(new SequenceScorer(back).scores(texts))
                        .usingRecursiveComparison()
                        .isEqualTo(new SequenceScorer(model).scores(texts));
                assertThat(CausalLM.loadScoring(saved, head, ModelOptions.DEFAULT, Optional.empty(), 8)
                                .parameter("score.weight")
                                .value()
                                .toFloatArray())
                        .as("a head that is there is not made anew")
                        .containsExactly(weight);
            }
        }
    }

    static Stream<Family> families() {
        return Families.all().stream();
    }

    @ParameterizedTest
    @MethodSource("families")
    @DisplayName("every family has a head that scores: config.json written and read again is the same plan")
    void everyFamily(Family family) throws IOException {
        Optional<Path> found = firstOf(family);
        if (found.isEmpty()) {
            return;
        }
        for (Head.Scores head : List.of(Head.Scores.REWARD, new Head.Scores(2, true))) {
            var scoring = Families.scoring(Families.read(found.get()), head, OptionalInt.of(0));
            assertThat(scoring.plan().head()).isEqualTo(head);
            assertThat(Families.parse(scoring.source(), "again").plan()).isEqualTo(scoring.plan());
            List<TensorSpec> own = scoring.plan().tensors().stream()
                    .filter(spec -> spec.role() == Role.SCORE || spec.role() == Role.HEAD)
                    .toList();
            assertThat(own).hasSize(head.bias() ? 2 : 1);
            boolean old = List.of("gpt2", "gpt_neox").contains(family.modelType()) && head.bias();
            assertThat(own.getFirst().name()).isEqualTo(old ? "classifier.weight" : "score.weight");
        }
    }

    private static Optional<Path> firstOf(Family family) throws IOException {
        try (Stream<Path> folders = Files.list(TestPaths.testdata("models"))) {
            return folders.filter(folder -> Files.exists(folder.resolve("config.json")))
                    .filter(folder -> Json.read(folder.resolve("config.json"))
                            .path("model_type")
                            .asText()
                            .equals(family.modelType()))
                    .sorted()
                    .findFirst();
        }
    }

    @Test
    @DisplayName("what the head cannot do is refused with the reason")
    void refusals() {
        CausalLM judge = CausalLM.load(model("tiny-llama-rm"));
        assertThatThrownBy(() -> judge.logits(new int[] {1}))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the model scores sequences (LlamaForSequenceClassification) and has no head that predicts"
                        + " tokens; use a language model");
        assertThatThrownBy(() -> new SequenceScorer(CausalLM.load(model("tiny-llama"))))
                .hasMessageContaining("has no head that scores; train one with jacobian reward");
        assertThatThrownBy(() -> CausalLM.loadScoring(
                        model("tiny-llama-prm"), Head.Scores.REWARD, ModelOptions.DEFAULT, Optional.empty(), 0))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("a head of 2 labels with a bias, and one of 1 is wanted");
        assertThatThrownBy(() -> new SequenceScorer(judge).scores(List.of(new int[0])))
                .hasMessageContaining("a sequence without tokens has no score");
    }
}
