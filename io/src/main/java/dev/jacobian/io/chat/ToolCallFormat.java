// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.chat;

import java.util.Locale;
import java.util.Optional;

/** How a model writes that it wants functions called. */
public enum ToolCallFormat {
    /** {@code <tool_call>{"name": …, "arguments": {…}}</tool_call>}: Hermes, Qwen 2.5 and 3, SmolLM3, Granite and many more. */
    HERMES("<tool_call>", "<tool_call>\n", "arguments", ""),

    /** {@code {"name": …, "parameters": {…}}} and nothing else, perhaps behind {@code <|python_tag|>}: Llama 3.1 to 3.3. */
    LLAMA("<|python_tag|>", "", "parameters", ""),

    /**
     * {@code [TOOL_CALLS]} and an array of {@code {"name": …, "arguments": {…}}}, or since 2025 {@code [TOOL_CALLS]name[ARGS]{…}} for
     * each call: Mistral.
     */
    MISTRAL("[TOOL_CALLS]", "[TOOL_CALLS] [", "arguments", "]");

    /** What Llama's templates without the mark tell of the format. */
    private static final String LLAMA_WORDS = "\"parameters\": dictionary";

    private final String mark;
    private final String opening;
    private final String argumentsKey;
    private final String closing;

    ToolCallFormat(String mark, String opening, String argumentsKey, String closing) {
        this.mark = mark;
        this.opening = opening;
        this.argumentsKey = argumentsKey;
        this.closing = closing;
    }

    /**
     * The format that a template shows its model.
     *
     * @param template source of a chat template
     * @return empty if it does not read {@code tools}, so that the model is told of none, or shows another format
     */
    public static Optional<ToolCallFormat> of(String template) {
        if (!template.contains("tools")) {
            return Optional.empty();
        }
        if (template.contains(MISTRAL.mark)) {
            return Optional.of(MISTRAL);
        }
        if (template.contains(HERMES.mark)) {
            return Optional.of(HERMES);
        }
        return template.contains(LLAMA.mark) || template.contains(LLAMA_WORDS) ? Optional.of(LLAMA) : Optional.empty();
    }

    /** What announces a call; a special token in the vocabularies of Llama and Mistral, so decoding must keep those. */
    String mark() {
        return mark;
    }

    /** What stands before a call's JSON object: an answer that begins with it can only go on with a call. */
    public String opening() {
        return opening;
    }

    /** The key of the arguments in a call's JSON object. */
    public String argumentsKey() {
        return argumentsKey;
    }

    /** What must stand behind a call's JSON object for it to be read; an answer may end without a closing tag. */
    public String closing() {
        return closing;
    }

    /** {@code hermes}, {@code llama} or {@code mistral}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
