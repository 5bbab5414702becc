// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.Json;
import dev.jacobian.io.safetensors.SafetensorsWriter;
import dev.jacobian.tensor.DType;
import java.nio.file.Path;

/** Writes a checkpoint's files in the form that transformers, vLLM and llama.cpp's converter read. */
final class CheckpointWriter {
    private CheckpointWriter() {}

    static void write(Path directory, CausalLM model, CheckpointFiles files, DType stored) {
        ObjectNode config = model.config().source().deepCopy();
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
        Json.write(directory.resolve("config.json"), config);
        SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
        model.inCheckpointForm(Parameter::value, (tensor, value) -> writer.add(tensor, value, stored));
        model.buffers().forEach((tensor, value) -> writer.add(tensor, value, DType.F32));
        writer.write(directory.resolve("model.safetensors"));
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
}
