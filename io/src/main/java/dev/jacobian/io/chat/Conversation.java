// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.tokenizer.Tokenizer;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A conversation that goes on turn by turn, as messages and as tokens.
 *
 * <p>Decision: tokens in, tokens out. What a model said is kept as the tokens that it chose; where the template's text of the
 * longer conversation begins with the text so far, the next prompt is those tokens and the ids of the rest, so that a cache
 * which has the former computes only the latter, and the model reads what it wrote and not another way to cut the same text. Where the
 * template changes what was said before (some drop earlier reasoning), the whole text is encoded anew.
 *
 * <p>Not thread-safe.
 */
public final class Conversation {
    private final Tokenizer tokenizer;
    private final ChatTemplate template;
    private final ObjectNode variables;
    private ArrayNode messages = Json.object().arrayNode();
    private String text = ""; // what the tokens stand for
    private int[] tokens = {};

    /**
     * A conversation in which nothing was said.
     *
     * @param variables what the template reads besides messages
     */
    public Conversation(Tokenizer tokenizer, ChatTemplate template, ObjectNode variables) {
        this.tokenizer = tokenizer;
        this.template = template;
        this.variables = variables;
    }

    /** The messages so far: objects with {@code role} and {@code content}. */
    public ArrayNode messages() {
        return messages.deepCopy();
    }

    /** Goes on from these messages instead. */
    public void messages(ArrayNode others) {
        messages = Messages.require(others, "messages").deepCopy();
    }

    /** What the model is told before everything else, if it is. */
    public Optional<String> system() {
        JsonNode first = messages.path(0);
        return first.path("role").asText().equals("system")
                ? Optional.of(first.path("content").asText())
                : Optional.empty();
    }

    /** Tells the model something before everything else, or no longer. */
    public void system(Optional<String> content) {
        if (system().isPresent()) {
            messages.remove(0);
        }
        content.ifPresent(c -> messages.insert(0, message("system", c)));
    }

    /** The user says something. */
    public void user(String content) {
        messages.add(message("user", content));
    }

    /** How often the user has said something. */
    public int turns() {
        return (int) messages.valueStream()
                .filter(m -> m.path("role").asText().equals("user"))
                .count();
    }

    private static ObjectNode message(String role, String content) {
        return Json.object().put("role", role).put("content", content);
    }

    /**
     * The tokens of everything so far, with the beginning of an answer behind them.
     *
     * @throws FormatException if the template refuses the messages
     */
    public int[] prompt() {
        String rendered = template.render(new Chat(
                        messages, NullNode.instance, NullNode.instance, true, false, Optional.empty(), variables))
                .text();
        if (!text.isEmpty() && rendered.startsWith(text)) {
            int[] rest = tokenizer.encode(rendered.substring(text.length()), false);
            tokens = IntStream.concat(IntStream.of(tokens), IntStream.of(rest)).toArray();
        } else {
            tokens = tokenizer.encode(rendered, false);
        }
        text = rendered;
        return tokens.clone();
    }

    /**
     * The model has answered the prompt.
     *
     * @param answer the tokens that it chose, the end token included
     * @return what it said
     */
    public String assistant(int[] answer) {
        String said = tokenizer.decode(answer, true);
        messages.add(message("assistant", said));
        tokens = IntStream.concat(IntStream.of(tokens), IntStream.of(answer)).toArray();
        text += tokenizer.decode(answer, false);
        return said;
    }

    /** Takes the last message back if it has this role; whether it had. */
    public boolean takeBack(String role) {
        if (messages.isEmpty() || !Messages.lastRole(messages).equals(role)) {
            return false;
        }
        messages.remove(messages.size() - 1);
        return true;
    }

    /** Forgets everything that was said, but for the system message. */
    public void clear() {
        Optional<String> system = system();
        messages.removeAll();
        system(system);
    }
}
