// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.autograd.LogitForm;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.TokenDivergence;
import dev.jacobian.autograd.Var;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Students and teachers. TRL's runs are in {@link TrainingGoldenTest}. */
class DistillationTest {
    @TempDir
    Path folder;

    private static CausalLM model(String name) {
        return CausalLM.load(TestPaths.testdata("training", "models").resolve(name));
    }

    private Path prompts() throws IOException {
        return Files.writeString(
                folder.resolve("prompts.jsonl"),
                IntStream.range(0, 12)
                        .mapToObj(i -> "{\"prompt\": \"Snow is " + i + "\"}\n")
                        .collect(Collectors.joining()));
    }

    private static OfflineConfig config(String method, Object... keysAndValues) {
        Given given = new Given()
                .set("max_steps", 4, "test")
                .set("per_device_train_batch_size", 3, "test")
                .set("learning_rate", 1e-3, "test")
                .set("save_steps", 1, "test");
        for (int i = 0; i < keysAndValues.length; i += 2) {
            given.set((String) keysAndValues[i], keysAndValues[i + 1], "test");
        }
        return OfflineConfig.of(OfflineMethods.find(method).orElseThrow()).with(given);
    }

    private static OfflineTrainer<Completed> trainer(
            CausalLM student, OfflineConfig config, Path data, CausalLM... teachers) {
        DistillationMethod method = (DistillationMethod) config.method();
        return new OfflineTrainer<>(
                student,
                method,
                Examples.read(method, student, config, data, false),
                config,
                method.teaching(student, List.of(teachers), config.seed()));
    }

    @Test
    @DisplayName("TRL's generalised Jensen-Shannon loss and its gradient, for all its betas and temperatures")
    void jsd() {
        JsonNode golden =
                Json.read(TestPaths.shared("golden", "training", "jsd-loss").resolve("jsd.json"));
        List<float[]> student = new ArrayList<>();
        List<float[]> teacher = new ArrayList<>();
        List<int[]> places = new ArrayList<>();
        JsonNode labels = golden.path("labels");
        for (int b = 0; b < labels.size(); b++) {
            for (int t = 0; t < labels.get(b).size(); t++) {
                if (labels.get(b).get(t).asInt() != -100) {
                    student.add(row(golden.path("student_logits").get(b).get(t)));
                    teacher.add(row(golden.path("teacher_logits").get(b).get(t)));
                    places.add(new int[] {b, t});
                }
            }
        }
        int vocabulary = student.getFirst().length;
        int[] rows = IntStream.range(0, student.size()).toArray();
        Var identity = Var.constant(identity(vocabulary));
        int seen = 0;
        for (JsonNode one : golden.path("cases")) {
            Parameter logits = Var.parameter("logits", tensor(student));
            double scale = one.path("num_items_in_batch").asDouble(student.size());
            TokenDivergence.Result result = TokenDivergence.divergence(
                    new TokenDivergence.Side(logits, identity, LogitForm.PLAIN, rows),
                    new TokenDivergence.Side(Var.constant(tensor(teacher)), identity, LogitForm.PLAIN, rows),
                    one.path("beta").asDouble(),
                    (float) one.path("temperature").asDouble());
            double loss = 0;
            float[] each = new float[rows.length];
            for (int i = 0; i < rows.length; i++) {
                loss += result.divergences().value().toFloatArray()[i] / scale;
                each[i] = (float) (1 / scale);
            }
            assertThat(loss)
                    .as(one.path("reduction").asText())
                    .isCloseTo(one.path("loss").asDouble(), within(2e-6));
            result.divergences().backward(Tensor.of(each, each.length));
            float[] gradient = logits.grad().orElseThrow().toFloatArray();
            for (int i = 0; i < rows.length; i++) {
                JsonNode wanted =
                        one.path("grad_student_logits").get(places.get(i)[0]).get(places.get(i)[1]);
                for (int v = 0; v < vocabulary; v++) {
                    assertThat((double) gradient[i * vocabulary + v])
                            .isCloseTo(wanted.get(v).asDouble(), within(1e-6));
                }
            }
            seen++;
        }
        assertThat(seen).isGreaterThan(3);
    }

    private static float[] row(JsonNode values) {
        float[] row = new float[values.size()];
        for (int i = 0; i < row.length; i++) {
            row[i] = (float) values.get(i).asDouble();
        }
        return row;
    }

    private static Tensor tensor(List<float[]> rows) {
        int width = rows.getFirst().length;
        float[] all = new float[rows.size() * width];
        for (int i = 0; i < rows.size(); i++) {
            System.arraycopy(rows.get(i), 0, all, i * width, width);
        }
        return Tensor.of(all, rows.size(), width);
    }

