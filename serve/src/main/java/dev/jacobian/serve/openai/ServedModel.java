// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ChatTemplate;
import dev.jacobian.io.chat.ToolCallFormat;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.serve.http.WebException;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.AsyncEngine;
import dev.jacobian.transformer.generation.GenerationConfigBuilder;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A model that requests can name.
 *
 * @param name what requests call it
 * @param model its tokenizer, vocabulary and end tokens
 * @param engine what computes its answers
 * @param template what makes text of conversations, if it has one
 * @param calls how it writes calls of functions; empty for what its template shows
 * @param defaults the settings of a request that says nothing
 * @param maxTokens the most that a request may ask for
 * @param created when it was loaded
 */
public record ServedModel(
        String name,
        CausalLM model,
        AsyncEngine engine,
        Optional<ChatTemplate> template,
        Optional<ToolCallFormat> calls,
        Supplier<GenerationConfigBuilder> defaults,
        int maxTokens,
        Instant created) {
    Tokenizer tokenizer() {
        return model.tokenizer();
    }

    /** Positions that a prompt and its answer may take together. */
    int positions() {
        return model.config().maxPositions();
    }

    /** Refuses a request for another model. */
    void requireNamed(String asked) {
        if (!asked.equals(name)) {
            throw WebException.notFound(
                    "there is no model '" + asked + "' here; there is '" + name + "'", "model_not_found");
        }
    }

    ObjectNode toJson() {
        return Json.object()
                .put("id", name)
                .put("object", "model")
                .put("created", created.getEpochSecond())
                .put("owned_by", "jacobian")
                .put("max_model_len", positions());
    }
}
