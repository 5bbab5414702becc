// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.Json;
import dev.jacobian.io.safetensors.CheckpointTensorsWriter;
import dev.jacobian.tensor.DType;
import java.nio.file.Path;

/** Writes a checkpoint's files in the form that transformers, vLLM and llama.cpp's converter read. */
final class CheckpointWriter {
    private CheckpointWriter() {}

    static void write(Path directory, CausalLM model, CheckpointFiles files, SaveOptions options) {
        Json.write(directory.resolve("config.json"), config(model.config().source(), options));
        CheckpointTensorsWriter writer = new CheckpointTensorsWriter(options.shardBytes());
        model.inCheckpointForm(
                Parameter::value,
                (tensor, value) -> writer.add(tensor, value, options.type().orElseGet(() -> files.storedType(tensor))));
        model.buffers()
                .forEach((tensor, value) ->
                        writer.add(tensor, value, options.type().isPresent() ? DType.F32 : files.storedType(tensor)));
        writer.write(directory);
        files.contents().forEach((file, bytes) -> AtomicFiles.writeBytes(directory.resolve(file), bytes));
        if (!files.contents().containsKey(CheckpointFiles.GENERATION_CONFIG)) {
            ObjectNode generation = Json.object();
            if (!model.eosTokenIds().isEmpty()) {
                var ids = generation.putArray("eos_token_id");
                model.eosTokenIds().forEach(ids::add);
            }
            Json.write(directory.resolve(CheckpointFiles.GENERATION_CONFIG), generation);
        }
    }

    /** The config.json of a checkpoint whose weights are written as numbers. */
    static ObjectNode config(ObjectNode source, SaveOptions options) {
        ObjectNode config = source.deepCopy();
        config.remove("quantization_config");
        options.type().ifPresent(type -> name(config, type));
        return config;
    }

    /** Names the type of the weights, in the spellings that the file has. */
    private static void name(ObjectNode config, DType stored) {
        String name = switch (stored) {
            case F32 -> "float32";
            case BF16 -> "bfloat16";
            case F16 -> "float16";
            default -> throw new IllegalArgumentException("weights cannot be stored as " + stored);
        };
        if (config.has("dtype")) {
            config.put("dtype", name);
        }
        if (config.has("torch_dtype") || !config.has("dtype")) {
            config.put("torch_dtype", name);
        }
    }
}
