// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.io.quantized.StoredWeights;
import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraPlan;
import java.nio.file.Path;
import java.util.Optional;

/** Reads a checkpoint folder as a model. What cannot work is refused before the first gigabyte is read. */
final class CheckpointLoader {
    private CheckpointLoader() {}

    /** {@link CausalLM#load(Path, ModelOptions)}. */
    static CausalLM load(Path folder, ModelOptions options, Optional<AdapterSource> adapter) {
        DecoderConfig config = Families.read(folder);
        CheckpointFiles beside = CheckpointFiles.read(folder);
        var unused = beside.eosTokenIds(config); // refuses ids that the model has no row for
        Optional<LoraPlan> lora = adapter.map(source -> LoraPlan.of(source.config(), config.plan(), source.where()));
        MemoryPlan plan = MemoryPlanner.inference(config, options.weights(), options.device(), lora)
                .plan();
        if (options.device().equals(Device.CPU)) {
            plan.require("loading " + folder);
        } else {
            requireComputable(config, options.device(), folder);
            plan.requireWeights(options.device(), "loading " + folder);
        }
        try (CheckpointTensors tensors = CheckpointTensors.open(folder)) {
            StoredWeights stored = StoredWeights.of(tensors, config.quantization());
            DecoderConfig named = config.withPlan(CheckpointWeights.named(config.plan(), stored.names()));
            CheckpointWeights weights = new CheckpointWeights(stored, named.plan(), folder);
            CheckpointFiles files = beside.withTypes(stored);
            Weights frozen = new FrozenWeights(weights, options.weights(), options.device());
            CausalLM model;
            if (adapter.isPresent()) {
                model = Adapters.adapted(named, lora.orElseThrow(), files, frozen, options, adapter.get());
            } else {
                Weights held =
                        options.weights() == WeightFormat.F32 ? new PlacedWeights(weights, options.device()) : frozen;
                model = new CausalLM(named, files, held, options);
            }
            weights.requireAllUsed();
            return model;
        }
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
