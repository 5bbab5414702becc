// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.Chat;
import dev.jacobian.io.chat.ChatTemplate;
import dev.jacobian.io.chat.RenderedChat;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.transformer.Checkpoints;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tokenize}: texts to token ids and back. */
@Command(
        name = "tokenize",
        header = "Turn texts into token ids and back.",
        description = {
            "Prints the token ids of texts as a JSON array of arrays, or with --decode the texts of token ids as a"
                    + " JSON array of strings.",
            "",
            "Without --texts, standard input is one text (a line end at its end does not count); without --ids,"
                    + " --decode reads the ids from standard input.",
            "",
            "With --chat, the text that the model's chat template makes of a conversation; with --json too, one object:"
                    + " text and token_ids."
        },
        footer = {
            "%nExamples:",
            "  echo \"Hello\" | jacobian tokenize --model DIR",
            "  jacobian tokenize --model DIR --texts texts.json",
            "  echo \"[[1, 2, 3]]\" | jacobian tokenize --model DIR --decode",
            "  jacobian tokenize --model DIR --chat messages.json"
        })
final class TokenizeCommand extends CliCommand {
    @Mixin
    private ModelOption model;

    @Option(names = "--texts", paramLabel = "FILE", description = "JSON file with an array of strings.")
    private Optional<Path> texts = Optional.empty();

    @Option(names = "--no-special-tokens", description = "Do not add the tokens that the tokenizer puts around a text.")
    private boolean noSpecialTokens;

    @Option(names = "--decode", description = "From ids to text.")
    private boolean decode;

    @Option(
            names = "--ids",
            paramLabel = "FILE",
            description = "JSON file with token ids to decode: an array of arrays.")
    private Optional<Path> ids = Optional.empty();

    @Option(names = "--skip-special-tokens", description = "Leave special tokens out of decoded text.")
    private boolean skipSpecialTokens;

    @Option(
            names = "--chat",
            paramLabel = "FILE",
            description = "JSON file with a conversation: an array of messages, or an object with messages, tools,"
                    + " documents, add_generation_prompt, continue_final_message and any variables of the template.")
    private Optional<Path> chat = Optional.empty();

    TokenizeCommand(Streams streams) {
        super(streams);
    }

    @Override
    void checkUsage() {
        if (decode && (texts.isPresent() || noSpecialTokens)) {
            throw usage("--decode takes --ids and --skip-special-tokens, not --texts or --no-special-tokens");
        }
        if (chat.isPresent() && (decode || texts.isPresent() || noSpecialTokens)) {
            throw usage(
                    "--chat excludes --texts, --decode and --no-special-tokens: a template brings its special tokens");
        }
        if (!decode && (ids.isPresent() || skipSpecialTokens)) {
            throw usage("--ids and --skip-special-tokens need --decode");
        }
    }

    @Override
    boolean computes() {
        return false;
    }

    @Override
    void execute() {
        Path folder = model.folder();
        Tokenizer tokenizer = Checkpoints.requireTokenizer(folder);
        if (chat.isPresent()) {
            render(tokenizer, ChatFile.read(chat.get()).chat(), folder);
            return;
        }
        ArrayNode result = Json.object().arrayNode();
        if (decode) {
            TokenIdFile file = ids.map(TokenIdFile::read)
                    .orElseGet(() -> TokenIdFile.of(streams().readJson(), "standard input"));
            file.requireVocabulary(Integer.MAX_VALUE);
            file.sequences().forEach(sequence -> result.add(tokenizer.decode(sequence, skipSpecialTokens)));
        } else {
            List<String> inputs = texts.map(TokenizeCommand::readTexts)
                    .orElseGet(() -> List.of(streams().readText()));
            for (String text : inputs) {
                ArrayNode row = result.addArray();
                for (int id : tokenizer.encode(text, !noSpecialTokens)) {
                    row.add(id);
                }
            }
        }
        streams().json(result);
    }

    private void render(Tokenizer tokenizer, Chat conversation, Path folder) {
        RenderedChat rendered =
                ChatTemplate.require(tokenizer.config(), folder.toString()).render(conversation);
        if (!common().json()) {
            streams().line(rendered.text());
            return;
        }
        ObjectNode json = Json.object().put("text", rendered.text());
        ArrayNode tokens = json.putArray("token_ids");
        for (int id : rendered.encode(tokenizer)) {
            tokens.add(id);
        }
        streams().json(json);
    }

    private static List<String> readTexts(Path file) {
        JsonNode json = Json.read(file);
        if (!json.isArray()) {
            throw new FormatException(
                    file.toString(), "expected an array of strings", "Write it as [\"one\", \"two\"]");
        }
        List<String> out = new ArrayList<>();
        for (JsonNode text : json) {
            if (!text.isTextual()) {
                throw new FormatException(
                        file + ", entry " + out.size(), "expected a string, found " + text, "Write it in quotes");
            }
            out.add(text.textValue());
        }
        return out;
    }
}
