// SPDX-License-Identifier: Apache-2.0

import module java.base;
import module java.net.http;
import module dev.jacobian.serve;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * 11: a model behind OpenAI's protocol.
 *
 * <p>The server is an object; it ends when it is closed. Whoever speaks the protocol can ask it, and the tokens of an answer are
 * those that a Generator gives for the same seed, whoever else asks at the same time.
 */
class Serve {
    void main() throws Exception {
        CausalLM model = CausalLM.load(Path.of("models/countdown-0.6m"));
        String request = """
                {"model": "countdown", "prompt": "3 7 15 = 36\\n", "temperature": 0, "max_tokens": 64}""";

        try (ModelServer server = ModelServer.of(model, "countdown").start(new InetSocketAddress("127.0.0.1", 0));
                HttpClient client = HttpClient.newHttpClient()) {
            URI completions = URI.create("http://127.0.0.1:" + server.address().getPort() + "/v1/completions");
            HttpRequest post = HttpRequest.newBuilder(completions)
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(request))
                    .build();
            JsonNode answer = Json.parse(client.send(post, HttpResponse.BodyHandlers.ofString()).body(), "answer");
            IO.println(answer.at("/choices/0/text").textValue());
            IO.println(answer.get("usage"));
        }
    }
}

/* Prints:
<think>
15/3=5:12,2,35
7*3=21:36
</think>
<answer>(7*3)+15</answer>
{"prompt_tokens":9,"completion_tokens":33,"total_tokens":42}
*/
