// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.io.gguf.GgufFile;
import dev.jacobian.io.quantized.StoredWeights;
import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.tensor.Device;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.gguf.GgufModel;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraPlan;
import dev.jacobian.transformer.plan.DecoderPlan;
import java.nio.file.Path;
import java.util.Optional;

/** Reads a checkpoint folder, or a GGUF file, as a model. What cannot work is refused before the first gigabyte is read. */
final class CheckpointLoader {
    private CheckpointLoader() {}

    /** {@link CausalLM#load(Path, ModelOptions)}. */
    static CausalLM load(Path path, ModelOptions options, Optional<AdapterSource> adapter) {
        return GgufFile.isNamed(path) ? loadFile(path, options, adapter) : loadFolder(path, options, adapter);
    }

    private static CausalLM loadFolder(Path folder, ModelOptions options, Optional<AdapterSource> adapter) {
        DecoderConfig config = Families.read(folder);
        CheckpointFiles beside = CheckpointFiles.read(folder);
        Checked checked = check(config, beside, options, adapter, folder);
        try (CheckpointTensors tensors = CheckpointTensors.open(folder)) {
            StoredWeights stored = StoredWeights.of(tensors, config.quantization());
            DecoderConfig named = config.withPlan(CheckpointWeights.named(config.plan(), stored.names()));
            CheckpointWeights weights = new CheckpointWeights(stored, named.plan(), folder);
            CausalLM model =
                    model(named, beside.withTypes(stored), weights, checked.with(weights, named, named.plan()));
            weights.requireAllUsed();
            return model;
        }
    }

    private static CausalLM loadFile(Path path, ModelOptions options, Optional<AdapterSource> adapter) {
        try (GgufModel file = GgufModel.open(path)) {
            DecoderConfig config = file.config();
            CheckpointFiles beside = CheckpointFiles.of(file.companions(), path);
            Checked checked = check(config, beside, options, adapter, path);
            CheckpointWeights weights = new CheckpointWeights(file.weights(), file.plan(), path);
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
            MemoryPlan plan = MemoryPlanner.inference(config, options.weights(), options.device(), lora)
                    .plan();
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