    private static Tensor identity(int size) {
        float[] values = new float[size * size];
        for (int i = 0; i < size; i++) {
            values[i * size + i] = 1;
        }
        return Tensor.of(values, size, size);
    }

    @ParameterizedTest
    @ValueSource(strings = {"distill-on-policy", "distill-gkd"})
    @DisplayName("a student that samples for itself, stopped and resumed, leaves the weights of one that was not")
    void resumed(String method) throws IOException {
        Path data = prompts();
        OfflineConfig config = method.equals("distill-gkd")
                ? config(method, "lmbda", 0.5, "seq_kd", true, "max_new_tokens", 6)
                : config(method, "max_completion_length", 6);
        RunOrigin origin = new RunOrigin("tiny-llama", "jsonl", Optional.of(data.toString()));
        CausalLM teacher = model("tiny-llama-teacher");
        Path whole = folder.resolve("whole");
        trainer(model("tiny-llama"), config, data, teacher)
                .output(whole, origin, DType.F32, false)
                .train();
        Path run = folder.resolve("stopped");
        OfflineTrainer<?> stopped =
                trainer(model("tiny-llama"), config, data, teacher).output(run, origin, DType.F32, false);
        stopped.listener(TrainingListener.eachStep(step -> {
            if (step.step() >= 3) {
                throw new IllegalStateException("stopped");
            }
        }));
        assertThatThrownBy(stopped::train).hasMessage("stopped");
        trainer(model("tiny-llama"), config, data, teacher)
                .output(run, origin, DType.F32, true)
                .train();
        assertThat(Files.mismatch(run.resolve("model.safetensors"), whole.resolve("model.safetensors")))
                .isEqualTo(-1);
    }

    @Test
    @DisplayName("on-policy, the divergence from the teacher falls; a student that is its own teacher learns nothing")
    void onPolicy() throws IOException {
        Path data = prompts();
        OfflineConfig config = config(
                "distill-on-policy",
                "max_steps",
                30,
                "max_completion_length",
                6,
                "per_device_train_batch_size",
                12,
                "learning_rate",
                5e-3);
        List<Double> divergences = new ArrayList<>();
        trainer(model("tiny-llama"), config, data, model("tiny-llama-teacher"))
                .listener(TrainingListener.eachStep(step -> divergences.add(step.get("reverse_kl"))))
                .train();
        assertThat(mean(divergences.subList(25, 30))).isLessThan(0.7 * mean(divergences.subList(0, 5)));
        CausalLM student = model("tiny-llama");
        float[] before = student.parameters().getFirst().value().toFloatArray().clone();
        List<Double> norms = new ArrayList<>();
        trainer(
                        student,
                        config("distill-on-policy", "max_completion_length", 6, "max_steps", 1),
                        data,
                        model("tiny-llama"),
                        model("tiny-llama"))
                .listener(TrainingListener.eachStep(step -> norms.add(step.get("grad_norm"))))
                .train();
        assertThat(norms).containsExactly(0.0); // the same log-probabilities, bit for bit
        assertThat(student.parameters().getFirst().value().toFloatArray()).containsExactly(before);
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    @Test
    @DisplayName("teachers that speak another language, or none, and rows without a completion are refused")
    void misuse() throws IOException {
        Path data = prompts();
        CausalLM student = model("tiny-llama");
        assertThatThrownBy(() -> trainer(
                        student, config("distill-on-policy"), data, CausalLM.load(TestPaths.model("arith-qwen3"))))
                .hasMessageContaining("distil from a model of the same tokenizer");
        assertThatThrownBy(() -> trainer(student, config("distill-on-policy"), data, model("tiny-llama-rm")))
                .hasMessageContaining("a teacher is a language model, and this one scores sequences");
        assertThatThrownBy(() -> trainer(student, config("distill-on-policy"), data))
                .hasMessageContaining("distill-on-policy needs a teacher");
        assertThatThrownBy(() -> trainer(
                        student, config("distill-gkd", "seq_kd", true), data, model("tiny-llama"), model("tiny-llama")))
                .hasMessageContaining("distill-gkd takes one teacher, got 2");
        assertThatThrownBy(() -> trainer(student, config("distill-gkd"), data, model("tiny-llama")))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("prompts.jsonl, row 1")
                .hasMessageContaining("there is no completion, and distill-gkd samples none for it");
        Path ids =
                Files.writeString(folder.resolve("ids.jsonl"), "{\"prompt_ids\": [5], \"completion_ids\": [99999]}\n");
        assertThatThrownBy(() -> trainer(student, config("distill-recorded"), ids, model("tiny-llama")))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("ids.jsonl, row 1")
                .hasMessageContaining("has 99999, which is no token of the model's");
    }
}
