// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.merge;

import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.NonFinite;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.HalfFloats;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.OpenCheckpoint;
import dev.jacobian.transformer.SaveOptions;
import dev.jacobian.transformer.plan.TensorSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Makes one model of several, tensor by tensor.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>In memory are the numbers of one tensor of each model, never a model.
 *   <li>Everything that can be wrong is found before the first byte is written: models that are not alike, a parameter that a tensor lacks, a
 *       weight that is NaN. For the last all weights are read once more, which takes less time than merging does.
 *   <li>The folder appears when it is whole. It has the configuration, tokenizer and names of the base or, without one, of the first model.
 *   <li>DARE draws by a counter-based generator keyed by seed, tensor, model and element, so a merge comes back bit for bit; other seeds of
 *       other programs give other masks.
 * </ul>
 */
public final class ModelMerge implements AutoCloseable {
    /** What was merged, beside the result, as mergekit names it. */
    public static final String CONFIGURATION = "mergekit_config.yml";

    private static final int DROPS = 0x44415245; // "DARE": apart from all other random numbers of a seed

    private final MergeConfig config;
    private final long seed;
    private final List<OpenCheckpoint> models;
    private final OpenCheckpoint pattern;
    private final List<String> remarks;

    private ModelMerge(MergeConfig config, long seed, List<OpenCheckpoint> models) {
        this.config = config;
        this.seed = seed;
        this.models = models;
        this.pattern = models.get(config.models().indexOf(config.pattern()));
        List<String> told = new ArrayList<>();
        for (OpenCheckpoint model : models) {
            if (model != pattern) {
                told.addAll(Likeness.require(pattern, model));
            }
        }
        this.remarks = List.copyOf(told);
        for (int index = 0; index < pattern.tensors().size(); index++) {
            config.method().check(new One(index));
        }
    }

    /**
     * Opens the models and finds out whether they can be merged, without reading a weight.
     *
     * @param seed of what is random in DARE
     * @throws dev.jacobian.io.FormatException if a model is broken, or is not like the others
     * @throws IllegalArgumentException if a parameter is missing for a tensor or out of range
     */
    public static ModelMerge open(MergeConfig config, long seed) {
        List<OpenCheckpoint> models = new ArrayList<>();
        try {
            for (MergeConfig.Model model : config.models()) {
                models.add(OpenCheckpoint.open(model.folder()));
            }
            return new ModelMerge(config, seed, List.copyOf(models));
        } catch (RuntimeException | Error e) {
            models.forEach(OpenCheckpoint::close);
            throw e;
        }
    }

    /** What differs between the models and does no harm, in words. */
    public List<String> remarks() {
        return remarks;
    }

    /** Number of tensors. */
    public int tensors() {
        return pattern.tensors().size();
    }

    /** Number of parameters of the result. */
    public long parameters() {
        return pattern.config().parameters();
    }

    /** Reads every weight of every model once, and refuses what is NaN, infinite, or becomes so in the type to merge in. */
    private void requireFinite() {
        for (int index = 0; index < pattern.tensors().size(); index++) {
            for (MergedTensor.Source model : new One(index).models()) {
                var unused = model.read();
            }
        }
    }

    /**
     * Writes the merged model.
     *
     * @param folder replaced when the new one is whole
     * @throws dev.jacobian.io.FormatException if a weight is NaN or infinite
     * @throws IllegalArgumentException if a merged weight is beyond the type that it is stored in
     */
    public void write(Path folder) {
        write(folder, SaveOptions.DEFAULT_SHARD_BYTES);
    }

    /** The same in files of another size. */
    public void write(Path folder, long shardBytes) {
        requireFinite();
        Optional<DType> stored = config.outDtype().or(config::dtype);
        AtomicFiles.writeDirectory(folder, directory -> {
            pattern.writeLike(directory, new SaveOptions(stored, shardBytes), this::merged);
            AtomicFiles.writeString(directory.resolve(CONFIGURATION), "# seed " + seed + "\n" + MergeFile.text(config));
        });
    }

    private Tensor merged(int index) {
        OpenCheckpoint.Entry entry = pattern.tensors().get(index);
        float[] numbers = config.method().merge(new One(index));
        int bad = NonFinite.first(numbers, 0, numbers.length);
        if (bad < numbers.length) {
            throw new IllegalArgumentException("element " + bad + " of tensor '" + entry.name() + "' becomes "
                    + numbers[bad] + " when the models are merged; take smaller weights");
        }
        return Tensor.of(
                numbers, entry.extents().stream().mapToInt(Integer::intValue).toArray());
    }

    @Override
    public void close() {
        models.forEach(OpenCheckpoint::close);
    }

    /** One tensor, as its method sees it. */
    private final class One implements MergedTensor {
        private final int index;
        private final OpenCheckpoint.Entry entry;
        private final double depth;

        One(int index) {
            this.index = index;
            this.entry = pattern.tensors().get(index);
            int last = pattern.config().layers() - 1;
            this.depth = entry.layer() == TensorSpec.NO_LAYER || last < 1 ? 0 : (double) entry.layer() / last;
        }

        @Override
        public String name() {
            return entry.name();
        }

        @Override
        public int elements() {
            return entry.shape().elements();
        }

        @Override
        public List<Source> models() {
            List<Source> sources = new ArrayList<>();
            for (int place = 0; place < models.size(); place++) {
                sources.add(new Share(this, place));
            }
            return sources;
        }

        @Override
        public double parameter(String name, double otherwise) {
            return config.parameter(name, entry.name(), depth).orElse(otherwise);
        }

        @Override
        public double parameter(String name) {
            return required(config.parameter(name, entry.name(), depth), name, "");
        }

        @Override
        public float uniform(int model, int element) {
            return Rng.uniform(seed, element, index, model, DROPS);
        }

        private double required(OptionalDouble value, String name, String of) {
            return value.orElseThrow(
                    () -> new IllegalArgumentException(config.method().name() + " needs a " + name + of
                            + " for tensor '" + entry.name() + "'; give it as a parameter of the model or of all"));
        }
    }

    /** One model's share of one tensor. */
    private final class Share implements MergedTensor.Source {
        private final One tensor;
        private final int place;
        private final MergeConfig.Model model;

        Share(One tensor, int place) {
            this.tensor = tensor;
            this.place = place;
            this.model = config.models().get(place);
        }

        @Override
        public int place() {
            return place;
        }

        @Override
        public boolean isBase() {
            return config.isBase(model);
        }

        @Override
        public float[] read() {
            float[] numbers = models.get(place).read(tensor.index).floats();
            config.dtype().filter(type -> type != DType.F32).ifPresent(type -> {
                round(type, numbers);
                int bad = NonFinite.first(numbers, 0, numbers.length);
                if (bad < numbers.length) {
                    throw new IllegalArgumentException("element " + bad + " of tensor '" + tensor.name() + "' of "
                            + model.folder() + " is beyond " + type + "; merge in bfloat16 or float32 (dtype)");
                }
            });
            return numbers;
        }

        @Override
        public double parameter(String name, double otherwise) {
            return config.parameter(model, name, tensor.name(), tensor.depth).orElse(otherwise);
        }

        @Override
        public double parameter(String name) {
            return tensor.required(
                    config.parameter(model, name, tensor.name(), tensor.depth), name, " of " + model.folder());
        }
    }

    /** Rounds numbers to what a narrower type can hold. */
    private static void round(DType type, float[] numbers) {
        short[] bits = new short[numbers.length];
        HalfFloats.narrow(type, numbers, 0, bits, 0, numbers.length);
        HalfFloats.widen(type, bits, 0, numbers, 0, numbers.length);
    }
}
