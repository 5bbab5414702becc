// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.IntNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.chat.Chat;
import dev.jacobian.io.chat.ChatTemplate;
import dev.jacobian.io.grammar.Grammar;
import dev.jacobian.io.tokenizer.StreamingDecoder;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.Continuation;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.GenerationConfigBuilder;
import dev.jacobian.transformer.generation.GenerationKeys;
import dev.jacobian.transformer.generation.GenerationRequest;
import dev.jacobian.transformer.generation.GenerationSettings;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.generation.LengthConfig;
import dev.jacobian.transformer.generation.Prefix;
import dev.jacobian.transformer.generation.RequestListener;
import dev.jacobian.transformer.generation.Speculation;
import dev.jacobian.transformer.generation.SpeculativeGenerator;
import dev.jacobian.transformer.generation.SpeculativeGenerator.Speculated;
import dev.jacobian.transformer.generation.TokenListener;
import dev.jacobian.transformer.generation.TokenLogProb;
import dev.jacobian.transformer.generation.processor.GrammarMask;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code generate}: continues texts or token ids. */
@Command(
        name = "generate",
        header = "Continue a text.",
        description = {
            "Continues a text, a conversation, or sequences of token ids. Without --prompt, --message, --chat and"
                    + " --input-ids the prompt is read from standard input. Text is printed as it comes, control"
                    + " characters as escapes such as \\u001b; --json has them exactly.",
            "",
            "With --json, one object: token_ids, text (null without a tokenizer), finish_reason (stop or length) and"
                + " logprobs, the natural log-probability of each token at the sampling temperature over the whole"
                + " vocabulary. For one sequence token_ids and logprobs are arrays and the others values; for several"
                + " sequences each of the four is an array with one entry per sequence. Where they are asked for there"
                + " are also top_logprobs, the likeliest tokens of each step, and the score of each beam; with guesses"
                + " of an assistant model or of look-up draft_tokens and accepted_tokens, how many there were and were"
                + " right.",
            "",
            "Settings that the model's generation_config.json recommends are taken and named; options win over it. A"
                    + " setting that nothing heeds is an error."
        },
        footer = {
            "%nExamples:",
            "  jacobian generate --model DIR --prompt \"Once upon a time\" --greedy",
            "  echo \"Once upon\" | jacobian generate --model DIR --temperature 0.7 --seed 1",
            "  jacobian generate --model DIR --message \"What is 2+2?\"",
            "  jacobian generate --model DIR --chat messages.json",
            "  jacobian generate --model DIR --prompt \"Once\" --num-beams 4 --num-return-sequences 2",
            "  jacobian generate --model DIR --message \"Who wrote it?\" --json-schema person.json",
            "  jacobian generate --model DIR --input-ids ids.json --json --top-logprobs 5"
        })
final class GenerateCommand extends CliCommand {
    @Mixin
    private ModelOption model;

    @Mixin
    private WeightsOption weights;

