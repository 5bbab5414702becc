// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code /v1/responses}: the same answers in another form. That OpenAI's client reads them is {@link OpenAiClientTest}'s affair. */
@Timeout(120)
class ResponsesTest {
    private static Served served;

    @BeforeAll
    static void start() {
        served = Served.with(builder -> builder);
    }

    @AfterAll
    static void stop() {
        served.close();
    }

    private static String request(String input, String fields) {
        return "{\"model\":\"tiny\",\"input\":" + input + (fields.isEmpty() ? "" : "," + fields) + "}";
    }

    private static JsonNode response(String input, String fields) throws Exception {
        return served.ok("/v1/responses", request(input, fields));
    }

    private static String expected(String message, int limit) {
        Generation generation = new Generator(served.model)
                .generate(List.of(served.prompt(message)), 1, GenerationConfig.greedy(limit))
                .getFirst()
                .getFirst();
        return served.model.tokenizer().decode(generation.tokenIds(), true);
    }

    @Test
    void aResponseIsWhatAChatAnswerIs() throws Exception {
        JsonNode response = response("\"Hello\"", "\"temperature\":0,\"max_output_tokens\":9");
        assertThat(response.get("object").textValue()).isEqualTo("response");
        assertThat(response.get("id").textValue()).startsWith("resp_");
        assertThat(response.get("status").textValue()).isEqualTo("incomplete");
        assertThat(response.at("/incomplete_details/reason").textValue()).isEqualTo("max_output_tokens");
        assertThat(response.get("error").isNull()).isTrue();
        assertThat(response.get("output")).hasSize(1);
        JsonNode message = response.at("/output/0");
        assertThat(message.get("type").textValue()).isEqualTo("message");
        assertThat(message.get("role").textValue()).isEqualTo("assistant");
        assertThat(message.at("/content/0/type").textValue()).isEqualTo("output_text");
        assertThat(message.at("/content/0/text").textValue()).isEqualTo(expected("Hello", 9));
        int prompt = served.prompt("Hello").length;
        assertThat(response.at("/usage/input_tokens").intValue()).isEqualTo(prompt);
        assertThat(response.at("/usage/output_tokens").intValue()).isEqualTo(9);
        assertThat(response.at("/usage/total_tokens").intValue()).isEqualTo(prompt + 9);
        assertThat(response.get("max_output_tokens").intValue()).isEqualTo(9);
        assertThat(response.get("temperature").intValue()).isZero();
        for (String input : List.of(
                "[{\"role\":\"user\",\"content\":\"Hello\"}]",
                "[{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"Hello\"}]}]")) {
            assertThat(response(input, "\"temperature\":0,\"max_output_tokens\":9")
                            .at("/output/0/content"))
                    .isEqualTo(message.get("content"));
        }
    }

    @Test
    void instructionsAndEarlierMessagesAreTheConversation() throws Exception {
        String chat = "{\"model\":\"tiny\",\"temperature\":0,\"max_tokens\":5,\"messages\":["
                + "{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":\"user\",\"content\":\"A\"},"
                + "{\"role\":\"assistant\",\"content\":\"B\"},{\"role\":\"user\",\"content\":\"C\"}]}";
        JsonNode answer = served.ok("/v1/chat/completions", chat);
        JsonNode response = response(
                "[{\"role\":\"user\",\"content\":\"A\"},{\"type\":\"message\",\"id\":\"msg_1\",\"status\":\"completed\","
                    + "\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"B\",\"annotations\":[]}]},"
                    + "{\"role\":\"user\",\"content\":\"C\"}]",
                "\"instructions\":\"Be brief.\",\"temperature\":0,\"max_output_tokens\":5");
        assertThat(response.at("/output/0/content/0/text")).isEqualTo(answer.at("/choices/0/message/content"));
        assertThat(response.at("/usage/input_tokens")).isEqualTo(answer.at("/usage/prompt_tokens"));
        assertThat(response.get("instructions").textValue()).isEqualTo("Be brief.");
    }

    @Test
    void eventsTellHowTheResponseGrows() throws Exception {
        String fields = "\"temperature\":0,\"max_output_tokens\":9,\"stream\":true";
        HttpResponse<String> reply = served.post("/v1/responses", request("\"Hello\"", fields));
        assertThat(reply.statusCode()).isEqualTo(200);
        List<JsonNode> events = new ArrayList<>();
        for (String event : reply.body().split("\n\n")) {
            if (!event.startsWith(":")) {
                String[] lines = event.split("\n");
                JsonNode data = Json.parse(lines[1].substring("data: ".length()), "event");
                assertThat(lines[0]).isEqualTo("event: " + data.get("type").textValue());
                assertThat(data.get("sequence_number").intValue()).isEqualTo(events.size());
                events.add(data);
            }
        }
        StringBuilder said = new StringBuilder();
        events.forEach(event -> said.append(event.path("delta").asText("")));
        assertThat(said.toString()).isEqualTo(expected("Hello", 9));
        assertThat(events.getFirst().at("/response/status").textValue()).isEqualTo("in_progress");
        assertThat(events.getFirst().at("/response/output")).isEmpty();
        JsonNode last = events.getLast();
        assertThat(last.get("type").textValue()).isEqualTo("response.incomplete");
        assertThat(last.at("/response/output/0/content/0/text").textValue()).isEqualTo(said.toString());
        assertThat(last.at("/response/id")).isEqualTo(events.getFirst().at("/response/id"));
        assertThat(last.at("/response/usage/output_tokens").intValue()).isEqualTo(9);
    }

    @Test
    void aFormIsKeptTo() throws Exception {
        JsonNode response = response(
                "\"x\"",
                "\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"answer\",\"schema\":{\"type\":\"object\","
                        + "\"properties\":{\"ok\":{\"type\":\"boolean\"}},\"required\":[\"ok\"]}}}");
        assertThat(response.get("status").textValue()).isEqualTo("completed");
        assertThat(Json.parse(response.at("/output/0/content/0/text").textValue(), "answer")
                        .get("ok")
                        .isBoolean())
                .isTrue();
        assertThat(response.at("/text/format/name").textValue()).isEqualTo("answer");
    }

    @Test
    void badRequestsAreNamed() throws Exception {
        String[][] cases = {
            {"{\"model\":\"tiny\"}", "input", "missing"},
            {request("[]", ""), "input", "a string or an array"},
            {request("1", ""), "input", "a string or an array"},
            {request("[{\"type\":\"function_call\"}]", ""), "input[0].type", "only messages"},
            {request("[{\"role\":\"king\",\"content\":\"x\"}]", ""), "input[0].role", "king"},
            {
                request("[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\"}]}]", ""),
                "input[0].content",
                "only texts"
            },
            {request("\"x\"", "\"max_tokens\":5"), "max_tokens", "not supported"},
            {request("\"x\"", "\"max_output_tokens\":0"), "max_output_tokens", "from 1"},
            {request("\"x\"", "\"n\":2"), "n", "must be 1"},
            {request("\"x\"", "\"previous_response_id\":\"resp_1\""), "previous_response_id", "not supported"},
            {request("\"x\"", "\"tools\":[{\"type\":\"web_search\"}]"), "tools", "/v1/chat/completions"},
            {request("\"x\"", "\"text\":{\"format\":{\"type\":\"xml\"}}"), "text.format.type", "json_schema"},
        };
        for (String[] bad : cases) {
            JsonNode error = served.refused("/v1/responses", bad[0], 400);
            assertThat(error.get("param").textValue()).as(bad[0]).isEqualTo(bad[1]);
            assertThat(error.get("message").textValue()).as(bad[0]).contains(bad[2]);
        }
    }
}
