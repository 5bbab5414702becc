// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.chat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a chat template puts between the end of an assistant's turn and the beginning of its next one: the tokens by which a
 * conversation goes on behind the tokens that a model chose, which stay as they are.
 *
 * <pre>
 * …&lt;|im_start|&gt;assistant\n 17*3 is what?&lt;|im_end|&gt; \n&lt;|im_start|&gt;user\n51&lt;|im_end|&gt;\n&lt;|im_start|&gt;assistant\n
 *                          └── chosen ─────────────┘└── the bridge ────────────────────────────────────┘
 * </pre>
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>A conversation is never rendered again from its messages, and its text never encoded again. The bridge is rendered from a
 *       conversation of three messages, which is right only if the template writes it the same whatever was said before. That is checked
 *       once, and a template that does not is refused with the reason.
 *   <li>A model's turn ends with an end token that it chose; the bridge begins behind it. Where a turn ended otherwise (a stop string, another
 *       end token than the template's) the template's own stands at the beginning of the bridge.
 *   <li>The bridge is encoded behind the end token, so that a tokenizer that treats the beginning of a text differently does not do so
 *       here; that the tokens of a whole text come apart there is checked.
 *   <li>Templates that write earlier turns anew (some drop what a model thought) are not followed in that: what was chosen is what
 *       is learned from.
 * </ul>
 */
public final class ChatBridge {
    private static final String MARK = "words of the assistant";
    private static final String PROBE = "an observation";

    /** Calls of tools in one turn that are tried; a turn with more is answered as far as this. */
    private static final int MOST_CALLS = 16;

    private final ChatTemplate template;
    private final Chat frame;
    private final Tokenizer tokenizer;
    private final Set<String> ends;
    private final String endOfWords;
    private final String endOfCalls;

    private ChatBridge(ChatTemplate template, Chat frame, Tokenizer tokenizer, Set<String> ends) {
        this.template = template;
        this.frame = frame;
        this.tokenizer = tokenizer;
        this.ends = ends;
        this.endOfWords = end(List.of(user(PROBE)));
        this.endOfCalls = frame.tools().isNull() ? "" : end(List.of(tool("lookup", 0, PROBE)));
    }

    /**
     * The bridge of a template.
     *
     * @param template of the model
     * @param chat how it is used: tools, variables; its messages have no part in it
     * @param endTokens that end the model's turns
     * @throws FormatException if what the template puts there is no fixed piece, with the reason
     */
    public static ChatBridge of(ChatTemplate template, Chat chat, Tokenizer tokenizer, Set<Integer> endTokens) {
        Set<String> ends = new TreeSet<>();
        endTokens.forEach(id -> tokenizer.tokenOf(id).ifPresent(ends::add));
        ChatBridge bridge =
                new ChatBridge(template, chat.withContinuedMessage(false).withGenerationPrompt(true), tokenizer, ends);
        bridge.requireFixed(List.of(user(PROBE)));
        if (!chat.tools().isNull()) {
            bridge.requireFixed(List.of(tool("lookup", 0, PROBE)));
        }
        return bridge;
    }

    /** A user's message. */
    public static ObjectNode user(String content) {
        return Json.object().put("role", "user").put("content", content);
    }

    /** A tool's answer to the call of that number within its turn. */
    public static ObjectNode tool(String name, int number, String content) {
        return Json.object()
                .put("role", "tool")
                .put("name", name)
                .put("tool_call_id", id(number))
                .put("content", content);
    }

    /** How many calls of tools of one turn the template can answer: one where it refuses more. */
    public int mostCalls() {
        try {
            text(List.of(tool("lookup", 0, PROBE), tool("lookup", 1, PROBE)));
            return MOST_CALLS;
        } catch (FormatException onlyOne) {
            return 1;
        }
    }

    /**
     * The tokens between a turn and the next one.
     *
     * @param lastToken the last token of the turn
     * @param messages what is said in between: a {@linkplain #user user's message}, or {@linkplain #tool answers} to the calls of the
     *     turn
     * @throws FormatException if the template refuses the messages
     */
    public int[] behind(int lastToken, List<ObjectNode> messages) {
        String end = endBefore(messages);
        int[] ids = tokenizer.encode(end + text(messages), false);
        boolean isThere = ids[0] == lastToken && tokenizer.idOf(end).orElse(-1) == lastToken;
        return isThere ? Arrays.copyOfRange(ids, 1, ids.length) : ids;
    }

    private String endBefore(List<ObjectNode> messages) {
        return isTool(messages) ? endOfCalls : endOfWords;
    }

