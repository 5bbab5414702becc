// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.judge;

import static dev.jacobian.rl.config.Checks.require;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.ExplainedReward;
import dev.jacobian.rl.reward.Explanation;
import dev.jacobian.rl.reward.Score;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A language model behind an OpenAI-compatible address as a judge: 1 for an answer that agrees with the reference, 0 for one that does not.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>It is asked what {@link ReasoningJudge} asks. The last {@code {"correct": true}} or {@code {"correct": false}} of its answer is the
 *       verdict; an answer without one is a failure and no 0, for a judge that talks of something else has not judged.
 *   <li>What may pass (no connection, a connection that ends early, status 408, 429 or 5xx, a request that takes too long) is tried again,
 *       later each time, or when the server says; anything else is a failure at once.
 *   <li>Verdicts are kept on disk by what was asked ({@link VerdictCache}). A server is no function, whatever its temperature; with the
 *       file a resumed run gets the verdicts that it had.
 *   <li>The key comes from an environment variable. It is sent to this address alone (redirects are not followed), and is in no message, no
 *       file and no setting.
 * </ul>
 */
public final class RemoteJudge implements ExplainedReward {
    private static final Pattern VERDICT =
            Pattern.compile("\\{\\s{0,9}\"correct\"\\s{0,9}:\\s{0,9}(true|false)\\s{0,9}}");

    private final RemoteJudgeConfig config;
    private final ChatClient client;
    private final Optional<VerdictCache> cache;

    /**
     * A judge; nothing is asked yet.
     *
     * @throws IllegalArgumentException if it has no usable address or no model, or a variable that was asked for is not set
     */
    public RemoteJudge(RemoteJudgeConfig config) {
        this(config, System.getenv());
    }

    /** @param environment where the key is looked up */
    RemoteJudge(RemoteJudgeConfig config, Map<String, String> environment) {
        require(!config.url().isBlank(), "remote_judge needs an address: url=http://HOST:PORT/v1");
        require(!config.model().isBlank(), "remote_judge needs the name of the model there: model=NAME");
        Optional<String> key =
                Optional.ofNullable(environment.get(config.apiKeyEnv())).filter(text -> !text.isBlank());
        require(
                key.isPresent() || config.apiKeyEnv().equals(RemoteJudgeConfig.DEFAULT.apiKeyEnv()),
                "api_key_env is " + config.apiKeyEnv() + ", and no such environment variable is set");
        this.config = config;
        this.client = new ChatClient(config, key);
        this.cache = config.cache().isBlank() ? Optional.empty() : Optional.of(VerdictCache.open(config.cache()));
    }

    @Override
    public String name() {
        return "remote_judge";
    }

    @Override
    public Running running() {
        return Running.WAITS;
    }

    @Override
    public Optional<String> waitsFor() {
        return Optional.of(config.url()
                + client.trouble().map(why -> ", which was asked again: " + why).orElse(""));
    }

    @Override
    public void requireUsable(Columns columns) {
        columns.string(config.column());
    }

    @Override
    public Explanation explain(Completion completion) {
        String request = Json.compact(request(completion));
        String key = VerdictCache.key(config.url(), request);
        Optional<Boolean> known = cache.flatMap(verdicts -> verdicts.find(key));
        if (known.isPresent()) {
            return explanation(known.get());
        }
        ChatClient.Answered answer;
        try {
            answer = client.ask(request);
        } catch (ChatClient.AskException failed) {
            return failure(failed.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return failure("it was interrupted");
        }
        Matcher matcher = VERDICT.matcher(answer.text());
        Optional<Boolean> verdict = Optional.empty();
        while (matcher.find()) {
            verdict = Optional.of(Boolean.valueOf(matcher.group(1)));
        }
        if (verdict.isEmpty()) {
            return failure("the judge gave no verdict, {\"correct\": true} or {\"correct\": false}"
                    + (answer.isCut() ? ", before its " + config.maxTokens() + " tokens (max_tokens) ended" : "")
                    + "; it said: " + ChatClient.excerpt(answer.text()));
        }
        boolean correct = verdict.get();
        cache.ifPresent(verdicts -> verdicts.add(key, correct));
        return explanation(correct);
    }

    private static Explanation explanation(boolean correct) {
        return new Explanation(
                Score.of(correct ? 1 : 0), Optional.empty(), Optional.of(correct ? "correct" : "incorrect"));
    }

    private Explanation failure(String message) {
        return Explanation.of(Score.failure(config.url() + ": " + message), Optional.empty());
    }

    private ObjectNode request(Completion completion) {
        String question = config.question().isBlank() ? ReasoningJudge.QUESTION : config.question();
        ObjectNode request = Json.object();
        request.put("model", config.model());
        request.putArray("messages")
                .addObject()
                .put("role", "user")
                .put("content", JudgeQuestion.of(question, completion, config.column()));
        request.put("max_tokens", config.maxTokens());
        request.put("temperature", config.temperature());
        return request;
    }
}
