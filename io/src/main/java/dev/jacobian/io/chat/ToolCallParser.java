// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.chat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Takes an answer apart into what is said and what is to be called, while it comes.
 *
 * <p>Decisions: text is passed on as soon as it cannot be the beginning of a call, a call once it is whole. What looks like a call but
 * is no JSON, or lacks a name, stays text: nothing that a model said is lost. Blanks next to a call belong to it.
 *
 * <p>For one answer, and one thread.
 */
public final class ToolCallParser {
    private static final String END = "</tool_call>";
    private static final String ARGUMENTS = "[ARGS]";
    private static final String CALL_ID = "[CALL_ID]";

    private final ToolCallFormat format;
    private final Set<String> functions;
    private final StringBuilder held = new StringBuilder();
    private boolean isInCall;
    private boolean isStarted; // something other than a blank was said
    private boolean isBehindCall;

    /**
     * @param functions names of those that the model was told of: where a format has no mark, only they make a call of a JSON
     *     object
     */
    public ToolCallParser(ToolCallFormat format, Set<String> functions) {
        this.format = format;
        this.functions = Set.copyOf(functions);
    }

    /** A part of an answer: one of the two is there. */
    public record Part(String text, Optional<ToolCall> call) {
        static Part of(String text) {
            return new Part(text, Optional.empty());
        }

        static Part of(ToolCall call) {
            return new Part("", Optional.of(call));
        }
    }

    /** Takes a piece of the answer; returns what has become certain by it. */
    public List<Part> push(String piece) {
        held.append(piece);
        List<Part> parts = new ArrayList<>();
        while (isInCall ? call(parts::add) : text(parts::add)) {
            // again, with what is left
        }
        return parts;
    }

    /** Ends the answer; returns what was held back. */
    public List<Part> finish() {
        List<Part> parts = new ArrayList<>();
        if (isInCall) {
            endCall(held.length(), 0, parts::add);
        } else {
            say(held.toString(), parts::add);
        }
        held.setLength(0);
        return parts;
    }

    /** Passes on text up to a call; whether one begins. */
    private boolean text(Consumer<Part> out) {
        if (format == ToolCallFormat.LLAMA && !isStarted) {
            String begun = held.toString().stripLeading();
            if (begun.startsWith("{") || begun.startsWith(format.mark())) {
                isInCall = true;
                return true;
            }
            if (begun.isEmpty() || format.mark().startsWith(begun)) {
                return false;
            }
        }
        int at = held.indexOf(format.mark());
        if (at >= 0) {
            say(held.substring(0, at).stripTrailing(), out);
            held.delete(0, at);
            isInCall = true;
            return true;
        }
        int keep = held.length() - heldBack();
        say(held.substring(0, keep), out);
        held.delete(0, keep);
        return false;
    }

    /** Characters at the end that may belong to a call: the beginning of a mark and the blanks before it. */
    private int heldBack() {
        int length = held.length();
        int from = length;
        for (int n = Math.min(format.mark().length() - 1, length); n > 0; n--) {
            if (format.mark().startsWith(held.substring(length - n))) {
                from = length - n;
                break;
            }
        }
        while (from > 0 && Character.isWhitespace(held.charAt(from - 1))) {
            from--;
        }
        return length - from;
    }

    private void say(String text, Consumer<Part> out) {
        String said = isBehindCall ? text.stripLeading() : text;
        if (!said.isEmpty()) {
            isStarted |= !said.isBlank();
            isBehindCall &= said.isBlank();
            out.accept(Part.of(said));
        }
    }

    /** Passes on a call whose end can be seen; whether there was one. */
    private boolean call(Consumer<Part> out) {
        if (format != ToolCallFormat.HERMES) {
            return false; // these end with the answer
        }
        int end = held.indexOf(END);
        if (end < 0) {
            return false;
        }
        endCall(end, END.length(), out);
        return true;
    }

    private void endCall(int end, int closing, Consumer<Part> out) {
        List<ToolCall> calls = read(held.substring(0, end).strip());
        if (calls.isEmpty()) {
            say(held.substring(0, end + closing), out);
        } else {
            calls.forEach(call -> out.accept(Part.of(call)));
            isBehindCall = true;
        }
        held.delete(0, end + closing);
        isInCall = false;
        isStarted = true;
    }

    /** The calls in a text that begins with a mark, or in Llama's case perhaps without one; none if it cannot be read. */
    private List<ToolCall> read(String text) {
        try {
            return switch (format) {
                case HERMES ->
                    List.of(named(Json.parse(text.substring(format.mark().length()), "a call")));
                case LLAMA -> llama(text);
                case MISTRAL -> mistral(text);
            };
        } catch (FormatException e) {
            return List.of();
        }
    }

    private List<ToolCall> llama(String text) {
        List<ToolCall> calls = new ArrayList<>();
        for (String rest = text; !rest.isEmpty(); ) {
            if (rest.startsWith(format.mark()) || rest.startsWith(";")) {
                rest = rest.substring(rest.startsWith(";") ? 1 : format.mark().length())
                        .stripLeading();
                continue;
            }
            int end = JsonEnd.of(rest);
            ToolCall call = named(Json.parse(rest.substring(0, end), "a call"));
            if (!functions.contains(call.name())) {
                return List.of();
            }
            calls.add(call);
            rest = rest.substring(end).stripLeading();
        }
        return calls;
    }

    private List<ToolCall> mistral(String text) {
        List<ToolCall> calls = new ArrayList<>();
        for (String rest = text; !rest.isEmpty(); ) {
            if (rest.startsWith(format.mark())) {
                rest = rest.substring(format.mark().length()).stripLeading();
                continue;
            }
            if (rest.startsWith("[")) {
                int end = JsonEnd.of(rest);
                Json.parse(rest.substring(0, end), "calls").forEach(one -> calls.add(named(one)));
                rest = rest.substring(end).stripLeading();
                continue;
            }
            int brace = rest.indexOf('{');
            if (brace < 0) {
                return List.of();
            }
            String name = rest.substring(0, brace);
            name = name.replace(ARGUMENTS, "");
            int id = name.indexOf(CALL_ID);
            name = (id < 0 ? name : name.substring(0, id)).strip();
            String object = rest.substring(brace);
            int end = JsonEnd.of(object);
            calls.add(new ToolCall(name, Json.compact(Json.parse(object.substring(0, end), "arguments"))));
            rest = object.substring(end).stripLeading();
        }
        return calls;
    }

    private static ToolCall named(JsonNode call) {
        JsonNode arguments = call.has("arguments") ? call.get("arguments") : call.path("parameters");
        if (!call.path("name").isTextual() || !(arguments.isObject() || arguments.isMissingNode())) {
            throw new FormatException("a call", "it has no name, or arguments that are no object", "");
        }
        return new ToolCall(call.get("name").textValue(), arguments.isMissingNode() ? "{}" : Json.compact(arguments));
    }
}
