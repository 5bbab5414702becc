// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;

/**
 * A conversation whose last message stays open, in transformers' way: a mark is put behind the message, and the rendered text is cut
 * at the mark. Where a template strips messages, the blanks behind the last one go too.
 *
 * @param messages with the mark
 * @param text of the last message
 */
record OpenMessage(ArrayNode messages, String text, String where) {
    /** Ends with a blank, which tells whether the template has stripped the message. */
    private static final String MARK = "CONTINUE_FINAL_MESSAGE_TAG ";

    static OpenMessage of(ArrayNode messages, String where) {
        ArrayNode copy = messages.deepCopy();
        ObjectNode last = (ObjectNode) copy.get(copy.size() - 1);
        JsonNode content = last.path("content");
        if (content.isTextual()) {
            last.put("content", content.textValue() + MARK);
            return new OpenMessage(copy, content.textValue(), where);
        }
        for (int i = content.size() - 1; i >= 0; i--) {
            if (content.get(i) instanceof ObjectNode part && part.path("text").isTextual()) {
                String text = part.get("text").textValue();
                part.put("text", text + MARK);
                return new OpenMessage(copy, text, where);
            }
        }
        throw new FormatException(
                where, "continue_final_message: the last message has no text to continue", "Give it some content");
    }

    /** The rendered text up to the end of the last message. */
    String cut(String rendered) {
        String mark = MARK.strip();
        int at = rendered.lastIndexOf(mark);
        if (at < 0 || !rendered.contains(text.strip())) {
            throw new FormatException(
                    where,
                    "continue_final_message: the last message does not appear in the rendered text. Some templates"
                            + " leave out parts of what an assistant said, such as its reasoning",
                    "Leave that part out of the message, or do not continue it");
        }
        String before = rendered.substring(0, at);
        return rendered.startsWith(MARK, at) ? before : before.stripTrailing();
    }
}
