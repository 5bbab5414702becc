// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.protobuf.ProtoReader;
import dev.jacobian.io.protobuf.ProtoWriter;
import dev.jacobian.rl.learn.LossValue;
import dev.jacobian.rl.loop.AdamParams;
import dev.jacobian.rl.loop.Datum;
import dev.jacobian.rl.loop.LossFunction;
import dev.jacobian.rl.loop.LossFunctions;
import dev.jacobian.rl.loop.Trainer;
import dev.jacobian.rl.remote.LoraOptions;
import dev.jacobian.rl.remote.RemoteTrainingException;
import dev.jacobian.rl.remote.SamplingClient;
import dev.jacobian.rl.remote.SamplingParams;
import dev.jacobian.rl.remote.ServiceClient;
import dev.jacobian.rl.remote.TrainingClient;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraConfigReader;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The training service: the bits of the library's own calls, order, isolation, both wire forms, saving, and what is refused. */
@Timeout(120)
class TrainingServiceTest {
    private static final AdamParams ADAM = new AdamParams(1e-2, 0.9, 0.95, 1e-12, 0.01, 1);

    @TempDir
    Path folder;

    /** The same adapter as the service makes for a rank and a seed. */
    private static CausalLM local(int rank, long seed) {
        String modules =
                "[\"q_proj\",\"k_proj\",\"v_proj\",\"o_proj\",\"gate_proj\",\"up_proj\",\"down_proj\",\"lm_head\"]";
        JsonNode json = Json.parse("{\"r\":" + rank + ",\"lora_alpha\":32,\"target_modules\":" + modules + "}", "test");
        return Service.base()
                .withOtherAdapter(new AdapterSource.Fresh(LoraConfigReader.parse((ObjectNode) json, "test"), seed));
    }

    private static void train(TrainingClient client, int from, int to, long data) {
        for (int step = from; step < to; step++) {
            client.forwardBackward(Service.data(data + step), "cross_entropy");
            client.optimStep(ADAM.withLearningRate(1e-2 / (step + 1))).join();
        }
    }

    private static void train(Trainer trainer, int from, int to, long data) {
        for (int step = from; step < to; step++) {
            trainer.forwardBackward(Service.data(data + step), LossFunctions.crossEntropy());
            trainer.optimStep(ADAM.withLearningRate(1e-2 / (step + 1)));
        }
    }

    /** What a client's model thinks of data now. */
    private static float[] logProbs(TrainingClient client) {
        return client.forward(Service.data(99), "cross_entropy", Map.of())
                .join()
                .scored()
                .logProbs();
    }

    private static float[] logProbs(Trainer trainer) {
        return trainer.forward(Service.data(99)).logProbs();
    }

    @Test
    void clientsAtTheSameTimeGetTheBitsOfTheLibrarysOwnCalls() {
        try (Service service = new Service(folder);
                ServiceClient one = service.connect();
                ServiceClient other = service.connect();
                Trainer alone = new Trainer(local(4, 7));
                Trainer beside = new Trainer(local(2, 8))) {
            TrainingClient first = one.createLoraTrainingClient(
                    Service.NAME, LoraOptions.ofRank(4).withSeed(7));
            TrainingClient second = other.createLoraTrainingClient(
                    Service.NAME, LoraOptions.ofRank(2).withSeed(8));
            CompletableFuture<Void> busy = CompletableFuture.runAsync(() -> train(second, 0, 4, 500));
            train(first, 0, 4, 0);
            busy.join();
            train(alone, 0, 4, 0);
            train(beside, 0, 4, 500);
            assertThat(logProbs(first)).isEqualTo(logProbs(alone));
            assertThat(logProbs(second)).isEqualTo(logProbs(beside)).isNotEqualTo(logProbs(first));
        }
    }