    @Mixin
    private KvCacheOption kvCache;

    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            description = "Text to continue; special tokens are added as the tokenizer does.")
    private Optional<String> prompt = Optional.empty();

    @Option(
            names = "--message",
            paramLabel = "TEXT",
            description = "What a user says to an instruct model; its chat template is put around it.")
    private Optional<String> message = Optional.empty();

    @Option(
            names = "--chat",
            paramLabel = "FILE",
            description =
                    "JSON file with a conversation for the model's chat template: an array of messages, or an object"
                            + " with messages, tools, documents and any variables of the template. The assistant speaks"
                            + " next, or goes on where the last message is its own.")
    private Optional<Path> chat = Optional.empty();

    @Option(
            names = "--input-ids",
            paramLabel = "FILE",
            description = "JSON file with token ids to continue: an array of arrays.")
    private Optional<Path> inputIds = Optional.empty();

    @Mixin
    private GenerationOptions generation;

    @Mixin
    private GrammarOptions grammars;

    @Mixin
    private SpeculationOptions speculations;

    GenerateCommand(Streams streams) {
        super(streams);
    }

    @Override
    void checkUsage() {
        List<String> prompts = Stream.of(
                        prompt.map(p -> "--prompt"),
                        message.map(m -> "--message"),
                        chat.map(c -> "--chat"),
                        inputIds.map(i -> "--input-ids"))
                .flatMap(Optional::stream)
                .toList();
        if (prompts.size() > 1) {
            throw usage(String.join(" and ", prompts) + " exclude each other");
        }
        grammars.fault().or(speculations::fault).ifPresent(fault -> {
            throw usage(fault);
        });
        Path folder = model.folder();
        try {
            GenerationSettings settings = generation.settings(folder);
            GenerationConfig config =
                    GenerationOptions.builder(settings, common().seed()).build();
            if (settings.asks("top_logprobs") && !common().json()) {
                throw usage("--top-logprobs has no effect without --json: text has no place for them");
            }
            if (kvCache.isLimited() && speculations.given()) {
                throw usage("--kv-cache-gb has no effect on guesses of a draft, which go with one sequence at a time;"
                        + " leave one of them out");
            }
            if (kvCache.isLimited()
                    && (config.search().numBeams() > 1 || config.search().penaltyAlpha() > 0)) {
                throw usage(
                        "--kv-cache-gb has no effect on num_beams and penalty_alpha, whose sequences are all there at"
                                + " once; leave out the one or the other");
            }
            if (speculations.given()
                    && (config.search().numBeams() > 1 || config.search().penaltyAlpha() > 0)) {
                throw usage("guesses of tokens (--assistant-model, --prompt-lookup-num-tokens) have no effect on"
                        + " num_beams and penalty_alpha, which search; leave out the one or the other");
            }
        } catch (FormatException wrong) {
            if (wrong.where().startsWith("--")) {
                throw usage(wrong.getMessage());
            }
        } catch (IllegalArgumentException wrong) {
            throw usage(wrong.getMessage());
        }
    }

    @Override
    void execute() {
        GenerationSettings settings = generation.settings(model.folder());
        Optional<TokenIdFile> file = inputIds.map(ids -> TokenIdFile.read(ids).requireNonEmpty());
        Optional<Grammar> grammar = grammars.grammar();
        Optional<ChatFile> conversation = chat.map(ChatFile::read).or(() -> message.map(ChatFile::of));
        CausalLM loaded = kvCache.limit(weights.load(model.folder(), kvCache.in(modelOptions(model.folder()))));
        file.ifPresent(ids -> ids.requireVocabulary(loaded.config().vocabularySize()));
        List<int[]> prompts = file.map(TokenIdFile::sequences)
                .orElseGet(() -> List.of(
                        conversation.map(c -> encode(loaded, c.prompt())).orElseGet(() -> encodePrompt(loaded))));
        limit(settings, loaded, prompts);
        GenerationConfigBuilder builder = GenerationOptions.builder(settings, common().seed());
        grammar.map(g -> GrammarMask.of(loaded, g)).ifPresent(builder::processor);
        GenerationConfig config = builder.build();
        requireTokens(loaded, config, settings);
        int samples = config.search().numReturnSequences();
        boolean streaming = !common().json() && prompts.size() * samples == 1;
        Output output = new Output(loaded, streaming, settings);
        long[] keys = new long[prompts.size()];
        Arrays.setAll(keys, i -> i);
        Optional<Speculation> speculation =
                speculations.speculation(folder -> CausalLM.load(folder, kvCache.in(modelOptions(folder))));
        List<Speculated> guessed = speculation
                .map(guesses -> guessed(new SpeculativeGenerator(loaded, guesses), prompts, config, output))
                .orElse(List.of());
        List<Generation> generations = speculation.isPresent()
                ? guessed.stream().map(Speculated::generation).toList()
                : new Generator(loaded)
                        .generate(prompts, keys, samples, config, output).stream()
                                .flatMap(List::stream)
                                .toList();
        if (streaming) {
            output.finish();
        } else if (common().json()) {
            streams().json(GenerationJson.of(loaded, generations, guessed));
        } else {
            generations.forEach(generation -> streams().line(readable(loaded, generation)));
        }
    }

    /** Ids on the command line that the model lacks are wrong usage, though only the model tells. */
    private void requireTokens(CausalLM loaded, GenerationConfig config, GenerationSettings settings) {
        try {
            Continuation.Rules.of(loaded, config);
        } catch (IllegalArgumentException wrong) {
            boolean given =
                    GenerationKeys.ALL.stream().anyMatch(key -> key.type().namesTokens() && settings.asks(key.name()));
            throw given ? usage(wrong.getMessage()) : wrong;
        }
    }

    private static List<Speculated> guessed(
            SpeculativeGenerator generator, List<int[]> prompts, GenerationConfig config, TokenListener output) {
        List<GenerationRequest> requests = new ArrayList<>();
        for (int p = 0; p < prompts.size(); p++) {
            int number = p;
            RequestListener listener = new RequestListener() {
                @Override
                public void onToken(int sample, int token, float logProb, List<TokenLogProb> likeliest) {
                    output.onToken(number, sample, token);
                }
            };
            int samples = config.search().numReturnSequences();
            requests.add(new GenerationRequest(
                    new Prefix(prompts.get(p), p), samples, config, GenerationRequest.NEVER, listener));
        }
        return generator.generate(requests).stream().flatMap(List::stream).toList();
    }

    /** Where nobody says a limit, it is no more than the model can do after the longest prompt. */
    private static void limit(GenerationSettings settings, CausalLM loaded, List<int[]> prompts) {
        if (!settings.has("max_new_tokens") && !settings.has("max_length")) {
            int longest = prompts.stream().mapToInt(p -> p.length).max().orElse(0);
            int room = Math.max(1, loaded.config().maxPositions() - longest);
            int most = Math.min(LengthConfig.DEFAULT_MAX_NEW_TOKENS, room);
            settings.set("max_new_tokens", IntNode.valueOf(most), "the default of --max-new-tokens");
        }
    }

    private int[] encode(CausalLM loaded, Chat conversation) {
        Tokenizer tokenizer = loaded.tokenizer();
        return ChatTemplate.require(tokenizer.config(), model.folder().toString())
                .render(conversation)
                .encode(tokenizer);
    }

    private int[] encodePrompt(CausalLM loaded) {
        String text = prompt.orElseGet(this::readPrompt);
        return loaded.tokenizer().encodePrompt(text);
    }

    private String readPrompt() {
        String text = streams().readText();
        if (text.isEmpty()) {
            throw new CliException(
                    "there is no prompt: standard input is empty or closed. Give --prompt TEXT, or pipe the"
                            + " text in");
        }
        return text;
    }

    /** Text where there is a tokenizer, ids where there is none. */
    private static String readable(CausalLM loaded, Generation generation) {
        return loaded.hasTokenizer()
                ? loaded.tokenizer().decode(generation.tokenIds(), true)
                : String.join(
                        " ",
                        Arrays.stream(generation.tokenIds())
                                .mapToObj(String::valueOf)
                                .toList());
    }

    /** Prints a single continuation while it grows. */
    private final class Output implements TokenListener {
        private final Optional<StreamingDecoder> decoder;
        private final boolean enabled;
        private final LineEnds lineEnds = new LineEnds();
        private final GenerationSettings settings;
        private boolean first = true;

        Output(CausalLM loaded, boolean enabled, GenerationSettings settings) {
            this.enabled = enabled;
            this.settings = settings;
            this.decoder =
                    loaded.hasTokenizer() ? Optional.of(loaded.tokenizer().streamingDecoder(true)) : Optional.empty();
        }

        @Override
        public void onToken(int prompt, int sample, int token) {
            if (first) { // not before: a failure is told alone
                generation.tellRecommended(settings, streams());
            }
            if (enabled) {
                String piece = decoder.map(d -> d.push(token)).orElse((first ? "" : " ") + token);
                streams().stream(lineEnds.next(piece));
            }
            first = false;
        }

        void finish() {
            String piece = decoder.map(StreamingDecoder::finish).orElse("");
            streams().line(lineEnds.next(piece) + lineEnds.rest());
        }
    }
}
