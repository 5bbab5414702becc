// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import dev.jacobian.io.chat.ToolCall;
import dev.jacobian.io.chat.ToolCallParser;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One choice while it grows: its tokens become text and calls. */
final class ChoiceText {
    private final int index;
    private final AnswerText text;
    private final Optional<ToolCallParser> parser;
    private List<ChosenToken> untold = new ArrayList<>();
    private boolean isOver;
    private boolean hasCalls;

    ChoiceText(int index, AnswerText text, Optional<ToolCallParser> parser) {
        this.index = index;
        this.text = text;
        this.parser = parser;
    }

    /** Begins the answer with what the prompt has of it already. */
    void begin(String opening) {
        parser.ifPresent(p -> p.push(opening));
    }

    /** Whether it has ended: tokens that come later are no part of it. */
    boolean isOver() {
        return isOver;
    }

    /**
     * Takes a token.
     *
     * @param isEnd whether it is an end token, which is no text
     */
    Delta push(ChosenToken token, boolean isEnd) {
        untold.add(token);
        String piece = isEnd ? "" : text.push(token.token());
        return text.isStopped() ? over(piece, "stop") : delta(said(piece), Optional.empty());
    }

    /** Ends it. */
    Delta finish(String reason) {
        String rest = text.finish();
        return over(rest, text.isStopped() ? "stop" : reason);
    }

    private Delta over(String piece, String reason) {
        isOver = true;
        List<ToolCallParser.Part> parts = new ArrayList<>(said(piece));
        parser.ifPresent(p -> parts.addAll(p.finish()));
        hasCalls |= parts.stream().anyMatch(part -> part.call().isPresent());
        return delta(parts, Optional.of(hasCalls && reason.equals("stop") ? "tool_calls" : reason));
    }

    private List<ToolCallParser.Part> said(String piece) {
        return parser.map(p -> p.push(piece))
                .orElseGet(() -> List.of(new ToolCallParser.Part(piece, Optional.empty())));
    }

    private Delta delta(List<ToolCallParser.Part> parts, Optional<String> reason) {
        StringBuilder said = new StringBuilder();
        List<ToolCall> calls = new ArrayList<>();
        for (ToolCallParser.Part part : parts) {
            said.append(part.text());
            part.call().ifPresent(calls::add);
        }
        hasCalls |= !calls.isEmpty();
        List<ChosenToken> tokens = List.of();
        if (!said.isEmpty() || !calls.isEmpty() || reason.isPresent()) {
            tokens = untold;
            untold = new ArrayList<>();
        }
        return new Delta(index, said.toString(), calls, tokens, reason);
    }
}
