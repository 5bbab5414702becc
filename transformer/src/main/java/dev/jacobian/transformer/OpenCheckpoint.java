// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.gguf.GgufFile;
import dev.jacobian.io.quantized.StoredWeights;
import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.io.safetensors.CheckpointTensorsWriter;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Layout;
import dev.jacobian.transformer.plan.TensorSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;

/**
 * A checkpoint folder whose tensors are read one at a time: for work on the numbers of models that need not fit into memory.
 *
 * <p>Decisions: the tensors are those that the family's plan names, in its order, so two checkpoints of one architecture have the same
 * ones at the same places whatever prefix their names have; each is what the file stores, not what layers make of it. Everything
 * that {@link CausalLM#load} refuses about names and shapes is refused when the folder is opened.
 */
public final class OpenCheckpoint implements AutoCloseable {
    private final Path folder;
    private final DecoderConfig config;
    private final CheckpointFiles files;
    private final CheckpointTensors opened;
    private final StoredWeights weights;
    private final List<Entry> tensors;

    /**
     * A stored tensor.
     *
     * @param name in the checkpoint
     * @param extents as stored
     * @param layer index of the layer, {@link TensorSpec#NO_LAYER} outside of layers
     * @param isBuffer whether it is no weight
     */
    public record Entry(String name, List<Integer> extents, int layer, boolean isBuffer) {
        /** The extents as a shape. */
        public Shape shape() {
            return Shape.of(extents.stream().mapToInt(Integer::intValue).toArray());
        }
    }

    private OpenCheckpoint(Path folder, DecoderConfig config, CheckpointTensors opened, StoredWeights weights) {
        this.folder = folder;
        this.config = config;
        this.opened = opened;
        this.weights = weights;
        this.files = CheckpointFiles.read(folder).withTypes(weights);
        this.tensors = entries(config.plan());
    }

    /**
     * Opens a folder, and reads no weight.
     *
     * @throws FormatException if a file is missing, broken or of an unsupported kind, or a tensor is missing or has another shape
     */
    public static OpenCheckpoint open(Path folder) {
        if (GgufFile.isNamed(folder)) {
            throw new FormatException(
                    folder.toString(),
                    "a GGUF file is not read tensor by tensor here",
                    "Use the checkpoint's folder in Hugging Face's form");
        }
        DecoderConfig read = Families.read(folder);
        CheckpointTensors tensors = CheckpointTensors.open(folder);
        try {
            StoredWeights stored = StoredWeights.of(tensors, read.quantization());
            DecoderConfig config = read.withPlan(CheckpointWeights.named(read.plan(), stored.names()));
            CheckpointWeights weights = new CheckpointWeights(stored, config.plan(), folder);
            weights.requireAll();
            weights.requireAllUsed();
            return new OpenCheckpoint(folder, config, tensors, stored);
        } catch (RuntimeException | Error e) {
            tensors.close();
            throw e;
        }
    }

    private static List<Entry> entries(DecoderPlan plan) {
        Map<String, Entry> entries = new LinkedHashMap<>();
        for (TensorSpec spec : plan.tensors()) {
            Layout layout = spec.layout();
            boolean isBuffer = spec.kind() == TensorSpec.Kind.BUFFER;
            List<String> names = new ArrayList<>();
            if (layout.isSplit()) {
                for (int expert = 0; expert < spec.extents().getFirst(); expert++) {
                    names.add(layout.stored(expert));
                }
            } else {
                names.add(layout.stored());
            }
            for (String name : names) { // parts of one stored tensor come once
                entries.putIfAbsent(name, new Entry(name, layout.extents(spec), spec.layer(), isBuffer));
            }
        }
        return List.copyOf(entries.values());
    }

    /** Where it is. */
    public Path folder() {
        return folder;
    }

    /** What its config.json says. */
    public DecoderConfig config() {
        return config;
    }

    /** The tokenizer, if there is one. */
    public Optional<Tokenizer> tokenizer() {
        return files.tokenizer();
    }

    /** The ids that end a sequence, as {@link CausalLM} takes them; empty if nothing says so. */
    public Set<Integer> eosTokenIds() {
        return files.eosTokenIds(config);
    }

    /** All tensors, in the order of the plan. */
    public List<Entry> tensors() {
        return tensors;
    }

    /**
     * The numbers of a tensor.
     *
     * @param index in {@link #tensors}
     * @return F32, of the stored shape
     * @throws FormatException if a number is NaN or infinite
     */
    public Tensor read(int index) {
        return weights.read(tensors.get(index).name());
    }

    /** The type that a tensor is written in to be as it was. */
    public DType type(int index) {
        return files.storedType(tensors.get(index).name());
    }

    /**
     * Writes a checkpoint like this one with other numbers: its config.json, tokenizer and companions, and each tensor when its turn
     * comes.
     *
     * @param directory exists; a caller that wants all or nothing gives one of {@link AtomicFiles#writeDirectory}
     * @param values gives the tensor of an index, of the same shape; called once for each, in the order of the file
     */
    public void writeLike(Path directory, SaveOptions options, IntFunction<Tensor> values) {
        Json.write(directory.resolve("config.json"), CheckpointWriter.config(config.source(), options));
        CheckpointTensorsWriter writer = new CheckpointTensorsWriter(options.shardBytes());
        for (int i = 0; i < tensors.size(); i++) {
            Entry entry = tensors.get(i);
            int index = i;
            DType type = options.type()
                    .map(chosen -> entry.isBuffer() ? DType.F32 : chosen)
                    .orElse(type(i));
            writer.add(entry.name(), type, entry.shape(), () -> values.apply(index));
        }
        writer.write(directory);
        files.contents().forEach((file, bytes) -> AtomicFiles.writeBytes(directory.resolve(file), bytes));
    }

    @Override
    public void close() {
        opened.close();
    }

    @Override
    public String toString() {
        return folder.toString();
    }
}
