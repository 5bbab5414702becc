// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import dev.jacobian.serve.http.WebException;
import dev.jacobian.transformer.generation.processor.LogitsProcessor;
import java.util.Optional;

/** What an answer must look like, as a mask on logits: {@code response_format}, and calls that must be made. */
final class ResponseFormat {
    private ResponseFormat() {}

    /** Reads it; nothing if any text will do. */
    static Optional<LogitsProcessor> read(RequestFields fields, ChatPrompt prompt, ServedModel model) {
        Optional<RequestFields> format = fields.object("response_format");
        if (!prompt.tools().forced().isEmpty()) {
            throw WebException.invalid("tool_choice", "only none and auto are supported");
        }
        if (format.isPresent() && !format.get().string("type").orElse("").equals("text")) {
            throw WebException.invalid("response_format", "only {\"type\": \"text\"} is supported");
        }
        return Optional.empty();
    }
}