    @ParameterizedTest
    @CsvSource({"importance_sampling", "ppo", "cispo", "dro"})
    void everyLossIsTheLibrarys(String loss) {
        try (Service service = new Service(folder);
                ServiceClient client = service.connect();
                Trainer trainer = new Trainer(local(4, 7))) {
            TrainingClient model = client.createLoraTrainingClient(
                    Service.NAME, LoraOptions.ofRank(4).withSeed(7));
            List<Datum> data = new ArrayList<>();
            for (Datum datum : Service.data(3)) {
                float[] sampled = new float[datum.count()];
                float[] advantages = new float[datum.count()];
                for (int t = 0; t < sampled.length; t++) {
                    sampled[t] = -5 + 0.2f * t;
                    advantages[t] = 1 - 0.5f * t;
                }
                data.add(datum.with("logprobs", sampled).with("advantages", advantages));
            }
            Trainer.Result there = model.forwardBackward(data, loss).join();
            double norm = model.optimStep(ADAM).join();
            Trainer.Result here = trainer.forwardBackward(data, LossFunctions.named(loss, Map.of()));
            assertThat(there.loss()).isEqualTo(here.loss()).isNotZero();
            assertThat(there.scored().logProbs()).isEqualTo(here.scored().logProbs());
            assertThat(norm).isEqualTo(trainer.optimStep(ADAM).gradientNorm()).isNotZero();
            assertThat(logProbs(model)).isEqualTo(logProbs(trainer));
        }
    }

    @Test
    void aLossOfTheClientsOwnLearnsWhatTheSameLossDoesHere() {
        LossFunction squared = batch -> {
            double value = 0;
            double[] slopes = new double[batch.count()];
            for (int t = 0; t < slopes.length; t++) {
                slopes[t] = batch.logProbs()[t] + 1;
                value += 0.5 * slopes[t] * slopes[t];
            }
            return new LossValue(value, slopes);
        };
        try (Service service = new Service(folder);
                ServiceClient client = service.connect();
                Trainer trainer = new Trainer(local(4, 7))) {
            TrainingClient model = client.createLoraTrainingClient(
                    Service.NAME, LoraOptions.ofRank(4).withSeed(7));
            Trainer.Result there =
                    model.forwardBackwardCustom(Service.data(3), squared).join();
            Trainer.Result here = trainer.forwardBackward(Service.data(3), squared);
            assertThat(there.loss()).isEqualTo(here.loss());
            model.optimStep(ADAM).join();
            trainer.optimStep(ADAM);
            assertThat(logProbs(model)).isEqualTo(logProbs(trainer));
        }
    }

    @Test
    void samplesAreThoseOfTheGeneratorAndStayThoseOfTheirWeights() {
        int[] prompt = {5, 6, 7};
        try (Service service = new Service(folder);
                ServiceClient client = service.connect();
                Trainer trainer = new Trainer(local(4, 7))) {
            TrainingClient model = client.createLoraTrainingClient(
                    Service.NAME, LoraOptions.ofRank(4).withSeed(7));
            train(model, 0, 2, 0);
            train(trainer, 0, 2, 0);
            SamplingClient sampler = model.saveWeightsAndGetSamplingClient().join();
            String saved = model.saveWeightsForSampler("two").join();
            List<Generation> expected = trainer.sample(prompt, 3, GenerationConfig.sampling(8, 1f, 11));
            train(model, 2, 4, 0); // changes nothing of what was saved before
            SamplingClient again = client.createSamplingClientFromPath(saved);
            for (SamplingClient one : List.of(sampler, again)) {
                List<Generation> samples =
                        one.sample(prompt, 3, SamplingParams.of(8, 11)).join();
                assertThat(samples).hasSize(3);
                for (int s = 0; s < 3; s++) {
                    assertThat(samples.get(s).tokenIds())
                            .isEqualTo(expected.get(s).tokenIds());
                    assertThat(samples.get(s).logProbs())
                            .isEqualTo(expected.get(s).logProbs());
                }
            }
            Generation plain = client.createSamplingClient(Service.NAME)
                    .sample(prompt, 1, SamplingParams.of(8, 11))
                    .join()
                    .getFirst();
            assertThat(plain.tokenIds())
                    .isEqualTo(new Generator(service.base.withoutAdapter())
                            .generate(List.of(prompt), 1, GenerationConfig.sampling(8, 1f, 11))
                            .getFirst()
                            .getFirst()
                            .tokenIds());
            Datum known = new Datum(new int[] {5, 6}, new int[] {6, 7}, Map.of());
            assertThat(sampler.computeLogprobs(prompt).join()).isEqualTo(atStep(2, known));
        }
    }

