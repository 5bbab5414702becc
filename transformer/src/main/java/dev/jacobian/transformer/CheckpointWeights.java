// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Var;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.config.DecoderConfig;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Weights from safetensors, checked against the configuration: a missing tensor, a wrong shape and a tensor that the
 * configuration has no place for (a bias, say, where config.json promises none) are errors.
 */
final class CheckpointWeights implements Weights {
    private final CheckpointTensors tensors;
    private final DecoderConfig config;
    private final Path folder;
    private final Set<String> used = new HashSet<>();

    CheckpointWeights(CheckpointTensors tensors, DecoderConfig config, Path folder) {
        this.tensors = tensors;
        this.config = config;
        this.folder = folder;
    }

    @Override
    public Var get(String name, int... extents) {
        if (!tensors.contains(name)) {
            throw new FormatException(
                    folder.toString(),
                    "the checkpoint has no tensor '" + name + "'",
                    tensors.advice()
                            .orElse("config.json asks for it; use the config.json that belongs to the weights"));
        }
        List<Long> found = tensors.info(name).extents();
        List<Long> wanted = Arrays.stream(extents).mapToObj(Long::valueOf).toList();
        if (!found.equals(wanted)) {
            throw new FormatException(
                    folder.toString(),
                    "tensor '" + name + "' has shape " + found + ", config.json makes it " + wanted,
                    "Use the config.json that belongs to the weights");
        }
        used.add(name);
        Tensor value = tensors.readWeight(name);
        return Weights.parameter(name, value);
    }

    void requireAllUsed() {
        Set<String> left = new TreeSet<>(tensors.names());
        left.removeAll(used);
        left.removeIf(name -> name.endsWith("rotary_emb.inv_freq")); // a constant that old checkpoints carry along
        if (config.tiedEmbeddings() && left.remove("lm_head.weight")) {
            requireEqualHead();
        }
        if (!left.isEmpty()) {
            throw new FormatException(
                    folder.toString(),
                    "the checkpoint has " + left.size() + " tensors that config.json has no place for, such as '"
                            + left.iterator().next() + "'",
                    tensors.advice().orElse("Use the config.json that belongs to the weights"));
        }
    }

    private void requireEqualHead() {
        if (!Arrays.equals(
                tensors.read("lm_head.weight").toFloatArray(),
                tensors.read("model.embed_tokens.weight").toFloatArray())) {
            throw new FormatException(
                    folder.toString(),
                    "tie_word_embeddings is true but lm_head.weight differs from model.embed_tokens.weight",
                    "Set tie_word_embeddings to false in config.json, or remove lm_head.weight");
        }
    }
}
