// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ToolCallFormat;
import dev.jacobian.io.grammar.Grammar;
import dev.jacobian.io.grammar.JsonLayout;
import dev.jacobian.serve.http.RequestFields;
import dev.jacobian.serve.http.WebException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What an answer must look like: {@code response_format}, vLLM's {@code structured_outputs}, and calls that must be made.
 *
 * <p>Decision: a call that must be made is begun for the model, in its own format, behind the prompt; what is left to it is the
 * object with one of the names and arguments that satisfy that function's schema.
 */
final class ResponseFormat {
    private ResponseFormat() {}

    /** The grammar of the answer; nothing if any text will do. */
    static Optional<Grammar> read(RequestFields fields) {
        Optional<RequestFields> format = fields.object("response_format");
        Optional<RequestFields> structured = fields.object("structured_outputs");
        if (format.isPresent() && structured.isPresent()) {
            throw WebException.invalid(
                    "structured_outputs", "response_format and structured_outputs exclude each other");
        }
        return format.flatMap(ResponseFormat::format).or(() -> structured.map(ResponseFormat::structured));
    }

    /** The same of a request to {@code /v1/responses}: {@code text.format}. */
    static Optional<Grammar> ofResponse(RequestFields fields) {
        Optional<RequestFields> text = fields.object("text");
        Optional<Grammar> grammar = text.flatMap(said -> said.object("format")).flatMap(format -> {
            if (!format.string("type").orElse("").equals("json_schema")) {
                return format(format);
            }
            format.ignore(List.of("name", "description", "strict"));
            Grammar made = schema(format.get("schema"), format.path("schema"));
            format.refuseOthers();
            return Optional.of(made);
        });
        text.ifPresent(RequestFields::refuseOthers);
        return grammar;
    }

    /** The grammar of a call that must be made, behind its opening. */
    static Grammar calls(ToolChoice tools, ToolCallFormat format) {
        List<Grammar> calls = new ArrayList<>();
        for (String name : tools.forced()) {
            String opening = "{\"name\": \"" + name + "\", \"" + format.argumentsKey() + "\": ";
            calls.add(Grammar.sequence(List.of(
                    Grammar.text(opening),
                    schema(tools.parameters(name), "tools: parameters of " + name),
                    Grammar.text("}" + format.closing()))));
        }
        return Grammar.anyOf(calls);
    }

    private static Optional<Grammar> format(RequestFields format) {
        String type = format.string("type").orElse("");
        Optional<Grammar> grammar = switch (type) {
            case "text" -> Optional.empty();
            case "json_object" ->
                format.find("schema") // llama.cpp's
                        .map(schema -> schema(schema, format.path("schema")))
                        .or(() -> Optional.of(Grammar.jsonObject(JsonLayout.DEFAULT)));
            case "json_schema" -> Optional.of(named(format));
            default ->
                throw WebException.invalid(
                        format.path("type"), format.path("type") + " must be text, json_object or json_schema");
        };
        format.refuseOthers();
        return grammar;
    }

    private static Grammar named(RequestFields format) {
        format.get("json_schema");
        RequestFields named = format.object("json_schema").orElseThrow();
        named.ignore(List.of("name", "description", "strict")).find("schema"); // always strict
        Grammar grammar = schema(named.get("schema"), named.path("schema"));
        named.refuseOthers();
        return grammar;
    }

    private static Grammar structured(RequestFields structured) {
        List<Grammar> grammars = new ArrayList<>();
        structured
                .find("json")
                .ifPresent(json -> grammars.add(schema(
                        json.isTextual() ? parsed(json.textValue(), structured.path("json")) : json,
                        structured.path("json"))));
        structured
                .string("regex")
                .ifPresent(regex -> grammars.add(grammar(structured.path("regex"), () -> Grammar.regex(regex))));
        structured.array("choice").ifPresent(choice -> grammars.add(choice(choice, structured.path("choice"))));
        if (structured.bool("json_object", false)) {
            grammars.add(Grammar.jsonObject(JsonLayout.DEFAULT));
        }
        structured.refuseOthers();
        if (grammars.size() != 1) {
            throw WebException.invalid(
                    "structured_outputs", "structured_outputs must have one of json, regex, choice and json_object");
        }
        return grammars.getFirst();
    }

    private static Grammar choice(JsonNode choice, String path) {
        List<String> texts = new ArrayList<>();
        for (JsonNode text : choice) {
            if (!text.isTextual()) {
                throw RequestFields.wrong(path, "an array of strings", choice);
            }
            texts.add(text.textValue());
        }
        return grammar(path, () -> Grammar.choice(texts));
    }

    private static JsonNode parsed(String json, String path) {
        try {
            return Json.parse(json, path);
        } catch (FormatException e) {
            throw WebException.invalid(path, path + " is no JSON: " + e.what());
        }
    }

    private static Grammar schema(JsonNode schema, String path) {
        return grammar(path, () -> Grammar.jsonSchema(schema, JsonLayout.DEFAULT, path));
    }

    private static Grammar grammar(String path, java.util.function.Supplier<Grammar> make) {
        try {
            return make.get();
        } catch (FormatException e) {
            throw WebException.invalid(path, e.where() + ": " + e.what() + ". " + e.fix());
        }
    }
}
