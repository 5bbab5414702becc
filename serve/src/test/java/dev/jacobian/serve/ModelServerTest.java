// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.serve.http.RawClient;
import dev.jacobian.transformer.generation.EngineConfig;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.GenerationConfigBuilder;
import dev.jacobian.transformer.generation.Generator;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** OpenAI's protocol, from outside. */
@Timeout(120)
class ModelServerTest {
    private static Served served;

    @BeforeAll
    static void start() {
        served = Served.with(builder -> builder);
    }

    @AfterAll
    static void stop() {
        served.close();
    }

    /** What {@code generate} gives for a prompt: keyed by its index and the number of the continuation. */
    private static List<Generation> generated(int[] prompt, int samples, GenerationConfig config) {
        return new Generator(served.model)
                .generate(List.of(prompt), samples, config)
                .getFirst();
    }

    private static GenerationConfig sampling(int tokens, float temperature, long seed) {
        return GenerationConfig.sampling(tokens, temperature, seed);
    }

    private static String text(Generation generation) {
        return served.model.tokenizer().decode(generation.tokenIds(), true);
    }

    @Test
    void models() throws Exception {
        JsonNode list = Json.parse(served.get("/v1/models").body(), "list");
        assertThat(list.get("object").textValue()).isEqualTo("list");
        assertThat(list.get("data").get(0).get("id").textValue()).isEqualTo("tiny");
        assertThat(list.get("data").get(0).get("max_model_len").intValue()).isEqualTo(128);
        assertThat(Json.parse(served.get("/v1/models/tiny").body(), "model"))
                .isEqualTo(list.get("data").get(0));
        assertThat(served.get("/v1/models/other").statusCode()).isEqualTo(404);
    }

    @Test
    void aChatAnswerIsWhatGenerateGives() throws Exception {
        int[] prompt = served.prompt("Hello");
        Generation expected = generated(prompt, 1, sampling(12, 0.8f, 7)).getFirst();
        JsonNode answer =
                served.answer("Hello", "\"seed\":7,\"temperature\":0.8,\"max_tokens\":12,\"return_token_ids\":true");
        assertThat(answer.get("object").textValue()).isEqualTo("chat.completion");
        assertThat(answer.get("id").textValue()).startsWith("chatcmpl-");
        JsonNode choice = answer.get("choices").get(0);
        assertThat(Served.ints(choice.get("token_ids"))).isEqualTo(expected.tokenIds());
        assertThat(choice.get("message").get("content").textValue()).isEqualTo(text(expected));
        assertThat(choice.get("message").get("role").textValue()).isEqualTo("assistant");
        assertThat(choice.get("finish_reason").textValue())
                .isEqualTo(expected.finishReason().label());
        assertThat(answer.get("usage").toString())
                .isEqualTo(
                        "{\"prompt_tokens\":" + prompt.length + ",\"completion_tokens\":" + expected.tokenIds().length
                                + ",\"total_tokens\":" + (prompt.length + expected.tokenIds().length) + "}");
    }

    @Test
    void severalChoicesAreTheSamplesOfAPrompt() throws Exception {
        List<Generation> expected = generated(served.prompt("Hello"), 3, sampling(8, 1f, 3));
        JsonNode choices = served.answer("Hello", "\"seed\":3,\"n\":3,\"max_completion_tokens\":8")
                .get("choices");
        for (int i = 0; i < 3; i++) {
            assertThat(choices.get(i).get("index").intValue()).isEqualTo(i);
            assertThat(choices.get(i).get("message").get("content").textValue()).isEqualTo(text(expected.get(i)));
        }
    }

    @Test
    void aTemperatureOfNearlyZeroIsGreedyToo() throws Exception {
        assertThat(served.answer("Hello", "\"temperature\":1e-44,\"max_tokens\":6")
                        .at("/choices/0/message/content"))
                .isEqualTo(served.answer("Hello", "\"temperature\":0,\"max_tokens\":6")
                        .at("/choices/0/message/content"));
    }

    @Test
    void aTemperatureOfZeroIsGreedy() throws Exception {
        Generation expected =
                generated(served.prompt("Hello"), 1, GenerationConfig.greedy(8)).getFirst();
        JsonNode answer = served.answer("Hello", "\"temperature\":0,\"max_tokens\":8");
        assertThat(answer.at("/choices/0/message/content").textValue()).isEqualTo(text(expected));
    }

