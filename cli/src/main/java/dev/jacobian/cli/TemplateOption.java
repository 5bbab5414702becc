// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.chat.ChatTemplate;
import dev.jacobian.io.tokenizer.TokenizerConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What makes text of conversations. */
final class TemplateOption {
    @Option(
            names = "--chat-template",
            paramLabel = "FILE",
            description = "A Jinja chat template to take in place of the model's own.")
    private Optional<Path> file = Optional.empty();

    /** The template; empty if the model has none and no file was given. */
    Optional<ChatTemplate> find(TokenizerConfig config, Path model) {
        return file.map(path -> ChatTemplate.of(read(path), config, path.toString()))
                .or(() -> ChatTemplate.of(config, model.toString()));
    }

    /** The template of a command that cannot do without one. */
    ChatTemplate require(TokenizerConfig config, Path model) {
        return find(config, model)
                .orElseThrow(() -> new CliException(model + " has no chat template (neither chat_template.jinja nor"
                        + " 'chat_template' in tokenizer_config.json), so it was"
                        + " hardly trained on conversations. Take an instruct model,"
                        + " or give the template that it was trained with as"
                        + " --chat-template FILE; a base model continues texts:"
                        + " jacobian generate --prompt TEXT"));
    }

    private static String read(Path path) {
        try {
            return Files.readString(path);
        } catch (NoSuchFileException e) {
            throw new CliException("no such file: " + path + ". --chat-template takes a file with a Jinja template", e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + path, e);
        }
    }
}
