// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import dev.jacobian.serve.http.AnswerListener;
import dev.jacobian.transformer.generation.EngineMetrics;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;

/** What has been served, as Prometheus' text format (version 0.0.4) has it. */
final class Counters implements AnswerListener {
    private final Map<String, LongAdder> requests = new ConcurrentSkipListMap<>(); // by labels, which are few: routes
    private final LongAdder promptTokens = new LongAdder();
    private final LongAdder completionTokens = new LongAdder();

    @Override
    public void onAnswer(String route, int status) {
        requests.computeIfAbsent("route=\"" + route + "\",status=\"" + status + "\"", labels -> new LongAdder())
                .increment();
    }

    void count(Usage usage) {
        promptTokens.add(usage.prompt());
        completionTokens.add(usage.completion());
    }

    String text(EngineMetrics engine) {
        StringBuilder out = new StringBuilder();
        head(out, "jacobian_requests_total", "counter", "Requests that were answered.");
        requests.forEach((labels, count) -> out.append("jacobian_requests_total{")
                .append(labels)
                .append("} ")
                .append(count.sum())
                .append('\n'));
        metric(out, "jacobian_prompt_tokens_total", "counter", "Tokens of prompts.", promptTokens.sum());
        metric(out, "jacobian_completion_tokens_total", "counter", "Tokens of answers.", completionTokens.sum());
        metric(out, "jacobian_running", "gauge", "Answers that get a token in every step.", engine.running());
        metric(out, "jacobian_prefilling", "gauge", "Answers whose prompt is being computed.", engine.prefilling());
        metric(out, "jacobian_waiting", "gauge", "Answers that wait for a place.", engine.waiting());
        metric(out, "jacobian_cache_bytes", "gauge", "Bytes of keys and values held.", engine.cacheBytesUsed());
        metric(out, "jacobian_reused_tokens_total", "counter", "Prompt tokens not computed.", engine.reusedTokens());
        metric(out, "jacobian_generated_tokens_total", "counter", "Tokens chosen.", engine.generatedTokens());
        return out.toString();
    }

    private static void head(StringBuilder out, String name, String type, String help) {
        out.append("# HELP ").append(name).append(' ').append(help).append('\n');
        out.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    }

    private static void metric(StringBuilder out, String name, String type, String help, long value) {
        head(out, name, type, help);
        out.append(name).append(' ').append(value).append('\n');
    }
}
