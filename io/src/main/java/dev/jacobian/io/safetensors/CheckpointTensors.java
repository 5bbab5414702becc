// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.safetensors;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The tensors of a Hugging Face checkpoint, whether in one file or in shards.
 *
 * <p>A folder holds {@code model.safetensors}, or {@code model.safetensors.index.json} with a {@code weight_map} from
 * tensor to file. The index is not trusted: a file name that leads out of the folder, a shard that is missing, a tensor
 * that its shard lacks, and a tensor that is in two shards are errors, all found when the checkpoint is opened.
 *
 * <p>Tensors go by their names within the model: what training wrappers put before them is removed where that is
 * unambiguous, as when every name begins with {@code module.}.
 */
public final class CheckpointTensors implements AutoCloseable {
    /** The file of an unsharded checkpoint. */
    public static final String SINGLE = "model.safetensors";

    /** The index of a sharded checkpoint. */
    public static final String INDEX = "model.safetensors.index.json";

    private final List<SafetensorsFile> files;
    private final Map<String, Place> places; // by name within the model

    /** Where a tensor is. */
    private record Place(SafetensorsFile file, String storedName) {}

    private CheckpointTensors(List<SafetensorsFile> files, Map<String, Place> places) {
        this.files = files;
        this.places = places;
    }

    /**
     * Opens a checkpoint.
     *
     * @param path its folder, or one safetensors file
     * @throws SafetensorsException if there is no checkpoint or it is broken
     */
    public static CheckpointTensors open(Path path) {
        if (!Files.isDirectory(path)) {
            return ofFiles(List.of(path), Map.of(), path.toString());
        }
        if (Files.exists(path.resolve(SINGLE))) {
            return ofFiles(List.of(path.resolve(SINGLE)), Map.of(), path.toString());
        }
        Path index = path.resolve(INDEX);
        if (!Files.exists(index)) {
            if (Files.exists(path.resolve("adapter_model.safetensors"))) {
                throw new SafetensorsException(
                        path.toString(),
                        "it holds an adapter (adapter_model.safetensors) and no model",
                        "Merge the adapter into its base model first (PEFT's merge_and_unload) and give the result");
            }
            throw new SafetensorsException(
                    path.toString(),
                    "there is neither " + SINGLE + " nor " + INDEX,
                    "Give the folder of a Hugging Face checkpoint in safetensors form (.bin files must be converted)");
        }
        Map<String, String> weightMap = readIndex(index);
        List<Path> shards = new ArrayList<>();
        for (String name : Set.copyOf(weightMap.values()).stream().sorted().toList()) {
            Path shard = shard(path, name, index);
            if (!Files.exists(shard)) {
                throw new SafetensorsException(
                        index.toString(), "the shard " + name + " is missing", "Fetch that file into the folder");
            }
            shards.add(shard);
        }
        return ofFiles(shards, weightMap, index.toString());
    }

    private static Path shard(Path folder, String name, Path index) {
        try {
            return folder.resolve(name);
        } catch (InvalidPathException e) {
            throw new SafetensorsException(
                    index.toString(),
                    "the shard's name '" + name + "' cannot be the name of a file here: " + e.getReason(),
                    "Rename the shard, in the index too; outside of a UTF-8 locale set LC_ALL=C.UTF-8",
                    e);
        }
    }

    private static CheckpointTensors ofFiles(List<Path> paths, Map<String, String> weightMap, String where) {
        List<SafetensorsFile> files = new ArrayList<>();
        try {
            Map<String, SafetensorsFile> fileOf = new LinkedHashMap<>();
            for (Path path : paths) {
                SafetensorsFile file = SafetensorsFile.open(path);
                files.add(file);
                for (String name : file.names()) {
                    SafetensorsFile other = fileOf.putIfAbsent(name, file);
                    if (other != null) {
                        throw new SafetensorsException(
                                where,
                                "tensor '" + name + "' is in two shards, "
                                        + other.path().getFileName() + " and " + path.getFileName(),
                                "One of them is from another checkpoint; fetch the shards again");
                    }
                }
            }
            weightMap.forEach((name, fileName) -> {
                SafetensorsFile file = fileOf.get(name);
                if (file == null || !file.path().getFileName().toString().equals(fileName)) {
                    throw new SafetensorsException(
                            where,
                            "tensor '" + name + "' should be in " + fileName + " but "
                                    + (file == null
                                            ? "is in no shard"
                                            : "is in " + file.path().getFileName()),
                            "Index and shards do not belong together; fetch them again");
                }
            });
            Map<String, Place> places = new LinkedHashMap<>();
            WrapperNames.unwrap(fileOf.keySet())
                    .forEach((stored, own) ->
                            places.put(own, new Place(Objects.requireNonNull(fileOf.get(stored)), stored)));
            return new CheckpointTensors(List.copyOf(files), Collections.unmodifiableMap(places));
        } catch (RuntimeException | Error e) {
            files.forEach(SafetensorsFile::close);
            throw e;
        }
    }