    @Test
    void aStreamIsTheAnswerInPieces() throws Exception {
        String fields = "\"seed\":5,\"n\":2,\"max_tokens\":20,\"logprobs\":true,\"top_logprobs\":2";
        JsonNode whole = served.answer("Hello", fields);
        List<JsonNode> events = served.events(
                "/v1/chat/completions",
                Served.chat("Hello", fields + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}"));
        JsonNode last = events.removeLast();
        assertThat(last.get("choices")).isEmpty();
        assertThat(last.get("usage")).isEqualTo(whole.get("usage"));
        assertThat(events)
                .allMatch(event -> event.get("usage").isNull()
                        && event.get("object").textValue().equals("chat.completion.chunk"));
        assertThat(events.stream().map(event -> event.get("id")).distinct()).hasSize(1);
        for (int i = 0; i < 2; i++) {
            int index = i;
            List<JsonNode> choices = events.stream()
                    .map(event -> event.get("choices").get(0))
                    .filter(choice -> choice.get("index").intValue() == index)
                    .toList();
            assertThat(choices.getFirst().get("delta").toString())
                    .isEqualTo("{\"role\":\"assistant\",\"content\":\"\"}");
            JsonNode expected = whole.get("choices").get(i);
            assertThat(choices.stream()
                            .map(choice -> choice.path("delta").path("content").asText(""))
                            .collect(Collectors.joining()))
                    .isEqualTo(expected.get("message").get("content").textValue());
            assertThat(choices.getLast().get("finish_reason")).isEqualTo(expected.get("finish_reason"));
            assertThat(choices.subList(0, choices.size() - 1))
                    .allMatch(choice -> choice.get("finish_reason").isNull());
            List<JsonNode> logProbs = new ArrayList<>();
            choices.forEach(choice -> choice.path("logprobs").path("content").forEach(logProbs::add));
            assertThat(logProbs)
                    .isEqualTo(expected.get("logprobs")
                            .get("content")
                            .valueStream()
                            .toList());
        }
    }

    @Test
    void logProbabilitiesOfTokensAndOfOthers() throws Exception {
        Generation expected =
                generated(served.prompt("Hello"), 1, GenerationConfig.greedy(6)).getFirst();
        JsonNode content = served.answer(
                        "Hello", "\"temperature\":0,\"max_tokens\":6,\"logprobs\":true,\"top_logprobs\":3")
                .at("/choices/0/logprobs/content");
        assertThat(content).hasSize(expected.tokenIds().length);
        for (int i = 0; i < content.size(); i++) {
            JsonNode entry = content.get(i);
            assertThat(entry.get("logprob").floatValue()).isEqualTo(expected.logProbs()[i]);
            JsonNode top = entry.get("top_logprobs");
            assertThat(top).hasSize(3);
            assertThat(top.get(0).get("token")).isEqualTo(entry.get("token")); // greedy takes the likeliest
            assertThat(top.get(0).get("logprob")).isEqualTo(entry.get("logprob"));
            assertThat(top.get(1).get("logprob").doubleValue())
                    .isLessThanOrEqualTo(top.get(0).get("logprob").doubleValue());
            assertThat(Served.ints(entry.get("bytes")))
                    .isEqualTo(unsigned(served.model.tokenizer().bytesOf(expected.tokenIds()[i])));
        }
    }

    private static int[] unsigned(byte[] bytes) {
        int[] values = new int[bytes.length];
        Arrays.setAll(values, i -> bytes[i] & 0xFF);
        return values;
    }

    @Test
    void aStopStringEndsAnAnswerAndIsNoPartOfIt() throws Exception {
        try (Served talker = Served.with(Served.saying("One, two, three, four."))) {
            JsonNode choice =
                    talker.answer("x", "\"stop\":[\"four\",\", thr\"]").at("/choices/0");
            assertThat(choice.at("/message/content").textValue()).isEqualTo("One, two");
            assertThat(choice.get("finish_reason").textValue()).isEqualTo("stop");
            List<JsonNode> events =
                    talker.events("/v1/chat/completions", Served.chat("x", "\"stop\":\", thr\",\"stream\":true"));
            assertThat(events.stream()
                            .map(e -> e.at("/choices/0/delta/content").asText(""))
                            .collect(Collectors.joining()))
                    .isEqualTo("One, two");
            assertThat(talker.answer("x", "\"stop\":\"two\",\"include_stop_str_in_output\":true")
                            .at("/choices/0/message/content")
                            .textValue())
                    .isEqualTo("One, two");
            assertThat(talker.answer("x", "\"stop\":\"five\"")
                            .at("/choices/0/message/content")
                            .textValue())
                    .isEqualTo("One, two, three, four.");
            assertThat(talker.answer("x", "\"max_tokens\":2")
                            .at("/choices/0/finish_reason")
                            .textValue())
                    .isEqualTo("length");
        }
    }

    @Test
    void callsOfToolsAreTakenOutOfTheText(@TempDir Path folder) throws Exception {
        String tools =
                "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\"}}}]";
        String said = "Yes.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>";
        try (Served caller = Served.roomy(folder, Served.saying(said))) {
            JsonNode choice = caller.answer("x", tools).at("/choices/0");
            assertThat(choice.get("finish_reason").textValue()).isEqualTo("tool_calls");
            assertThat(choice.at("/message/content").textValue()).isEqualTo("Yes.");
            JsonNode call = choice.at("/message/tool_calls/0");
            assertThat(call.get("function").toString()).isEqualTo("{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}");
            assertThat(call.get("id").textValue()).startsWith("call_");

            List<JsonNode> events = caller.events("/v1/chat/completions", Served.chat("x", tools + ",\"stream\":true"));
            List<JsonNode> calls = events.stream()
                    .map(event -> event.at("/choices/0/delta/tool_calls/0"))
                    .filter(JsonNode::isObject)
                    .toList();
            assertThat(calls).hasSize(1);
            assertThat(calls.getFirst().get("index").intValue()).isZero();
            assertThat(calls.getFirst().get("function")).isEqualTo(call.get("function"));
            assertThat(events.getLast().at("/choices/0/finish_reason").textValue())
                    .isEqualTo("tool_calls");

            // The model is told of no tools, so what it says is text.
            JsonNode none =
                    caller.answer("x", tools + ",\"tool_choice\":\"none\"").at("/choices/0");
            assertThat(none.at("/message/content").textValue()).isEqualTo(said);
            assertThat(none.get("finish_reason").textValue()).isEqualTo("stop");
        }
    }

    @Test
    void anAnswerSatisfiesItsSchema() throws Exception {
        String schema = "{\"type\":\"object\",\"properties\":{\"city\":{\"enum\":[\"Oslo\",\"Rome\"]},"
                + "\"warm\":{\"type\":\"boolean\"}},\"required\":[\"city\",\"warm\"],\"additionalProperties\":false}";
        JsonNode choice = served.answer(
                        "x",
                        "\"seed\":2,\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"w\","
                                + "\"strict\":true,\"schema\":" + schema + "}}")
                .at("/choices/0");
        JsonNode said = Json.parse(choice.at("/message/content").textValue(), "the answer");
        assertThat(said.get("city").textValue()).isIn("Oslo", "Rome");
        assertThat(said.get("warm").isBoolean()).isTrue();
        assertThat(choice.get("finish_reason").textValue()).isEqualTo("stop");

        assertThat(served.complete("\"x\"", "\"structured_outputs\":{\"choice\":[\"yes\",\"no\"]}")
                        .at("/choices/0/text")
                        .textValue())
                .isIn("yes", "no");
        assertThat(served.complete("\"x\"", "\"structured_outputs\":{\"regex\":\"[0-9]{3}\"}")
                        .at("/choices/0/text")
                        .textValue())
                .matches("[0-9]{3}");
        String object = served.answer("x", "\"max_tokens\":60,\"response_format\":{\"type\":\"json_object\"}")
                .at("/choices/0/message/content")
                .textValue();
        assertThat(object).startsWith("{");

        JsonNode error = served.refused(
                "/v1/chat/completions",
                Served.chat(
                        "x", "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"typ\":1}}}"),
                400);
        assertThat(error.get("param").textValue()).isEqualTo("response_format.json_schema.schema");
        assertThat(error.get("message").textValue()).contains("typ");
        assertThat(served.refused(
                                "/v1/chat/completions", Served.chat("x", "\"response_format\":{\"type\":\"xml\"}"), 400)
                        .get("param")
                        .textValue())
                .isEqualTo("response_format.type");
    }

    @Test
    void aCallThatMustBeMadeIsMade(@TempDir Path folder) throws Exception {
        String function = "{\"type\":\"function\",\"function\":{\"name\":\"%s\",\"parameters\":{\"type\":\"object\","
                + "\"properties\":{\"n\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":9}},\"required\":[\"n\"]}}}";
        String tools = "\"tools\":[" + function.formatted("add") + "," + function.formatted("drop") + "]";
        try (Served roomy = Served.roomy(folder, builder -> builder)) {
            for (String chosen : List.of("\"required\"", "{\"type\":\"function\",\"function\":{\"name\":\"drop\"}}")) {
                JsonNode choice = roomy.answer("x", tools + ",\"seed\":1,\"tool_choice\":" + chosen)
                        .at("/choices/0");
                assertThat(choice.get("finish_reason").textValue()).isEqualTo("tool_calls");
                assertThat(choice.at("/message/content").isNull()).isTrue();
                JsonNode call = choice.at("/message/tool_calls/0/function");
                assertThat(call.get("name").textValue()).isIn("add", "drop");
                if (chosen.contains("drop")) {
                    assertThat(call.get("name").textValue()).isEqualTo("drop");
                }
                assertThat(call.get("arguments").textValue()).matches("\\{\"n\":[0-9]}");
            }
        }
    }

    @Test
    void aConversationWithCallsIsRendered() throws Exception {
        JsonNode answer = served.ok("/v1/chat/completions", """
            {"model": "tiny", "max_tokens": 1, "messages": [
              {"role": "developer", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
              {"role": "user", "content": "u"},
              {"role": "assistant", "content": null, "tool_calls": [
                {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{\\"x\\": 1}"}}]},
              {"role": "tool", "tool_call_id": "1", "content": "r"}]}\
            """);
        int[] expected = served.encode("<|im_start|>system\n"
                + "a\n"
                + "b<|im_end|>\n"
                + "<|im_start|>user\n"
                + "u<|im_end|>\n"
                + "<|im_start|>assistant\n"
                + "<tool_call>\n"
                + "{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n"
                + "</tool_call><|im_end|>\n"
                + "<|im_start|>user\n"
                + "<tool_response>\n"
                + "r\n"
                + "</tool_response><|im_end|>\n"
                + "<|im_start|>assistant\n");
        assertThat(answer.at("/usage/prompt_tokens").intValue()).isEqualTo(expected.length);
    }

    @Test
    void completionsOfTextsAndIds() throws Exception {
        int[] first = served.encode("Once");
        int[] second = served.encode("Upon");
        List<List<Generation>> expected =
                new Generator(served.model).generate(List.of(first, second), 2, sampling(5, 1f, 9));
        String fields = "\"seed\":9,\"n\":2,\"max_tokens\":5";
        JsonNode texts = served.complete("[\"Once\",\"Upon\"]", fields);
        JsonNode ids = served.complete("[" + Arrays.toString(first) + "," + Arrays.toString(second) + "]", fields);
        assertThat(texts.get("object").textValue()).isEqualTo("text_completion");
        assertThat(texts.get("choices")).isEqualTo(ids.get("choices"));
        for (int i = 0; i < 4; i++) {
            assertThat(texts.get("choices").get(i).get("text").textValue())
                    .isEqualTo(text(expected.get(i / 2).get(i % 2)));
            assertThat(texts.get("choices").get(i).get("index").intValue()).isEqualTo(i);
        }
        assertThat(served.complete("\"Once\"", "\"seed\":9,\"max_tokens\":5,\"echo\":true")
                        .at("/choices/0/text")
                        .textValue())
                .isEqualTo("Once" + text(expected.get(0).get(0)));
        assertThat(served.complete(Arrays.toString(first), "")
                        .at("/usage/completion_tokens")
                        .intValue())
                .isBetween(1, 16);
    }

    @Test
    void logProbabilitiesOfCompletions() throws Exception {
        Generation expected =
                generated(served.encode("Once"), 1, GenerationConfig.greedy(5)).getFirst();
        JsonNode logProbs = served.complete(
                        "\"Once\"", "\"temperature\":0,\"max_tokens\":5,\"logprobs\":2,\"echo\":false")
                .at("/choices/0/logprobs");
        assertThat(logProbs.get("tokens")).hasSize(expected.tokenIds().length);
        assertThat(logProbs.get("token_logprobs").get(0).floatValue()).isEqualTo(expected.logProbs()[0]);
        assertThat(logProbs.get("top_logprobs").get(0)).hasSize(2);
        assertThat(logProbs.get("text_offset").get(0).intValue()).isZero();
        assertThat(logProbs.get("text_offset").get(1).intValue())
                .isEqualTo(logProbs.get("tokens").get(0).textValue().length());
    }

    @Test
    void aPromptIsScoredWhereItIsRepeated() throws Exception {
        int[] prompt = served.encode("Once upon");
        Generation generated = generated(prompt, 1, GenerationConfig.greedy(5)).getFirst();
        int[] all = IntStream.concat(Arrays.stream(prompt), Arrays.stream(generated.tokenIds()))
                .toArray();
        String fields = "\"temperature\":0,\"echo\":true,\"logprobs\":2,";
        JsonNode scored = served.complete(Arrays.toString(all), fields + "\"max_tokens\":0");
        JsonNode logProbs = scored.at("/choices/0/logprobs");
        assertThat(logProbs.get("tokens")).hasSize(all.length);
        assertThat(logProbs.get("token_logprobs").get(0).isNull()).isTrue();
        assertThat(logProbs.get("top_logprobs").get(0).isNull()).isTrue();
        for (int i = 0; i < generated.tokenIds().length; i++) {
            assertThat(logProbs.get("token_logprobs").get(prompt.length + i).floatValue())
                    .isEqualTo(generated.logProbs()[i]);
            assertThat(logProbs.get("top_logprobs").get(prompt.length + i)).isNotEmpty();
        }
        String text = scored.at("/choices/0/text").textValue();
        assertThat(text).isEqualTo(served.model.tokenizer().decode(all, true));
        assertThat(scored.at("/choices/0/finish_reason").textValue()).isEqualTo("length");
        assertThat(scored.at("/usage/completion_tokens").intValue()).isZero();
        assertThat(scored.at("/usage/prompt_tokens").intValue()).isEqualTo(all.length);

        JsonNode both = served.complete(Arrays.toString(prompt), fields + "\"max_tokens\":5")
                .get("choices")
                .get(0);
        assertThat(both.get("text").textValue()).isEqualTo(text);
        assertThat(both.at("/logprobs/token_logprobs")).isEqualTo(logProbs.get("token_logprobs"));
        JsonNode streamed = served.events(
                        "/v1/completions",
                        Served.completion(Arrays.toString(prompt), fields + "\"max_tokens\":5,\"stream\":true"))
                .getFirst()
                .at("/choices/0/logprobs/token_logprobs");
        for (int i = 0; i < prompt.length; i++) {
            assertThat(streamed.get(i)).isEqualTo(logProbs.get("token_logprobs").get(i));
        }
        assertThat(served.refused("/v1/completions", Served.completion("\"x\"", "\"max_tokens\":0"), 400)
                        .get("param")
                        .textValue())
                .isEqualTo("max_tokens");
    }

    @Test
    void aBiasedTokenIsAllThatIsSaid() throws Exception {
        int token = served.encode("a")[0];
        JsonNode choice = served.answer("x", "\"max_tokens\":3,\"logit_bias\":{\"" + token + "\":100}")
                .at("/choices/0");
        assertThat(choice.at("/message/content").textValue()).isEqualTo("aaa");
        assertThat(served.answer(
                                "x",
                                "\"max_tokens\":3,\"temperature\":0,\"logit_bias\":{\"" + token
                                        + "\":60},\"presence_penalty\":2,\"frequency_penalty\":2,\"repetition_penalty\":1.0")
                        .at("/choices/0/message/content")
                        .textValue())
                .isEqualTo("aaa");
    }

    @Test
    void badRequestsAreNamed() throws Exception {
        String[][] cases = {
            {"{}", "model", "missing"},
            {"{\"model\":\"tiny\"}", "messages", "missing"},
            {"{\"model\":1,\"messages\":[]}", "model", "a string"},
            {"{\"model\":\"tiny\",\"messages\":[]}", "messages", "at least one"},
            {"{\"model\":\"tiny\",\"messages\":[{\"role\":\"king\",\"content\":\"x\"}]}", "messages[0].role", "king"},
            {"{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\"}]}", "messages[0].content", "a string"},
            {
                "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]}",
                "messages[0].content",
                "only texts"
            },
            {Served.chat("x", "\"temperature\":-1"), "temperature", "from 0"},
            {Served.chat("x", "\"temperature\":\"hot\""), "temperature", "a number"},
            {Served.chat("x", "\"top_p\":2"), "top_p", "from 0 to 1"},
            {Served.chat("x", "\"n\":0"), "n", "1 to 128"},
            {Served.chat("x", "\"max_tokens\":0"), "max_tokens", "from 1"},
            {Served.chat("x", "\"max_tokens\":5000"), "max_tokens", "4096"},
            {Served.chat("x", "\"seed\":1.5"), "seed", "whole number"},
            {Served.chat("x", "\"stop\":[1]"), "stop", "a string"},
            {Served.chat("x", "\"stop\":\"\""), "stop", "a string"},
            {Served.chat("x", "\"logit_bias\":{\"100000\":1}"), "logit_bias", "100000"},
            {Served.chat("x", "\"logit_bias\":{\"1\":100,\"01\":-100}"), "logit_bias", "'01' is no token id"},
            {Served.chat("x", "\"logit_bias\":{\"1\":1000}"), "logit_bias.1", "-100 to 100"},
            {Served.chat("x", "\"top_logprobs\":2"), "top_logprobs", "logprobs"},
            {Served.chat("x", "\"logprobs\":true,\"top_logprobs\":21"), "top_logprobs", "0 to 20"},
            {Served.chat("x", "\"stream_options\":{}"), "stream_options", "stream"},
            {Served.chat("x", "\"tool_choice\":\"auto\""), "tool_choice", "without tools"},
            {Served.chat("x", "\"tools\":[{\"type\":\"function\"}]"), "tools[0]", "function"},
            {Served.chat("x", "\"modalities\":[\"audio\"]"), "modalities", "only texts"},
            {Served.chat("x", "\"functions\":[]"), "functions", "tools"},
            {
                Served.chat("x", "\"chat_template_kwargs\":{\"add_generation_prompt\":false}"),
                "chat_template_kwargs.add_generation_prompt",
                "beside chat_template_kwargs"
            },
            {Served.chat("x", "\"tempreature\":1"), "tempreature", "not supported"},
        };
        for (String[] bad : cases) {
            JsonNode error = served.refused("/v1/chat/completions", bad[0], 400);
            assertThat(error.get("param").textValue()).as(bad[0]).isEqualTo(bad[1]);
            assertThat(error.get("message").textValue()).as(bad[0]).contains(bad[2]);
            assertThat(error.get("type").textValue()).isEqualTo("invalid_request_error");
        }
        assertThat(served.refused("/v1/completions", Served.completion("[]", ""), 400)
                        .get("param")
                        .textValue())
                .isEqualTo("prompt");
        assertThat(served.refused("/v1/completions", Served.completion("[384]", ""), 400)
                        .get("message")
                        .textValue())
                .contains("0 to 383");
        assertThat(served.refused("/v1/completions", Served.completion("\"x\"", "\"suffix\":\"y\""), 400)
                        .get("param")
                        .textValue())
                .isEqualTo("suffix");
        assertThat(served.refused("/v1/completions", "[1]", 400).get("message").textValue())
                .contains("a JSON object");
    }

    @Test
    void stopStringsOfTheModelEndAnAnswerThatHasNoneOfItsOwn() throws Exception {
        String fields = "\"temperature\":0,\"max_tokens\":8";
        String whole =
                served.answer("Hello", fields).at("/choices/0/message/content").textValue();
        String stop = whole.substring(whole.length() - 2, whole.length() - 1);
        try (Served stopping =
                Served.with(b -> b.defaults(() -> GenerationConfig.builder().stopStrings(List.of(stop))))) {
            assertThat(stopping.answer("Hello", fields)
                            .at("/choices/0/message/content")
                            .textValue())
                    .isEqualTo(whole.substring(0, whole.indexOf(stop)));
            assertThat(stopping.answer("Hello", fields + ",\"stop\":[]")
                            .at("/choices/0/message/content")
                            .textValue())
                    .isEqualTo(whole);
        }
    }

    @Test
    void settingsThatLeaveNoTokenAreTheClientsFault() throws Exception {
        String fields = "\"structured_outputs\":{\"choice\":[\"\"]},\"min_tokens\":3,\"max_tokens\":5";
        for (String streamed : List.of("", ",\"stream\":true")) {
            assertThat(served.refused("/v1/chat/completions", Served.chat("x", fields + streamed), 400)
                            .get("message")
                            .textValue())
                    .contains("rule out every token behind 0 new ones");
        }
    }

    @Test
    void harmlessFieldsAreTaken() throws Exception {
        served.answer(
                "x",
                "\"max_tokens\":1,\"user\":\"me\",\"metadata\":{},\"store\":false,\"service_tier\":\"auto\","
                    + "\"stop\":null,\"unheard_of\":null,\"parallel_tool_calls\":true,\"response_format\":{\"type\":\"text\"}");
    }

    @Test
    void anotherModelIsNotFound() throws Exception {
        JsonNode error =
                served.refused("/v1/chat/completions", Served.chat("x", "").replace("tiny", "gpt-4"), 404);
        assertThat(error.get("code").textValue()).isEqualTo("model_not_found");
    }

    @Test
    void aPromptThatIsTooLongIsRefused() throws Exception {
        JsonNode error = served.refused("/v1/chat/completions", Served.chat("x ".repeat(200), ""), 400);
        assertThat(error.get("code").textValue()).isEqualTo("context_length_exceeded");
        assertThat(served.refused("/v1/chat/completions", Served.chat("x", "\"max_tokens\":127"), 400)
                        .get("message")
                        .textValue())
                .contains("128 positions");
        JsonNode full = served.answer("x", "\"ignore_eos\":true"); // as many as there is room for
        assertThat(full.at("/usage/total_tokens").intValue()).isEqualTo(128);
        assertThat(full.at("/choices/0/finish_reason").textValue()).isEqualTo("length");
    }

    @Test
    void sixteenAtOnceGetWhatEachGetsAlone() throws Exception {
        List<JsonNode> alone = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            alone.add(mixed(i));
        }
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<JsonNode>> tasks = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                int index = i;
                tasks.add(() -> mixed(index));
            }
            List<JsonNode> together = new ArrayList<>();
            for (Future<JsonNode> one : pool.invokeAll(tasks)) {
                together.add(one.get());
            }
            assertThat(together).isEqualTo(alone);
        }
    }

    /** Requests of different lengths, temperatures and filters, some of them for several choices. */
    private static JsonNode mixed(int i) throws Exception {
        int[] prompt = served.prompt("word ".repeat(i % 5 + 1));
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(10 + i)
                .doSample(i % 4 != 0)
                .temperature(i % 4 == 0 ? 1f : 0.5f + i * 0.1f)
                .topP(i % 3 == 0 ? 0.9f : 1f)
                .seed(i)
                .build();
        JsonNode choices = served.answer(
                        "word ".repeat(i % 5 + 1),
                        "\"seed\":" + i + ",\"max_tokens\":" + (10 + i) + ",\"n\":" + (1 + i % 2) + ",\"temperature\":"
                                + (i % 4 == 0 ? 0 : 0.5f + i * 0.1f) + ",\"logprobs\":true,\"return_token_ids\":true"
                                + (i % 3 == 0 ? ",\"top_p\":0.9" : ""))
                .get("choices");
        List<Generation> expected = generated(prompt, 1 + i % 2, config);
        for (int k = 0; k < choices.size(); k++) {
            assertThat(Served.ints(choices.get(k).get("token_ids")))
                    .as("request %s, choice %s", i, k)
                    .isEqualTo(expected.get(k).tokenIds());
        }
        return choices;
    }

    @Test
    void healthMetricsAndPage() throws Exception {
        assertThat(served.get("/health").body()).isEqualTo("{\"status\":\"ok\"}");
        served.answer("x", "\"max_tokens\":1");
        HttpResponse<String> metrics = served.get("/metrics");
        assertThat(metrics.body())
                .contains("jacobian_requests_total{route=\"/v1/chat/completions\",status=\"200\"} ")
                .contains("# TYPE jacobian_completion_tokens_total counter");
        HttpResponse<String> page = served.get("/");
        assertThat(page.headers().firstValue("Content-Type")).contains("text/html; charset=utf-8");
        assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
                .contains("default-src 'none'", "script-src 'sha256-", "frame-ancestors 'none'");
        assertThat(page.body())
                .doesNotContain("innerHTML")
                .doesNotContain("https://")
                .doesNotContain("http://");
    }

    @Test
    void aBrokenEngineIsNotHealthy() throws Exception {
        GenerationConfigBuilder breaking = GenerationConfig.builder().processor((tokens, logits) -> {
            throw new AssertionError("no failure of one request");
        });
        try (Served broken = Served.with(b -> b.defaults(() -> breaking))) {
            assertThat(broken.get("/health").statusCode()).isEqualTo(200);
            broken.refused("/v1/chat/completions", Served.chat("x", ""), 500);
            while (broken.get("/health").statusCode() == 200) { // requests hear of it a little earlier
                Thread.sleep(5);
            }
            assertThat(broken.get("/health").statusCode()).isEqualTo(503);
            assertThat(broken.get("/health").body()).contains("failed");
            broken.refused("/v1/chat/completions", Served.chat("x", ""), 503);
        }
    }

    @Test
    void aRequestThatNeverFitsIsTheClientsToMend() throws Exception {
        try (Served small = Served.with(b -> b.engine(EngineConfig.DEFAULT.withKvCacheBytes(1)))) {
            for (String more : List.of("", ",\"stream\":true")) {
                JsonNode error =
                        small.refused("/v1/chat/completions", Served.chat("x", "\"max_tokens\":9" + more), 400);
                assertThat(error.get("message").textValue())
                        .contains("KV cache", "ask for fewer tokens")
                        .doesNotContain("JACOBIAN_JAVA_OPTS");
            }
        }
    }

    @Test
    void theAnswersOfOneRequestAreBounded() throws Exception {
        JsonNode error = served.refused("/v1/completions", Served.completion("[\"x\",\"y\",\"z\"]", "\"n\":43"), 400);
        assertThat(error.get("param").textValue()).isEqualTo("n");
        assertThat(error.get("message").textValue()).contains("3 prompts with 43 answers", "128");
        assertThat(served.complete("[\"x\",\"y\"]", "\"n\":64,\"max_tokens\":1").get("choices"))
                .hasSize(128);
    }

    @Test
    void aClientThatGoesStopsItsAnswer(@TempDir Path folder) throws Exception {
        try (Served endless = Served.endless(folder)) {
            String body = Served.chat("x", "\"ignore_eos\":true,\"max_tokens\":900000,\"stream\":true");
            try (RawClient raw = new RawClient(endless.address())) {
                raw.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Content-Length: " + body.length() + "\r\n\r\n" + body);
                raw.receiveUntil("\"content\":\"\"");
            }
            while (endless.server.metrics().finished() < 1) { // else the test's time runs out
                Thread.sleep(20);
            }
            assertThat(endless.server.metrics().running()).isZero();
        }
    }

    @Test
    void aWaitingClientThatGoesStopsItsAnswerToo(@TempDir Path folder) throws Exception {
        try (Served endless = Served.endless(folder)) {
            String body = Served.chat("x", "\"ignore_eos\":true,\"max_tokens\":900000");
            try (RawClient raw = new RawClient(endless.address())) {
                raw.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Content-Length: " + body.length() + "\r\n\r\n" + body);
                while (endless.server.metrics().running() < 1) {
                    Thread.sleep(20);
                }
            }
            while (endless.server.metrics().finished() < 1) {
                Thread.sleep(20);
            }
        }
    }

    @Test
    void stoppingEndsWhatRuns(@TempDir Path folder) throws Exception {
        try (Served endless = Served.endless(folder);
                RawClient raw = new RawClient(endless.address())) {
            String body = Served.chat("x", "\"ignore_eos\":true,\"max_tokens\":900000,\"stream\":true");
            raw.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Content-Length: " + body.length() + "\r\n\r\n" + body);
            raw.receiveUntil("\"content\":\"\"");
            endless.server.close();
            assertThat(raw.receive()).doesNotContain("[DONE]");
        }
    }
}