    private static float[] atStep(int steps, Datum datum) {
        try (Trainer trainer = new Trainer(local(4, 7))) {
            train(trainer, 0, steps, 0);
            return trainer.forward(List.of(datum)).logProbs();
        }
    }

    @Test
    void aSavedStateGoesOnToTheSameBitsInAnotherServiceToo() {
        String path;
        float[] expected;
        try (Service service = new Service(folder);
                ServiceClient client = service.connect()) {
            TrainingClient model = client.createLoraTrainingClient(
                    Service.NAME, LoraOptions.ofRank(4).withSeed(7));
            train(model, 0, 2, 0);
            path = model.saveState("middle").join();
            train(model, 2, 5, 0);
            expected = logProbs(model);
        }
        try (Service service = new Service(folder);
                ServiceClient client = service.connect()) {
            TrainingClient model = client.createTrainingClientFromState(path, true);
            train(model, 2, 5, 0);
            assertThat(logProbs(model)).isEqualTo(expected);
            TrainingClient second = client.createLoraTrainingClient(Service.NAME, LoraOptions.ofRank(4));
            second.loadState(path, true).join();
            train(second, 2, 5, 0);
            assertThat(logProbs(second)).isEqualTo(expected);
            TrainingClient forgetful = client.createTrainingClientFromState(path, false);
            train(forgetful, 2, 5, 0);
            assertThat(logProbs(forgetful)).isNotEqualTo(expected);
        }
    }

    private static String session(Service service) throws Exception {
        return service.post("create_session", "{\"tags\":[],\"sdk_version\":\"x\",\"type\":\"create_session\"}")
                .get("session_id")
                .asText();
    }

    private static String model(Service service) throws Exception {
        JsonNode created = service.post(
                "create_model",
                "{\"session_id\":\"" + session(service)
                        + "\",\"model_seq_id\":0,\"base_model\":\"tiny\",\"lora_config\":{\"rank\":4,\"seed\":7}}");
        return service.result(created).get("model_id").asText();
    }

    private static String forward(String model, int number, String loss, String inputs) {
        return "{\"model_id\":\"" + model + "\",\"seq_id\":" + number
                + ",\"forward_backward_input\":{\"loss_fn\":\"" + loss
                + "\",\"data\":[{\"model_input\":{\"chunks\":[{\"type\":\"encoded_text\",\"tokens\":[5,6]},"
                + "{\"type\":\"encoded_text\",\"tokens\":[7]}]},\"loss_fn_inputs\":{" + inputs + "}}]}}";
    }

    @Test
    void theLongestNameOfACheckpointCanBeWritten() throws Exception {
        try (Service service = new Service(folder)) {
            String name = "x".repeat(200);
            String body = "{\"model_id\":\"" + model(service) + "\",\"path\":\"" + name + "\"}";
            JsonNode saved = service.result(service.post("save_weights", body));
            assertThat(saved.path("path").asText()).endsWith("/weights/" + name);
        }
    }

    @Test
    void whatAKilledProcessSetAsideIsListedAgain() throws Exception {
        try (Service service = new Service(folder)) {
            String model = model(service);
            service.result(service.post("save_weights", "{\"model_id\":\"" + model + "\",\"path\":\"one\"}"));
            Path weights = folder.resolve(model + "/weights");
            Files.move(weights.resolve("one"), weights.resolve(".one.old-999999999-1")); // no process has that number
            assertThat(service.get("checkpoints").get("checkpoints").findValuesAsText("checkpoint_id"))
                    .containsExactly("weights/one");
        }
    }