    /** What stands behind the end token. */
    private String text(List<ObjectNode> messages) {
        return text(before(isTool(messages), messages.size()), messages);
    }

    private String text(ArrayNode before, List<ObjectNode> messages) {
        String behind = rendered(before, messages);
        String end = endBefore(messages);
        int at = behind.indexOf(end);
        if (at < 0) {
            throw refused("it does not always end an assistant's turn with " + end);
        }
        return behind.substring(at + end.length());
    }

    /** Everything behind the assistant's words. */
    private String rendered(ArrayNode before, List<ObjectNode> messages) {
        ArrayNode all = before.deepCopy();
        messages.forEach(all::add);
        String text = template.render(frame.withMessages(all)).text();
        int at = text.lastIndexOf(MARK);
        if (at < 0) {
            throw refused("it does not write what the assistant says as it is");
        }
        return text.substring(at + MARK.length());
    }

    /** The end token with which the template ends a turn that these messages answer. */
    private String end(List<ObjectNode> messages) {
        String behind = rendered(before(isTool(messages), messages.size()), messages);
        int observation = behind.indexOf(PROBE);
        if (observation < 0) {
            throw refused("it leaves out what is said in messages of the role "
                    + messages.getFirst().path("role"));
        }
        String closing = behind.substring(0, observation);
        return ends.stream()
                .filter(closing::contains)
                .min(Comparator.comparingInt(closing::indexOf))
                .orElseThrow(() -> refused("it ends an assistant's turn with none of the model's end tokens " + ends));
    }

    // The check

    private void requireFixed(List<ObjectNode> messages) {
        boolean calls = isTool(messages);
        String usual = text(messages);
        ArrayNode longer = conversation(user("Another question"));
        longer.add(Json.object().put("role", "assistant").put("content", "Another answer"));
        longer.addAll(before(calls, messages.size()));
        require(usual, text(longer, messages), "on how long the conversation is");
        ArrayNode afterTools = before(calls, messages.size());
        messages.forEach(afterTools::add);
        afterTools.addAll(assistant(calls, messages.size()));
        require(usual, text(afterTools, messages), "on the turns before");
        requireDivides(messages);
    }

    private void require(String usual, String other, String on) {
        if (!usual.equals(other)) {
            throw refused("what it writes between two turns depends " + on + ": once " + quoted(usual) + ", once "
                    + quoted(other));
        }
    }

    /** The tokens of a whole text are those up to the end token, and those of the bridge. */
    private void requireDivides(List<ObjectNode> messages) {
        ArrayNode all = before(isTool(messages), messages.size());
        messages.forEach(all::add);
        int[] whole = template.render(frame.withMessages(all)).encode(tokenizer);
        String end = endBefore(messages);
        int endToken = tokenizer.idOf(end).orElseThrow();
        int[] bridge = behind(endToken, messages);
        int from = whole.length - bridge.length;
        if (from < 1
                || whole[from - 1] != endToken
                || !Arrays.equals(whole, from, whole.length, bridge, 0, bridge.length)) {
            throw refused("the tokens of its text do not come apart behind " + end
                    + ", so a conversation cannot go on by tokens");
        }
    }

    private static String quoted(String text) {
        return Json.excerpt(Json.object().textNode(text));
    }

    private FormatException refused(String reason) {
        return new FormatException(
                "the chat template",
                reason,
                "Conversations of several turns need a template that only adds to them; put one that does into the"
                        + " model's folder (chat_template.jinja)");
    }

    // The conversation of three messages

    private static ArrayNode conversation(ObjectNode first) {
        return Json.object().arrayNode().add(first);
    }

    private static ArrayNode before(boolean calls, int number) {
        return conversation(user("A question")).addAll(assistant(calls, number));
    }

    private static ArrayNode assistant(boolean calls, int number) {
        ObjectNode said = Json.object().put("role", "assistant").put("content", MARK);
        if (calls) {
            ArrayNode all = said.putArray("tool_calls");
            for (int i = 0; i < number; i++) {
                ObjectNode call = all.addObject().put("id", id(i)).put("type", "function");
                ObjectNode function = call.putObject("function").put("name", "lookup");
                function.putObject("arguments").put("word", MARK);
            }
        }
        return Json.object().arrayNode().add(said);
    }

    private static boolean isTool(List<ObjectNode> messages) {
        return messages.stream()
                .anyMatch(message -> message.path("role").asText().equals("tool"));
    }

    /** Nine letters and digits, which is what the strictest template asks for. */
    private static String id(int number) {
        return "call" + (10000 + number);
    }
}
