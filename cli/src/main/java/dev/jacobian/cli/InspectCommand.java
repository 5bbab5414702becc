// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.gguf.GgufCheckpoint;
import dev.jacobian.io.gguf.GgufFile;
import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.Checkpoints;
import dev.jacobian.transformer.EndTokens;
import dev.jacobian.transformer.MemoryPlan;
import dev.jacobian.transformer.MemoryPlanner;
import dev.jacobian.transformer.WeightFormats;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.family.Family;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Mixer;
import dev.jacobian.transformer.plan.PlanText;
import dev.jacobian.transformer.plan.Positions;
import dev.jacobian.transformer.plan.Recurrence;
import dev.jacobian.transformer.plan.RopeConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code inspect}: what a checkpoint holds and needs. Reads headers only, so it is quick whatever the size. */
@Command(
        name = "inspect",
        header = "Show what a checkpoint holds and needs.",
        description = "Shows a checkpoint: configuration, tokenizer, parameters, tensors, and the memory that using it"
                + " takes. Of an adapter's folder it shows what the adapter changes.",
        footer = {
            "%nExamples:",
            "  jacobian inspect --model DIR",
            "  jacobian inspect --model FILE.gguf",
            "  jacobian inspect ADAPTER_DIR"
        })
final class InspectCommand extends CliCommand {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Folder of a Hugging Face checkpoint (config.json, safetensors, tokenizer.json) or of a PEFT"
                    + " adapter, or a GGUF file.")
    private Optional<Path> model = Optional.empty();

    @Parameters(arity = "0..1", paramLabel = "DIR", description = "The same without the option's name.")
    private Optional<Path> positional = Optional.empty();

    InspectCommand(Streams streams) {
        super(streams);
    }

    /** Everything that is shown. */
    private record Facts(
            Path folder, DecoderConfig config, Optional<Tokenizer> tokenizer, List<Stored> tensors, List<Integer> eos) {
        /** A tensor as it is stored. */
        private record Stored(String name, String type, List<Long> extents, long bytes) {}

        static Facts of(Path model) {
            DecoderConfig config = Checkpoints.config(model);
            Optional<Tokenizer> tokenizer = Checkpoints.tokenizer(model);
            List<Integer> eos = List.copyOf(EndTokens.of(model, config, tokenizer));
            return new Facts(
                    model, config, tokenizer, GgufFile.isNamed(model) ? ofFile(model) : ofFolder(model, config), eos);
        }

        private static List<Stored> ofFolder(Path folder, DecoderConfig config) {
            try (CheckpointTensors tensors = CheckpointTensors.open(folder)) {
                CausalLM.requireTensors(config, tensors, folder);
                return tensors.names().stream()
                        .map(tensors::info)
                        .map(info -> new Stored(info.name(), info.type().name(), info.extents(), info.bytes()))
                        .toList();
            }
        }

        private static List<Stored> ofFile(Path file) {
            try (GgufCheckpoint tensors = GgufCheckpoint.open(file)) {
                return tensors.tensors().stream()
                        .map(info -> new Stored(info.name(), info.type().name(), info.extents(), info.bytes()))
                        .toList();
            }
        }

        long storedBytes() {
            return tensors.stream().mapToLong(Stored::bytes).sum();
        }

        /** Bytes that the cache takes per token of context. */
        long cacheBytesPerToken() {
            return Float.BYTES * config.plan().cachedPerToken();
        }

        String storedTypes() {
            Map<String, Long> counts =
                    new TreeMap<>(tensors.stream().collect(Collectors.groupingBy(Stored::type, Collectors.counting())));
            return counts.entrySet().stream()
                    .map(e -> e.getValue() + " " + e.getKey())
                    .collect(Collectors.joining(", "));
        }

        /** The rotary embeddings of the layers, each once. */
        List<RopeConfig> ropes() {
            return config.plan().layers().stream()
                    .flatMap(layer -> rope(layer).stream())
                    .distinct()
                    .toList();
        }

        String ropeTypes() {
            return ropes().stream().map(InspectCommand::type).distinct().collect(Collectors.joining(", "));
        }
    }

    @Override
    boolean computes() {
        return false;
    }

    @Override
    void checkUsage() {
        if (model.isPresent() == positional.isPresent()) {
            throw usage(model.isPresent() ? "name one folder, not two" : "Missing required option: '--model=DIR'");
        }
    }

    @Override
    void execute() {
        Path folder = ModelOption.existing(model.or(() -> positional).orElseThrow());
        if (AdapterFacts.isAdapter(folder)) {
            AdapterFacts facts = AdapterFacts.of(folder);
            if (common().json()) {
                streams().json(facts.toJson());
            } else {
                facts.lines().forEach(streams()::line);
            }
            return;
        }
        Facts facts = Facts.of(folder);
        if (common().json()) {
            streams().json(toJson(facts));
        } else {
            print(facts);
        }
    }

    private void print(Facts facts) {
        DecoderConfig c = facts.config();
        row("model", "%s, %,d parameters", c.family(), c.parameters());
        row("described", "%s", source(c));
        DecoderPlan plan = c.plan();
        row("layers", "%d of width %d, %s", c.layers(), c.hiddenSize(), ofLayers(plan, InspectCommand::inner));
        row("attention", "%s", ofLayers(plan, layer -> heads(layer.mixer())));
        row("positions", "%,d, %s", c.maxPositions(), positions(plan));
        row(
                "vocabulary",
                "%,d, head %s%s",
                c.vocabularySize(),
                PlanText.head(plan.head()),
                plan.embedding().scale() == 1
                        ? ""
                        : ", embeddings times " + plan.embedding().scale());
        row("options", "%s", ofLayers(plan, InspectCommand::options));
        row("tokenizer", "%s", facts.tokenizer().map(t -> describe(t, c)).orElse("none"));
        row("template", "%s", facts.tokenizer().map(InspectCommand::templates).orElse("none"));
        row("end tokens", "%s", facts.eos().isEmpty() ? "none: generation stops at its limit" : endTokens(facts));
        row(
                "stored",
                "%s in %d tensors (%s)",
                bytes(facts.storedBytes()),
                facts.tensors().size(),
                facts.storedTypes());
        row(
                "inference",
                "%s, and %s per 1,000 tokens of context",
                memory(MemoryPlan.inference(c)),
                bytes(1000 * facts.cacheBytesPerToken()));
        row("", "%s", narrow(c, facts.folder()));
        row(
                "training",
                "%s with %,d tokens at a time, %s with gradient_checkpointing",
                memory(training(c, false)),
                trainingTokens(c),
                bytes(training(c, true).bytes()));
        streams().line("");
        int widest =
                facts.tensors().stream().mapToInt(t -> t.name().length()).max().orElse(0);
        for (Facts.Stored tensor : facts.tensors()) {
            streams()
                    .line(String.format(
                            Locale.ROOT,
                            "%-" + Math.max(1, widest) + "s  %-4s  %s",
                            tensor.name(),
                            tensor.type(),
                            tensor.extents()));
        }
    }

    private void row(String label, String format, Object... values) {
        streams().line(String.format(Locale.ROOT, "%-11s ", label) + String.format(Locale.ROOT, format, values));
    }

    private static String inner(LayerPlan layer) {
        return layer.feedForward() instanceof FeedForward.Experts experts
                ? experts.count() + " experts of " + experts.inner()
                : "MLP " + layer.feedForward().inner();
    }

    private static String heads(Mixer mixer) {
        String window = PlanText.window(mixer);
        return switch (mixer) {
            case Attention.Grouped grouped ->
                grouped.heads() + " heads of " + grouped.headDim() + ", " + grouped.kvHeads() + " for keys and values"
                        + (window.isEmpty() ? "" : ", " + window);
            case Attention.Gated gated -> heads(gated.grouped());
            case Attention.Latent latent ->
                latent.heads() + " heads of " + latent.keyDim() + ", values of " + latent.valueDim();
            case Recurrence.ShortConvolution convolution -> "convolution over " + convolution.taps();
            case Recurrence.GatedDeltaNet net ->
                net.heads() + " states of " + net.keyDim() + " x " + net.valueDim() + ", " + net.keyHeads()
                        + " key heads";
        };
    }

    private static String type(RopeConfig rope) {
        return rope.getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }

    private static String ofLayers(DecoderPlan plan, Function<LayerPlan, String> words) {
        return PlanText.ofLayersByNumber(plan, words);
    }

    /** How positions enter: once for all layers, or layer by layer. */
    private static String positions(DecoderPlan plan) {
        return plan.embedding().learnedPositions() > 0 ? "learned" : ofLayers(plan, InspectCommand::positions);
    }

    private static String positions(LayerPlan layer) {
        return PlanText.positions(layer.mixer())
                + rope(layer)
                        .map(rope -> ": " + type(rope) + ", base " + number(rope.theta())
                                + (rope.attentionFactor() == 1
                                        ? ""
                                        : ", cos and sin times " + number(rope.attentionFactor())))
                        .orElse("");
    }

    private static Optional<RopeConfig> rope(LayerPlan layer) {
        Positions positions = switch (layer.mixer()) {
            case Attention.Grouped grouped -> grouped.positions();
            case Attention.Gated gated -> gated.grouped().positions();
            case Attention.Latent latent -> latent.rotary();
            case Recurrence recurrence -> new Positions.None();
        };
        return switch (positions) {
            case Positions.Rotary rotary -> Optional.of(rotary.rope());
            case Positions.GrowingQueries growing ->
                Optional.of(growing.rotary().rope());
            case Positions.None none -> Optional.empty();
        };
    }

    private static String source(DecoderConfig c) {
        return Families.named(c.family()).map(Family::source).orElse("");
    }

    private static String options(LayerPlan layer) {
        List<String> words = new ArrayList<>(PlanText.mixer(layer.mixer()));
        words.add("MLP " + PlanText.feedForward(layer.feedForward()));
        words.add(PlanText.norms(layer) + ", epsilon " + number(layer.norm().epsilon()));
        return String.join("; ", words);
    }

    private static String describe(Tokenizer tokenizer, DecoderConfig c) {
        int padding = c.vocabularySize() - tokenizer.vocabSize();
        return String.format(
                Locale.ROOT,
                "%s, %,d tokens, %d added%s",
                tokenizer.modelType().equals("BPE") ? "byte-pair encoding" : tokenizer.modelType(),
                tokenizer.vocabSize(),
                tokenizer.addedTokens().size(),
                padding > 0 ? String.format(Locale.ROOT, "; %,d rows of the model stand for none", padding) : "");
    }

    private static String templates(Tokenizer tokenizer) {
        Set<String> names = tokenizer.config().chatTemplates().keySet();
        return names.isEmpty() ? "none" : "for chats: " + String.join(", ", names);
    }

    private static String endTokens(Facts facts) {
        return facts.eos().stream()
                .map(id -> id
                        + facts.tokenizer()
                                .flatMap(t -> t.tokenOf(id))
                                .map(token -> " " + token)
                                .orElse(""))
                .collect(Collectors.joining(", "));
    }

    /** What --weights saves. */
    private static String narrow(DecoderConfig c, Path model) {
        Stream<String> asStored = GgufFile.isNamed(model)
                ? Stream.of("--weights " + WeightFormats.AS_STORED_LABEL + ": "
                        + bytes(MemoryPlanner.inference(c, Checkpoints.storedFormats(model))
                                .plan()
                                .bytes()))
                : Stream.empty();
        Stream<String> made = WeightFormat.made().stream()
                .filter(format -> format != WeightFormat.F32)
                .map(format -> "--weights " + format.label() + ": "
                        + bytes(MemoryPlan.inference(c, format).bytes()));
        return Stream.concat(made, asStored).collect(Collectors.joining(", "));
    }

    /** Tokens of the micro-batch that training is planned for: the trainers' default, in sequences of a quarter of it. */
    private static int trainingTokens(DecoderConfig c) {
        return 4 * Math.min(1024, c.maxPositions());
    }

    private static MemoryPlan training(DecoderConfig c, boolean checkpointing) {
        int length = trainingTokens(c) / 4;
        Segments batch = Segments.of(length, length, length, length);
        return MemoryPlanner.training(c)
                .step(batch, batch.rows() - batch.count(), checkpointing)
                .plan();
    }

    private static String memory(MemoryPlan plan) {
        return bytes(plan.bytes()) + " of heap";
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? String.format(Locale.ROOT, "%,d", (long) value)
                : Float.toString((float) value);
    }

    private static String bytes(long bytes) {
        return bytes >= 1L << 30
                ? String.format(Locale.ROOT, "%.2f GiB", bytes / 0x1p30)
                : String.format(Locale.ROOT, "%.2f MiB", bytes / 0x1p20);
    }

    private static ObjectNode toJson(Facts facts) {
        DecoderConfig c = facts.config();
        ObjectNode object = Json.object();
        object.put("model", facts.folder().toString());
        object.put("family", c.family());
        object.put("described_in", source(c));
        object.put("parameters", c.parameters());
        object.put("inference_bytes", MemoryPlan.inference(c).bytes());
        ObjectNode formats = object.putObject("inference_bytes_by_weights");
        for (WeightFormat format : WeightFormat.made()) {
            formats.put(format.label(), MemoryPlan.inference(c, format).bytes());
        }
        object.put("training_bytes", training(c, false).bytes());
        object.put(
                "training_bytes_with_gradient_checkpointing", training(c, true).bytes());
        object.put("training_tokens", trainingTokens(c));
        object.put("kv_cache_bytes_per_token", facts.cacheBytesPerToken());
        object.put("stored_bytes", facts.storedBytes());
        object.put("rope_type", facts.ropeTypes());
        ArrayNode eos = object.putArray("eos_token_ids");
        facts.eos().forEach(eos::add);
        facts.tokenizer()
                .ifPresentOrElse(
                        t -> object.putObject("tokenizer")
                                .put("kind", t.modelType())
                                .put("tokens", t.vocabSize())
                                .put("added_tokens", t.addedTokens().size()),
                        () -> object.putNull("tokenizer"));
        ArrayNode templates = object.putArray("chat_templates");
        facts.tokenizer().ifPresent(t -> t.config().chatTemplates().keySet().forEach(templates::add));
        object.set("config", c.source().deepCopy());
        ArrayNode tensors = object.putArray("tensors");
        for (Facts.Stored tensor : facts.tensors()) {
            ObjectNode entry = tensors.addObject();
            entry.put("name", tensor.name());
            entry.put("dtype", tensor.type());
            ArrayNode shape = entry.putArray("shape");
            tensor.extents().forEach(shape::add);
        }
        return object;
    }
}
