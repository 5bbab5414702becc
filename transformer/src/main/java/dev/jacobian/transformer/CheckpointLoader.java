// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.gguf.GgufFile;
import dev.jacobian.io.quantized.StoredWeights;
import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.tensor.Device;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.gguf.GgufModel;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraPlan;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Head;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads a checkpoint folder, or a GGUF file, as a model. What cannot work is refused before the first gigabyte is read. */
final class CheckpointLoader {
    private CheckpointLoader() {}

    /** {@link CausalLM#load(Path, ModelOptions)}. */
    static CausalLM load(Path path, ModelOptions options, Optional<AdapterSource> adapter) {
        return GgufFile.isNamed(path)
                ? loadFile(path, options, adapter)
                : loadFolder(path, options, adapter, adapter.flatMap(FreshHead.Wanted::by));
    }

    /** {@link CausalLM#loadScoring}. */
    static CausalLM loadScoring(
            Path path, ModelOptions options, Optional<AdapterSource> adapter, FreshHead.Wanted wanted) {
        if (GgufFile.isNamed(path)) {
            throw new FormatException(
                    path.toString(),
                    "a GGUF file holds no head that scores, and none is put on one",
                    "Use the checkpoint's folder in Hugging Face's form");
        }
        return loadFolder(path, options, adapter.map(wanted::trainedBy), Optional.of(wanted));
    }

    private static CausalLM loadFolder(
            Path folder, ModelOptions options, Optional<AdapterSource> adapter, Optional<FreshHead.Wanted> wanted) {
        CheckpointFiles beside = CheckpointFiles.read(folder);
        DecoderConfig read = Families.read(folder);
        DecoderConfig config =
                wanted.map(head -> scoring(read, head.head(), beside, folder)).orElse(read);
        boolean fresh = !config.plan().head().equals(read.plan().head());
        Checked checked = check(config, beside, options, adapter, folder);
        try (CheckpointTensors tensors = CheckpointTensors.open(folder)) {
            StoredWeights stored = StoredWeights.of(tensors, config.quantization());
            DecoderConfig named = config.withPlan(CheckpointWeights.named(config.plan(), stored.names()));
            CheckpointWeights weights = new CheckpointWeights(stored, named.plan(), folder);
            Weights all = fresh
                    ? new FreshHead(
                            weights,
                            config.initializerRange(),
                            wanted.orElseThrow().seed())
                    : weights;
            CausalLM model = model(named, beside.withTypes(stored), all, checked.with(weights, named, named.plan()));
            weights.requireAllUsed();
            return model;
        }
    }

    /** The configuration with a head that scores; itself if that is what it has. */
    private static DecoderConfig scoring(DecoderConfig read, Head.Scores head, CheckpointFiles beside, Path folder) {
        if (read.plan().head() instanceof Head.Scores own) {
            if (!own.equals(head)) {
                throw new FormatException(
                        folder.resolve("config.json").toString(),
                        "the model has a head of " + own.labels() + " labels" + (own.bias() ? " with a bias" : "")
                                + ", and one of " + head.labels() + (head.bias() ? " with a bias" : "") + " is wanted",
                        "Use a model that was made for this, or a language model, which gets a new head");
            }
            return read;
        }
        return Families.scoring(read, head, padding(beside));
    }

    static OptionalInt padding(CheckpointFiles beside) {
        OptionalInt padding = beside.tokenizer().map(Tokenizer::padId).orElseGet(OptionalInt::empty);
        return padding.isPresent()
                ? padding
                : beside.tokenizer().map(Tokenizer::eosId).orElseGet(OptionalInt::empty);
    }

    private static CausalLM loadFile(Path path, ModelOptions options, Optional<AdapterSource> adapter) {
        try (GgufModel file = GgufModel.open(path)) {
            DecoderConfig config = file.config();
            CheckpointFiles beside = CheckpointFiles.of(file.companions(), path);
            CheckpointWeights weights = new CheckpointWeights(file.weights(), file.plan(), path);
            weights.requireAll(); // before memory is asked for, which a broken description may want any amount of
            Checked checked = check(config, beside, options, adapter, path);
            Weights renamed = new RenamedWeights(weights, config.plan(), file.plan());
            CausalLM model = model(config, beside, renamed, checked.with(weights, config, file.plan()));
            weights.requireAllUsed();
            return model;
        }
    }

    /** What is asked for, found to be possible. */
    private record Checked(ModelOptions options, Optional<AdapterSource> adapter, Optional<LoraPlan> lora, Path path) {
        /**
         * The same with the formats that a file has, if those are to be kept.
         *
         * @param inFile the plan under the names of the file
         */
        Checked with(CheckpointWeights weights, DecoderConfig config, DecoderPlan inFile) {
            if (!(options.weights() instanceof WeightFormats.AsStored)) {
                return this;
            }
            Checked known = new Checked(options.weights(weights.formats(config.plan(), inFile)), adapter, lora, path);
            known.requireMemory(config);
            return known;
        }

        void requireMemory(DecoderConfig config) {
            MemoryPlan plan = MemoryPlanner.inference(config, options, lora).plan();
            if (options.device().equals(Device.CPU)) {
                plan.require("loading " + path);
            } else {
                plan.requireWeights(options.device(), "loading " + path);
            }
        }
    }

    private static Checked check(
            DecoderConfig config,
            CheckpointFiles beside,
            ModelOptions options,
            Optional<AdapterSource> adapter,
            Path path) {
        var unused = beside.eosTokenIds(config); // refuses ids that the model has no row for
        Optional<LoraPlan> lora = adapter.map(source -> LoraPlan.of(source.config(), config.plan(), source.where()));
        if (!options.device().equals(Device.CPU)) {
            requireComputable(config, options.device(), path);
        }
        Checked checked = new Checked(options, adapter, lora, path);
        if (!(options.weights() instanceof WeightFormats.AsStored)) { // else the file must be opened first
            checked.requireMemory(config);
        }
        return checked;
    }

    private static CausalLM model(DecoderConfig config, CheckpointFiles files, Weights weights, Checked checked) {
        ModelOptions options = checked.options();
        Weights frozen = new FrozenWeights(weights, options.weights(), options.device());
        if (checked.adapter().isPresent()) {
            return Adapters.adapted(
                    config,
                    checked.lora().orElseThrow(),
                    files,
                    frozen,
                    options,
                    checked.adapter().get());
        }
        Weights held = options.weights().areTrainable() ? new PlacedWeights(weights, options.device()) : frozen;
        return new CausalLM(config, files, held, options);
    }

    /** {@link CausalLM#requireTensors}. */
    static void requireTensors(DecoderConfig config, CheckpointTensors tensors, Path folder) {
        StoredWeights stored = StoredWeights.of(tensors, config.quantization());
        new CheckpointWeights(stored, CheckpointWeights.named(config.plan(), stored.names()), folder).requireAll();
    }

    private static void requireComputable(DecoderConfig config, Device device, Path folder) {
        DeviceLimits.refusal(config.plan(), device, device.toString()).ifPresent(refusal -> {
            throw new IllegalArgumentException(folder + " " + refusal + "; use --device cpu");
        });
    }
}
