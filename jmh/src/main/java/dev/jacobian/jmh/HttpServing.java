// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.jmh.harness.Effort;
import dev.jacobian.jmh.harness.External;
import dev.jacobian.jmh.harness.Fork;
import dev.jacobian.jmh.harness.PeakMemory;
import dev.jacobian.jmh.harness.Sample;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A server in a process of its own, asked over HTTP by the clients of a {@link ServingCase}. The same clients, requests and file
 * of weights for all servers; only the tokens of answers are counted.
 *
 * <p>Decision: answers are not streamed. A server that streams writes once for every token, and the peer's server is a script: what is
 * compared is engines and their batching, not the price of JavaScript.
 *
 * @param server who answers
 * @param single on one thread whatever the suite's threads, which {@link LlamaCpp} is sometimes faster on
 */
record HttpServing(Server server, boolean single) implements External {
    /** Who answers. */
    enum Server {
        /** {@code jacobian serve}, as it is started. */
        JACOBIAN,
        /** llama.cpp, in the loop that its own server has: see llama-cpp-server.mjs. */
        LLAMA_CPP
    }

    private static final String NAME = "model";

    @Override
    public void require() {
        if (server != Server.JACOBIAN) {
            new LlamaCpp(LlamaCpp.Mode.DECODE, false).require();
        }
    }

    @Override
    public Sample measure(String label, int threads, Effort effort) throws IOException, InterruptedException {
        ServingCase of = ServingCase.parse(label);
        int used = single ? 1 : threads;
        Process process = new ProcessBuilder(server == Server.JACOBIAN ? ours(of, used) : llama(of, used))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (HttpClient http = HttpClient.newHttpClient();
                BufferedReader out =
                        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String first = out.readLine();
            if (first == null) {
                throw new IOException("the server " + server + " for '" + label + "' ended with code "
                        + process.waitFor() + " before it listened");
            }
            URI url = URI.create(
                    Json.parse(first, "the first line of " + server).get("url").textValue());
            double[] seconds = measure(of, effort, request -> ask(http, url, request));
            return new Sample(seconds[seconds.length / 2], PeakMemory.bytes(process.pid()));
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    /** Sorted times of a call. */
    private static double[] measure(ServingCase of, Effort effort, Clients.Server asked)
            throws IOException, InterruptedException {
        double[] seconds = new double[effort.iterations()];
        long calls = 0;
        for (int i = -effort.warmup(); i < seconds.length; i++) {
            long start = System.nanoTime();
            long before = calls;
            long taken;
            do {
                Clients.run(of, calls++, asked);
                taken = System.nanoTime() - start;
            } while (taken < effort.milliseconds() * 1_000_000L);
            if (i >= 0) {
                seconds[i] = taken / 1e9 / (calls - before);
            }
        }
        Arrays.sort(seconds);
        return seconds;
    }

    private static int ask(HttpClient http, URI url, ServingCase.Request request)
            throws IOException, InterruptedException {
        ObjectNode body = Json.object()
                .put("model", NAME)
                .put("max_tokens", request.newTokens())
                .put("temperature", 0)
                .put("ignore_eos", true);
        ArrayNode prompt = body.putArray("prompt");
        Arrays.stream(request.prompt()).forEach(prompt::add);
        HttpResponse<byte[]> response = http.send(
                HttpRequest.newBuilder(url.resolve("/v1/completions"))
                        .version(HttpClient.Version.HTTP_1_1)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(Json.compact(body)))
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
        JsonNode answer = Json.parse(response.body(), "the answer");
        if (response.statusCode() != 200) {
            throw new IOException("status " + response.statusCode() + ": " + Json.excerpt(answer));
        }
        return answer.path("usage").path("completion_tokens").asInt(-1);
    }

    private static List<String> ours(ServingCase of, int threads) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(Fork.flags(threads, ModelSuites.loadedHeap(of.model())));
        command.addAll(
                List.of("-cp", System.getProperty("java.class.path"), "dev.jacobian.cli.Main", "serve", "--json"));
        command.addAll(List.of("--model", of.file().toAbsolutePath().toString(), "--name", NAME));
        command.addAll(List.of("--weights", of.model().format(), "--port", "0", "--threads", String.valueOf(threads)));
        return command;
    }

    private static List<String> llama(ServingCase of, int threads) throws IOException {
        Path script = LlamaCpp.script().resolveSibling("llama-cpp-server.mjs");
        if (!Files.exists(script)) {
            throw new IOException("no such file: " + script + "; run jmh/bench --peers, which puts it there");
        }
        return List.of(
                "node",
                script.toAbsolutePath().toString(),
                of.file().toAbsolutePath().toString(),
                String.valueOf(threads),
                String.valueOf(of.clients()),
                String.valueOf(ServingCase.longest()));
    }
}