    @Test
    void samplesOfACheckpointAreOfWhatItIsNow() throws Exception {
        try (Service service = new Service(folder)) {
            String model = model(service);
            String save = "{\"model_id\":\"" + model + "\",\"path\":\"s\",\"overwrite\":true}";
            String path = service.result(service.post("save_weights_for_sampler", save))
                    .get("path")
                    .asText();
            String ask = "{\"model_path\":\"" + path
                    + "\",\"prompt\":{\"chunks\":[{\"type\":\"encoded_text\",\"tokens\":[5,6,7]}]},"
                    + "\"sampling_params\":{\"max_tokens\":1,\"seed\":1},\"prompt_logprobs\":true}";
            JsonNode before = service.result(service.post("asample", ask)).get("prompt_logprobs");
            service.result(service.post("forward_backward", forward(model, 2, "cross_entropy", TARGETS)));
            service.result(service.post("optim_step", optim(model, 3, 1e-2)));
            service.clock.pass(Duration.ofSeconds(1));
            assertThat(service.result(service.post("asample", ask)).get("prompt_logprobs"))
                    .isEqualTo(before);
            service.result(service.post("save_weights_for_sampler", save));
            assertThat(service.result(service.post("asample", ask)).get("prompt_logprobs"))
                    .isNotEqualTo(before);
            service.send(
                    "DELETE", "training_runs/" + model + "/checkpoints/sampler_weights/s", "text/plain", new byte[0]);
            service.post("asample", ask, 404);
        }
    }

    private static final String TARGETS = "\"target_tokens\":{\"data\":[6,7,8],\"dtype\":\"int64\",\"shape\":[3]}";

    private static String optim(String model, int number, double rate) {
        return "{\"model_id\":\"" + model + "\",\"seq_id\":" + number + ",\"adam_params\":{\"learning_rate\":" + rate
                + "}}";
    }

    @Test
    void requestsAreDoneInTheirOrderAndOnceHoweverTheyArrive() throws Exception {
        try (Service service = new Service(folder)) {
            String model = model(service);
            JsonNode step = service.post("optim_step", optim(model, 2, 1e-2)); // waits for the first
            JsonNode pending = service.post(
                    "forward",
                    "{\"model_id\":\"" + model
                            + "\",\"seq_id\":4,\"forward_input\":{\"loss_fn\":\"cross_entropy\",\"data\":[]}}",
                    400);
            assertThat(pending.get("detail").asText()).contains("data is empty");
            JsonNode first = service.post("forward_backward", forward(model, 1, "cross_entropy", TARGETS));
            JsonNode repeated = service.post("forward_backward", forward(model, 1, "cross_entropy", TARGETS));
            assertThat(repeated).isEqualTo(first);
            double loss = service.result(first).at("/metrics/loss:sum").asDouble();
            assertThat(service.result(step).at("/metrics/grad_norm:mean").asDouble())
                    .isPositive();
            assertThat(service.post("optim_step", optim(model, 2, 1e-2))).isEqualTo(step);
            JsonNode other = service.post("optim_step", optim(model, 2, 1e-3), 409);
            assertThat(other.get("detail").asText()).contains("seq_id 2").contains("the next is 3");
            assertThat(service.post("optim_step", optim(model, 0, 1e-3), 409)
                            .get("detail")
                            .asText())
                    .contains("from 1, found 0");
            JsonNode after = service.post("forward_backward", forward(model, 3, "cross_entropy", TARGETS));
            assertThat(service.result(after).at("/metrics/loss:sum").asDouble()).isLessThan(loss);
        }
    }

