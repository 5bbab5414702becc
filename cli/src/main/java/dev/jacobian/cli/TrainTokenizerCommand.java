// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.Json;
import dev.jacobian.io.tokenizer.ByteLevelBpeTrainer;
import dev.jacobian.io.tokenizer.ByteLevelBpeTrainer.Settings;
import dev.jacobian.io.tokenizer.ByteLevelBpeTrainer.Splitting;
import dev.jacobian.io.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code train-tokenizer}: a tokenizer from texts. */
@Command(
        name = "train-tokenizer",
        header = "Make a tokenizer from texts.",
        description = {
            "Trains a byte-level byte-pair tokenizer and writes tokenizer.json and tokenizer_config.json, which Hugging"
                    + " Face's libraries load too.",
            "",
            "It depends on the texts and options alone, not on the order of the texts. Memory grows with the number of"
                    + " different words: this is for up to some gigabytes of text."
        },
        footer = {
            "%nExamples:",
            "  jacobian train-tokenizer --data book.txt --vocab-size 8192 --special-tokens \"<|end|>\" --out DIR",
            "  jacobian train-tokenizer --data a.jsonl b.jsonl --field text --vocab-size 32000 --out DIR"
        })
final class TrainTokenizerCommand extends CliCommand {
    @Option(
            names = "--data",
            required = true,
            arity = "1..*",
            paramLabel = "FILE",
            description = "Text files (UTF-8), or JSONL if the name ends in .jsonl or --field is given.")
    private List<Path> data;

    @Option(
            names = "--field",
            paramLabel = "NAME",
            description =
                    "The field of each JSONL object that holds its text (default: " + TextFiles.USUAL_FIELD + ").")
    private Optional<String> field = Optional.empty();

    @Option(
            names = "--vocab-size",
            required = true,
            paramLabel = "N",
            description = "Number of tokens, with the 256 bytes and the special tokens.")
    private int vocabSize;

    @Option(
            names = "--special-tokens",
            arity = "1..*",
            split = ",",
            paramLabel = "TOKEN",
            description = "Special tokens, in the order of their ids, which come last.")
    private List<String> specialTokens = List.of();

    @Option(
            names = "--bos",
            paramLabel = "TOKEN",
            description = "Which of them is put at the beginning of a text (default: none).")
    private Optional<String> bos = Optional.empty();

    @Option(
            names = "--eos",
            paramLabel = "TOKEN",
            description = "Which of them ends a text, and pads (default: the first one that is not --bos).")
    private Optional<String> eos = Optional.empty();

    @Option(
            names = "--pre-tokenizer",
            paramLabel = "NAME",
            defaultValue = "llama3",
            converter = SplittingConverter.class,
            description = "How text is cut into words that merges do not cross: gpt2 (a number is one word), llama3 (up"
                    + " to three digits are one) or qwen (each digit is one). Default: ${DEFAULT-VALUE}.")
    private Splitting splitting;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder for the two files.")
    private Path out;

    TrainTokenizerCommand(Streams streams) {
        super(streams);
    }

    @Override
    boolean computes() {
        return false;
    }

    @Override
    void checkUsage() {
        try {
            settings();
        } catch (IllegalArgumentException e) {
            throw usage(e.getMessage());
        }
    }

    private Settings settings() {
        Optional<String> end = eos.or(() -> specialTokens.stream()
                .filter(token -> !token.equals(bos.orElse("")))
                .findFirst());
        return new Settings(vocabSize, splitting, specialTokens, bos, end, end);
    }

    @Override
    void execute() {
        for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
            OutputFile.require(out.resolve(name));
            if (Files.exists(out.resolve(name))) {
                throw new CliException(
                        out.resolve(name) + " exists already; choose another folder with --out, or remove it");
            }
        }
        TextFiles texts = new TextFiles(data, field, streams()::note);
        ByteLevelBpeTrainer.Result result = ByteLevelBpeTrainer.train(texts.stream(), settings(), progress());
        Tokenizer tokenizer = result.toTokenizer();
        result.write(out);
        if (tokenizer.vocabSize() < vocabSize) {
            streams()
                    .note("the texts have no more pairs to merge: " + tokenizer.vocabSize() + " tokens instead of "
                            + vocabSize);
        }
        if (common().json()) {
            streams()
                    .json(Json.object()
                            .put("out", out.toString())
                            .put("vocab_size", tokenizer.vocabSize())
                            .put(
                                    "merges",
                                    result.tokenizer().at("/model/merges").size())
                            .put("texts", texts.count())
                            .put("characters", texts.characters()));
        } else {
            streams()
                    .line("%s: %,d tokens from %,d texts (%,d characters)"
                            .formatted(out, tokenizer.vocabSize(), texts.count(), texts.characters()));
        }
    }

    /** Says at each tenth of the way how many tokens there are. */
    private IntConsumer progress() {
        int step = Math.max(1, (vocabSize - 256) / 10);
        return size -> {
            if (size > 256 && (size - 256) % step == 0) {
                streams().note("%,d of %,d tokens".formatted(size, vocabSize));
            }
        };
    }

    /** Parses --pre-tokenizer. */
    static final class SplittingConverter implements ITypeConverter<Splitting> {
        private static final List<String> NAMES = List.of("gpt2", "llama3", "qwen");

        SplittingConverter() {}

        @Override
        public Splitting convert(String text) {
            return switch (text) {
                case "gpt2" -> Splitting.GPT2;
                case "llama3" -> Splitting.LLAMA3;
                case "qwen" -> Splitting.QWEN2;
                default ->
                    throw new TypeConversionException("'" + text + "' is not one of " + String.join(", ", NAMES));
            };
        }
    }
}
