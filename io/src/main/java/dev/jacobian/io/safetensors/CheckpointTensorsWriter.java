// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.safetensors;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Writes the tensors of a checkpoint: {@code model.safetensors}, or where they are more than a limit {@code
 * model-00001-of-0000N.safetensors} and so on with {@code model.safetensors.index.json}, as {@link CheckpointTensors} reads them.
 *
 * <p>Decisions: tensors keep their order, and a shard ends before the tensor that would take it beyond the limit; one tensor
 * larger than the limit has a shard to itself. The index is written last: without it the shards are no checkpoint. Files of
 * another checkpoint that would be read instead of this one are removed.
 */
public final class CheckpointTensorsWriter {
    private final long shardBytes;
    private final List<SafetensorsWriter> shards = new ArrayList<>();
    private final Map<String, Integer> shardOf = new LinkedHashMap<>(); // from 0
    private long inShard;
    private long total;

    /**
     * A writer without tensors.
     *
     * @param shardBytes most bytes of tensors in a file
     */
    public CheckpointTensorsWriter(long shardBytes) {
        if (shardBytes < 1) {
            throw new IllegalArgumentException("a shard needs at least 1 byte, got " + shardBytes);
        }
        this.shardBytes = shardBytes;
        next();
    }

    private void next() {
        shards.add(new SafetensorsWriter().metadata("format", "pt"));
        inShard = 0;
    }

    /** Adds a tensor that is stored in the given type: its own, or one floating type for another. */
    public CheckpointTensorsWriter add(String name, Tensor tensor, DType stored) {
        makeRoom(name, (long) tensor.elements() * stored.bytes());
        shards.getLast().add(name, tensor, stored);
        return this;
    }

    /** Adds a tensor that is fetched when its turn to be written comes, and let go after that. */
    public CheckpointTensorsWriter add(String name, DType stored, Shape shape, Supplier<Tensor> source) {
        makeRoom(name, (long) shape.elements() * stored.bytes());
        shards.getLast().add(name, stored, shape, source);
        return this;
    }

    private void makeRoom(String name, long bytes) {
        if (inShard > 0 && inShard + bytes > shardBytes) {
            next();
        }
        shardOf.put(name, shards.size() - 1);
        inShard += bytes;
        total += bytes;
    }

    /**
     * Creates or replaces the files.
     *
     * @throws UncheckedIOException if one cannot be written
     */
    public void write(Path folder) {
        Path single = folder.resolve(CheckpointTensors.SINGLE);
        Path index = folder.resolve(CheckpointTensors.INDEX);
        if (shards.size() == 1) {
            shards.getFirst().write(single);
            remove(index);
            return;
        }
        for (int shard = 0; shard < shards.size(); shard++) {
            shards.get(shard).write(folder.resolve(name(shard)));
        }
        ObjectNode json = Json.object();
        json.putObject("metadata").put("total_size", total);
        ObjectNode files = json.putObject("weight_map");
        shardOf.forEach((name, shard) -> files.put(name, name(shard)));
        Json.write(index, json);
        remove(single);
    }

    private String name(int shard) {
        return "model-%05d-of-%05d.safetensors".formatted(shard + 1, shards.size());
    }

    private static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + file + ", which is of another checkpoint", e);
        }
    }
}
