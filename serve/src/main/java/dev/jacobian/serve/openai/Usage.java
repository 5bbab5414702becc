// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;

/**
 * Tokens that a request took.
 *
 * @param prompt tokens of the prompts, each once however many choices it has
 * @param completion tokens of all choices, end tokens included
 */
record Usage(int prompt, int completion) {
    ObjectNode toJson() {
        return Json.object()
                .put("prompt_tokens", prompt)
                .put("completion_tokens", completion)
                .put("total_tokens", prompt + completion);
    }

    /** In the words of {@code /v1/responses}. */
    ObjectNode toResponseJson() {
        ObjectNode usage = Json.object().put("input_tokens", prompt);
        usage.putObject("input_tokens_details").put("cached_tokens", 0);
        usage.put("output_tokens", completion);
        usage.putObject("output_tokens_details").put("reasoning_tokens", 0);
        return usage.put("total_tokens", prompt + completion);
    }
}