    @Test
    void failuresAreAnswersAndTheModelGoesOn() throws Exception {
        try (Service service = new Service(folder)) {
            String model = model(service);
            JsonNode empty = service.result(service.post("optim_step", optim(model, 1, 1e-2)));
            assertThat(empty.get("error").asText()).contains("forwardBackward first");
            assertThat(empty.get("category").asText()).isEqualTo("user");
            JsonNode pass =
                    service.result(service.post("forward_backward", forward(model, 2, "cross_entropy", TARGETS)));
            assertThat(pass.at("/loss_fn_outputs/0/logprobs/data").size()).isEqualTo(3);
            JsonNode unsaved = service.result(
                    service.post("save_weights", "{\"model_id\":\"" + model + "\",\"seq_id\":3,\"path\":\"a\"}"));
            assertThat(unsaved.get("error").asText()).contains("wait for optimStep");
            assertThat(service.result(service.post("optim_step", optim(model, 4, 1e-2)))
                            .has("metrics"))
                    .isTrue();
        }
    }

    static Stream<List<String>> refusals() {
        String weights = "\"weights\":{\"data\":[1,1,1],\"dtype\":\"float32\"}";
        return Stream.of(
                List.of("nothing", TARGETS, "unknown loss 'nothing'"),
                List.of("ppo", TARGETS + "," + weights, "no 'logprobs'"),
                List.of("cross_entropy", weights, "no 'target_tokens'"),
                List.of("cross_entropy", TARGETS + ",\"mask\":{\"data\":[1]}", "'mask' in loss_fn_inputs"),
                List.of("cross_entropy", "\"target_tokens\":{\"data\":[6,7]}", "3 tokens and 2 targets"),
                List.of("cross_entropy", "\"target_tokens\":{\"data\":[6,7,100000]}", "has the id 100000"),
                List.of("cross_entropy", "\"target_tokens\":{\"data\":[6,7,-1]}", "has the id -1"),
                List.of("cross_entropy", "\"target_tokens\":{\"data\":[6,7,\"x\"]}", "must be token ids"),
                List.of("cross_entropy", "\"target_tokens\":{\"data\":[6,7,8],\"shape\":[3,1]}", "shape [3, 1]"),
                List.of("cross_entropy", TARGETS + ",\"weights\":{\"data\":[1,1e60,1]}", "Infinity in 'weights'"));
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void aBatchThatCannotBeIsRefusedBeforeItWaits(List<String> one) throws Exception {
        try (Service service = new Service(folder)) {
            String model = model(service);
            JsonNode refused = service.post("forward_backward", forward(model, 1, one.get(0), one.get(1)), 400);
            assertThat(refused.get("detail").asText()).contains(one.get(2));
            service.result(service.post("forward_backward", forward(model, 1, "cross_entropy", TARGETS)));
        }
    }

    @Test
    void aSettingThatWouldHaveNoEffectIsRefused() throws Exception {
        try (Service service = new Service(folder)) {
            String create = "{\"session_id\":\"" + session(service)
                    + "\",\"base_model\":\"tiny\",\"lora_config\":{\"rank\":4,\"alpha\":16}}";
            assertThat(service.post("create_model", create, 400).get("detail").asText())
                    .contains("lora_config.alpha");
            String model = model(service);
            String step = "{\"model_id\":\"" + model + "\",\"adam_params\":{\"type\":\"adam\",\"lr\":0.1}}";
            assertThat(service.post("optim_step", step, 400).get("detail").asText())
                    .contains("adam_params.lr");
            String sample = "{\"base_model\":\"tiny\",\"prompt\":{\"chunks\":[{\"tokens\":[5]}]},"
                    + "\"sampling_params\":{\"max_tokens\":1,\"min_p\":0.5}}";
            assertThat(service.post("asample", sample, 400).get("detail").asText())
                    .contains("sampling_params.min_p");
            String dro = forward(model, 1, "dro", TARGETS)
                    .replace("\"loss_fn\"", "\"loss_fn_config\":{\"beta\":-1},\"loss_fn\"");
            assertThat(service.post("forward_backward", dro, 400).get("detail").asText())
                    .contains("beta must be 0 or more");
        }
    }

    @Test
    void whatIsNotThereIsNotFound() throws Exception {
        try (Service service = new Service(folder)) {
            String session = session(service);
            assertThat(service.post("session_heartbeat", "{\"session_id\":\"x\"}", 404)
                            .get("detail")
                            .asText())
                    .contains("create_session");
            assertThat(service.post("create_model", "{\"session_id\":\"" + session + "\",\"base_model\":\"y\"}", 404)
                            .get("detail")
                            .asText())
                    .contains("there is 'tiny'");
            assertThat(service.post("get_info", "{\"model_id\":\"x\"}", 404)
                            .get("detail")
                            .asText())
                    .contains("create_model");
            assertThat(service.post("retrieve_future", "{\"request_id\":\"7\"}", 404)
                            .get("detail")
                            .asText())
                    .contains("no request '7'");
            for (String path :
                    List.of("tinker://x/weights/../y", "tinker://../weights/y", "/etc/passwd", "tinker://a/b/c")) {
                assertThat(service.post("weights_info", "{\"tinker_path\":\"" + path + "\"}", 400)
                                .get("detail")
                                .asText())
                        .contains("a checkpoint's path is");
            }
            assertThat(service.post("weights_info", "{\"tinker_path\":\"tinker://a/weights/b\"}", 404)
                            .get("detail")
                            .asText())
                    .contains("no checkpoint tinker://a/weights/b");
            assertThat(service.post("asample", "{\"prompt\":{\"chunks\":[{\"type\":\"image\"}]}}", 400)
                            .get("detail")
                            .asText())
                    .contains("only encoded_text");
            assertThat(service.send("DELETE", "training_runs/a/checkpoints/weights/b", "text/plain", new byte[0])
                            .statusCode())
                    .isEqualTo(404);
        }
    }

    @Test
    void whatWasSavedIsListedKeptForItsTimeAndRemoved() throws Exception {
        try (Service service = new Service(folder)) {
            String model = model(service);
            String save = "{\"model_id\":\"" + model + "\",\"seq_id\":%d,\"path\":\"%s\"}";
            JsonNode saved = service.result(service.post("save_weights", save.formatted(1, "one")));
            assertThat(saved.get("path").asText()).isEqualTo("tinker://" + model + "/weights/one");
            assertThat(Files.exists(folder.resolve(model + "/weights/one/state/adapter_model.safetensors")))
                    .isTrue();
            JsonNode taken = service.result(service.post("save_weights", save.formatted(2, "one")));
            assertThat(taken.get("error").asText()).contains("is there already");
            service.post("save_weights", save.formatted(3, "../x"), 400);
            service.post("save_weights", save.formatted(3, "x".repeat(201)), 400);
            service.result(service.post("save_weights_for_sampler", save.formatted(3, "two")));
            JsonNode info = service.post(
                    "weights_info", "{\"tinker_path\":\"" + saved.get("path").asText() + "\"}");
            assertThat(info.get("lora_rank").intValue()).isEqualTo(4);
            assertThat(info.get("base_model").asText()).isEqualTo("tiny");
            JsonNode listed =
                    service.get("training_runs/" + model + "/checkpoints").get("checkpoints");
            assertThat(listed.findValuesAsText("checkpoint_id")).containsExactly("weights/one", "sampler_weights/two");
            assertThat(listed.get(0).get("size_bytes").longValue()).isPositive();
            assertThat(service.get("training_runs")
                            .at("/training_runs/0/training_run_id")
                            .asText())
                    .isEqualTo(model);
            String one = "training_runs/" + model + "/checkpoints/weights/one";
            byte[] ttl = "{\"ttl_seconds\":1}".getBytes();
            assertThat(service.send("PUT", one + "/ttl", "application/json", ttl)
                            .statusCode())
                    .isEqualTo(200);
            service.clock.pass(Duration.ofSeconds(2));
            assertThat(service.get("checkpoints").get("checkpoints").findValuesAsText("checkpoint_id"))
                    .containsExactly("sampler_weights/two");
            assertThat(Files.exists(folder.resolve(model + "/weights/one"))).isFalse();
            String two = "training_runs/" + model + "/checkpoints/sampler_weights/two";
            assertThat(service.send("DELETE", two, "text/plain", new byte[0]).statusCode())
                    .isEqualTo(204);
            assertThat(service.get("checkpoints").get("checkpoints")).isEmpty();
        }
    }

    @Test
    void aSessionOfWhichNothingIsHeardEndsWithItsModels() throws Exception {
        try (Service service = new Service(folder)) {
            String model = model(service);
            JsonNode waits = service.post("optim_step", optim(model, 2, 1e-2)); // for one that never comes
            service.clock.pass(Duration.ofMinutes(4));
            service.post("get_info", "{\"model_id\":\"" + model + "\"}"); // is heard
            service.clock.pass(Duration.ofMinutes(4));
            service.post("get_info", "{\"model_id\":\"" + model + "\"}");
            service.clock.pass(Duration.ofMinutes(6));
            JsonNode end = service.result(waits);
            assertThat(end.get("error").asText()).contains("unloaded");
            service.post("get_info", "{\"model_id\":\"" + model + "\"}", 404);
        }
    }

    @Test
    void modelsAreLimitedAndOneThatIsUnloadedMakesRoom() throws Exception {
        try (Service service = new Service(folder, config -> config.withMaxModels(1))) {
            String model = model(service);
            String session = session(service);
            String create = "{\"session_id\":\"" + session + "\",\"model_seq_id\":0,\"base_model\":\"tiny\"}";
            assertThat(service.post("create_model", create, 429).get("detail").asText())
                    .contains("unload one");
            service.result(service.post("unload_model", "{\"model_id\":\"" + model + "\"}"));
            JsonNode made = service.post("create_model", create);
            assertThat(service.post("create_model", create)).isEqualTo(made);
        }
    }

    @Test
    void manySamplersMakeRoomForOneAnother() {
        try (Service service = new Service(folder, config -> config.withMaxSamplers(2));
                ServiceClient client = service.connect()) {
            SamplingClient first = client.createSamplingClient(Service.NAME);
            first.sample(new int[] {5}, 1, SamplingParams.of(2, 1)).join();
            client.createSamplingClient(Service.NAME);
            client.createSamplingClient(Service.NAME);
            assertThatThrownBy(() -> first.sample(new int[] {5}, 1, SamplingParams.of(2, 1))
                            .join())
                    .hasCauseInstanceOf(RemoteTrainingException.class)
                    .hasMessageContaining("may have made room");
        }
    }

    private static byte[] little(int bytes, Consumer<ByteBuffer> fill) {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        fill.accept(buffer);
        return buffer.array();
    }

    private static ProtoWriter tensor(String name, int dtype, byte[] dense, int length) {
        return new ProtoWriter()
                .text(1, name)
                .message(2, new ProtoWriter().bytes(1, dense).varint(3, dtype).varint(4, length));
    }

    private static byte[] protobuf(String model, int number) {
        byte[] tokens = little(12, b -> b.putInt(5).putInt(6).putInt(7));
        byte[] targets = little(24, b -> b.putLong(6).putLong(7).putLong(8));
        byte[] weights = little(12, b -> b.putFloat(1).putFloat(0.5f).putFloat(-1));
        ProtoWriter datum = new ProtoWriter()
                .message(1, new ProtoWriter().message(1, new ProtoWriter().bytes(1, tokens)))
                .message(2, tensor("target_tokens", 2, targets, 3))
                .message(2, tensor("weights", 1, weights, 3));
        return new ProtoWriter()
                .text(1, model)
                .varint(2, number)
                .message(3, datum)
                .message(3, datum)
                .text(4, "cross_entropy")
                .toBytes();
    }

    @Test
    void protobufSaysWhatJsonSays() throws Exception {
        try (Service service = new Service(folder)) {
            String model = model(service);
            HttpResponse<byte[]> sent =
                    service.send("POST", "forward_backward", "application/x-protobuf", protobuf(model, 1));
            assertThat(sent.statusCode()).as(new String(sent.body())).isEqualTo(200);
            JsonNode promise = Json.parse(sent.body(), "promise");
            JsonNode json = service.result(promise);
            byte[] ask = ("{\"request_id\":" + promise.get("request_id") + "}").getBytes();
            HttpResponse<byte[]> answer = service.send(
                    "POST", "retrieve_future", "application/json", ask, "Accept", "application/x-protobuf");
            assertThat(answer.headers().firstValue("Content-Type")).contains("application/x-protobuf");
            float[] logProbs = new float[6];
            long[] offsets = new long[3];
            double loss = Double.NaN;
            ProtoReader in = new ProtoReader(answer.body(), "answer");
            while (in.next()) {
                switch (in.field()) {
                    case 2 -> {
                        ProtoReader record = in.message();
                        while (record.next()) {
                            if (record.field() == 2) {
                                ProtoReader entry = record.message();
                                entry.next();
                                assertThat(entry.text()).isEqualTo("logprobs");
                                entry.next();
                                ProtoReader tensor = entry.message();
                                tensor.next();
                                tensor.bytes().asFloatBuffer().get(logProbs);
                                tensor.next();
                                tensor.bytes().asLongBuffer().get(offsets);
                            } else {
                                record.skip();
                            }
                        }
                    }
                    case 3 -> {
                        ProtoReader metric = in.message();
                        metric.next();
                        boolean wanted = metric.text().equals("loss:sum");
                        metric.next();
                        double value = metric.number64();
                        loss = wanted ? value : loss;
                    }
                    default -> in.skip();
                }
            }
            assertThat(offsets).containsExactly(0, 12, 24);
            for (int d = 0; d < 2; d++) {
                for (int t = 0; t < 3; t++) {
                    assertThat(logProbs[3 * d + t])
                            .isEqualTo(json.at("/loss_fn_outputs/" + d + "/logprobs/data/" + t)
                                    .floatValue());
                }
            }
            assertThat(loss)
                    .isEqualTo(json.at("/metrics/loss:sum").asDouble())
                    .isCloseTo(-2 * (logProbs[0] + 0.5 * logProbs[1] - logProbs[2]), within(1e-5));
        }
    }

    @Test
    void brokenProtobufIsRefused() throws Exception {
        try (Service service = new Service(folder)) {
            byte[] whole = protobuf("model_00000000", 1);
            for (int length : IntStream.rangeClosed(0, whole.length).toArray()) {
                HttpResponse<byte[]> answer = service.send(
                        "POST", "forward_backward", "application/x-protobuf", Arrays.copyOf(whole, length));
                assertThat(answer.statusCode()).as(length + " bytes").isIn(400, 404);
            }
            HttpResponse<byte[]> packed = service.send(
                    "POST", "forward_backward", "application/x-protobuf", whole, "Content-Encoding", "zstd");
            assertThat(packed.statusCode()).isEqualTo(415);
            assertThat(new String(packed.body())).contains("zstd is not read");
        }
    }

    @Test
    void theDescriptionHasEveryRoute() throws Exception {
        List<String> described = new ArrayList<>();
        try (var in = TrainingEndpoint.class.getResourceAsStream("openapi.json")) {
            JsonNode document = Json.parse(in.readAllBytes(), "openapi.json");
            document.get("paths")
                    .properties()
                    .forEach(path -> path.getValue()
                            .fieldNames()
                            .forEachRemaining(
                                    method -> described.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey())));
        }
        try (Service service = new Service(folder)) {
            for (String route : described) {
                String[] parts = route.split(" /api/v1/");
                String path = parts[1].replaceAll("\\{[a-z_]+}", "x");
                HttpResponse<byte[]> answer = service.send(
                        parts[0], path, "application/json", parts[0].equals("GET") ? new byte[0] : "{}".getBytes());
                assertThat(new String(answer.body()))
                        .as(route)
                        .doesNotContain("unknown_url")
                        .doesNotContain("method_not_allowed");
                assertThat(answer.statusCode()).as(route).isIn(200, 400, 404);
            }
        }
        assertThat(described).hasSize(29);
    }
}