    private static Map<String, String> readIndex(Path index) {
        JsonNode json;
        try {
            json = Json.read(index);
        } catch (FormatException e) {
            throw new SafetensorsException(e.where(), e.what(), e.fix(), e);
        }
        JsonNode weightMap = json.path("weight_map");
        if (!weightMap.isObject()) {
            throw new SafetensorsException(
                    index.toString(), "there is no object 'weight_map' in it", "Fetch the file again");
        }
        Map<String, String> out = new TreeMap<>();
        weightMap.properties().forEach(entry -> {
            String file = entry.getValue().asText();
            if (!entry.getValue().isTextual() || !staysInFolder(file)) {
                throw new SafetensorsException(
                        index + ", tensor '" + entry.getKey() + "'",
                        Json.excerpt(entry.getValue()) + " is not the name of a file in the same folder",
                        "An index that points elsewhere is not to be trusted; fetch it from another source");
            }
            out.put(entry.getKey(), file);
        });
        return out;
    }

    private static boolean staysInFolder(String file) {
        return !file.isEmpty()
                && !file.equals(".")
                && !file.contains("..")
                && file.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ');
    }

    /** The names of all tensors, shard by shard. */
    public Set<String> names() {
        return places.keySet();
    }

    /** Whether there is a tensor of that name. */
    public boolean contains(String name) {
        return places.containsKey(name);
    }

    /** What the names of the tensors tell about how they came to be there, if they are not a plain model's. */
    public Optional<String> advice() {
        return WrapperNames.advice(names());
    }

    /** The size of all tensors as stored, in bytes. */
    public long bytes() {
        return files.stream()
                .flatMap(f -> f.infos().stream())
                .mapToLong(TensorInfo::bytes)
                .sum();
    }

    /** The {@code __metadata__} of all files together. */
    public Map<String, String> metadata() {
        Map<String, String> out = new TreeMap<>();
        files.forEach(file -> out.putAll(file.metadata()));
        return out;
    }

    /** What the header says of a tensor, with the name that it has in the file. */
    public TensorInfo info(String name) {
        Place place = place(name);
        return place.file.info(place.storedName);
    }

    /** The file that a tensor is in. */
    public Path file(String name) {
        return place(name).file.path();
    }

    /** A tensor in a type that kernels work on; see {@link SafetensorsFile#read}. */
    public Tensor read(String name) {
        Place place = place(name);
        return place.file.read(place.storedName);
    }

    /** A model's weight, finite; see {@link SafetensorsFile#readWeight}. */
    public Tensor readWeight(String name) {
        Place place = place(name);
        return place.file.readWeight(place.storedName);
    }

    /** A model's weight, finite, in the type in which it is stored; see {@link SafetensorsFile#readNarrowWeight}. */
    public Tensor readNarrowWeight(String name) {
        Place place = place(name);
        return place.file.readNarrowWeight(place.storedName);
    }

    /** The elements of a tensor of one byte each; see {@link SafetensorsFile#readBytes}. */
    public byte[] readBytes(String name) {
        Place place = place(name);
        return place.file.readBytes(place.storedName);
    }

    /** A tensor as it is stored; see {@link SafetensorsFile#readStored}. */
    public Tensor readStored(String name) {
        Place place = place(name);
        return place.file.readStored(place.storedName);
    }

    /** Closes all files. Tensors that were read stay valid. */
    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }

    private Place place(String name) {
        Place place = places.get(name);
        if (place == null) {
            throw new SafetensorsException(
                    files.isEmpty() ? "checkpoint" : files.getFirst().path().getParent() + "",
                    "there is no tensor '" + name + "'" + Names.similar(name, names()),
                    "Check the name, or that this is the checkpoint you mean");
        }
        return place;
    }
}
