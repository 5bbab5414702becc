// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.Chat;
import dev.jacobian.io.chat.ChatBridge;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.io.chat.ChatTemplate;
import dev.jacobian.io.chat.ToolCallFormat;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.Observation;
import dev.jacobian.rl.environment.Start;
import dev.jacobian.rl.environment.ToolCalls;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptTokens;
import dev.jacobian.transformer.CausalLM;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Tokens of what an environment says: behind a prompt, and between two turns of the policy.
 *
 * <p>Decisions: a text stands behind a plain turn as it is, encoded for itself; in a conversation it becomes a message, by the
 * template's {@link ChatBridge}. What is longer than it may be is cut before it becomes a message, so that the message is whole, and
 * a mark at its end says so.
 */
final class TurnTokens {
    /** Stands at the end of an observation that was cut. */
    static final String CUT = " [cut]";

    /** No token of any vocabulary stands for so many characters on average. */
    private static final int CHARACTERS_PER_TOKEN = 256;

    private final CausalLM model;
    private final Tokenizer tokenizer;
    private final PromptTokens prompts;
    private final Environment environment;
    private final Map<Chat, ChatBridge> bridges = new HashMap<>(); // by all but the messages

    TurnTokens(CausalLM model, Environment environment) {
        this.model = model;
        this.tokenizer = model.tokenizer();
        this.prompts = new PromptTokens(model);
        this.environment = environment;
    }

    /**
     * What a session of a problem begins with.
     *
     * @throws dev.jacobian.io.FormatException if the model's template does not go with conversations of several turns, or has no
     *     tools where there are some
     */
    Start start(Problem problem, long key, int sample) {
        Optional<ToolCalls> calls = problem.chat().flatMap(this::calls);
        return new Start(
                problem.id(),
                problem.prompt(),
                problem.columns(),
                key,
                sample,
                problem.chat().isPresent(),
                calls);
    }

    private Optional<ToolCalls> calls(ChatRow row) {
        ChatBridge bridge = bridge(row); // checked also where no tool needs it
        Optional<ToolCalls> calls = row.chat().tools().isNull()
                ? Optional.empty()
                : ToolCallFormat.of(template().source(row.chat()))
                        .map(format -> new ToolCalls(format, bridge.mostCalls()));
        if (calls.isEmpty() && !environment.tools().isEmpty()) {
            throw new FormatException(
                    "the chat template",
                    "it shows the model no tools, or in a form whose calls are not read here, and environment '"
                            + environment.name() + "' has some",
                    "Take a model whose template does, or give prompts as plain text");
        }
        return calls;
    }

    private ChatTemplate template() {
        return ChatTemplate.require(tokenizer.config(), "the model");
    }

    private ChatBridge bridge(ChatRow row) {
        Chat shape = row.chat().withMessages(Json.object().arrayNode());
        return bridges.computeIfAbsent(shape, chat -> ChatBridge.of(template(), chat, tokenizer, model.eosTokenIds()));
    }

    /** The prompt, with what the environment says behind it before the first turn. */
    int[] prompt(Problem problem, Optional<String> opening) {
        if (opening.isEmpty()) {
            return prompts.of(problem);
        }
        String said = cut(opening.get());
        Optional<ChatRow> chat = problem.chat().map(row -> row.saying(said));
        String text = chat.isPresent() ? problem.prompt() : problem.prompt() + said;
        return prompts.of(new Problem(problem.id(), text, problem.columns(), chat));
    }

    /** The tokens between a turn that ended with this one and the next turn. */
    int[] observation(Problem problem, int lastToken, Observation observation) {
        return problem.chat()
                .map(row -> bridge(row).behind(lastToken, messages(observation)))
                .orElseGet(() -> tokenizer.encode(plain(observation), false));
    }

    private List<ObjectNode> messages(Observation observation) {
        return switch (observation) {
            case Observation.Text(String text) -> List.of(ChatBridge.user(cut(text)));
            case Observation.Results(List<Observation.Result> results) ->
                IntStream.range(0, results.size())
                        .mapToObj(i -> ChatBridge.tool(
                                results.get(i).tool(), i, cut(results.get(i).content())))
                        .toList();
        };
    }

    private String plain(Observation observation) {
        return switch (observation) {
            case Observation.Text(String text) -> cut(text);
            case Observation.Results(List<Observation.Result> results) ->
                cut(results.stream().map(Observation.Result::content).collect(Collectors.joining("\n")));
        };
    }

    /** A text of at most as many tokens as an observation may have: the longest beginning with the mark behind it. */
    private String cut(String text) {
        int most = environment.limits().maxObservationTokens();
        int longest = (int) Math.min(Integer.MAX_VALUE, (long) most * CHARACTERS_PER_TOKEN);
        if (text.length() <= longest && tokens(text) <= most) {
            return text;
        }
        int fits = 0; // characters
        int over = Math.min(text.length(), longest) + 1;
        while (fits + 1 < over) {
            int middle = (fits + over) >>> 1;
            if (tokens(text.substring(0, middle) + CUT) <= most) {
                fits = middle;
            } else {
                over = middle;
            }
        }
        boolean splits = fits > 0 && Character.isHighSurrogate(text.charAt(fits - 1));
        return text.substring(0, splits ? fits - 1 : fits) + CUT;
    }

    private int tokens(String text) {
        return tokenizer.encode(text, false).length;
    }
}
