// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.lora.Init;
import dev.jacobian.transformer.lora.LoraPlan;
import dev.jacobian.transformer.lora.LoraTarget;
import dev.jacobian.transformer.plan.TensorSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/** Where the tensors of an adapter come from. */
interface AdapterTensors {
    /** A narrow matrix; empty for none other than what the base model implies (magnitudes, biases, modules to save). */
    Optional<Tensor> get(TensorSpec spec);

    /** Random ones: each draws from a stream of its own. */
    static AdapterTensors fresh(LoraPlan plan, long seed) {
        Set<String> reading = new HashSet<>();
        Set<String> writing = new HashSet<>();
        Set<String> tables = new HashSet<>();
        for (LoraTarget target : plan.targets()) {
            boolean table = target.a().kind() == TensorSpec.Kind.TABLE;
            (table ? tables : reading).add(target.a().name());
            (table ? tables : writing).add(target.b().name());
        }
        List<String> names = plan.tensors().stream().map(TensorSpec::name).toList();
        Init init = plan.config().init();
        if (init == Init.OF_PEFT) {
            throw new FormatException(
                    "peft_config",
                    "'init_lora_weights' is " + plan.config().source().path("init_lora_weights")
                            + ", which is not supported for a new adapter",
                    "Use true, false or \"gaussian\", or begin with an adapter that PEFT has made");
        }
        return spec -> {
            Tensor value = Tensor.zeros(spec.shape());
            Rng rng = new Rng(seed, names.indexOf(spec.name()));
            if (tables.contains(spec.name())) { // PEFT's way round: A is zero, B is normal
                if (spec.kind() == TensorSpec.Kind.MATRIX) {
                    normal(value, rng, 1);
                }
            } else if (reading.contains(spec.name())) {
                if (init == Init.GAUSSIAN) {
                    normal(value, rng, 1.0 / value.extent(0));
                } else {
                    uniform(value, rng);
                }
            } else if (writing.contains(spec.name())) {
                if (init == Init.RANDOM_B) {
                    uniform(value, rng);
                }
            } else {
                return Optional.empty();
            }
            return Optional.of(value);
        };
    }

    private static void normal(Tensor value, Rng rng, double deviation) {
        for (int i = 0; i < value.elements(); i++) {
            value.floats()[i] = (float) (deviation * rng.nextGaussian());
        }
    }

    /** Within ±1/√columns. */
    private static void uniform(Tensor value, Rng rng) {
        double bound = 1 / Math.sqrt(value.extent(1));
        for (int i = 0; i < value.elements(); i++) {
            value.floats()[i] = (float) (bound * (2 * rng.nextDouble() - 1));
        }
    }

    /** Those of a folder, as far as they are not what the base model has: full copies of the embedding that PEFT saves beside an adapter of it. */
    final class Saved implements AdapterTensors, AutoCloseable {
        static final String FILE = "adapter_model.safetensors";

        private final SafetensorsFile file;
        private final Set<String> left;

        private Saved(SafetensorsFile file) {
            this.file = file;
            this.left = new TreeSet<>(file.names());
        }

        /**
         * Opens the file.
         *
         * @throws FormatException if it is missing or broken
         */
        static Saved open(Path folder) {
            Path path = folder.resolve(FILE);
            if (!Files.exists(path)) {
                throw new FormatException(
                        folder.toString(),
                        "there is no " + FILE,
                        Files.exists(folder.resolve("adapter_model.bin"))
                                ? "adapter_model.bin holds Python objects and is not read; save the adapter again with"
                                        + " safe_serialization=True"
                                : "An adapter's folder has " + FILE + " beside adapter_config.json");
            }
            return new Saved(SafetensorsFile.open(path));
        }

        @Override
        public Optional<Tensor> get(TensorSpec spec) {
            require(spec.layout().stored(), spec); // before anything of its size is made
            return Optional.of(StoredTensors.take(spec, file::readWeight));
        }

        private void require(String name, TensorSpec spec) {
            if (!file.contains(name)) {
                throw new FormatException(
                        file.path().toString(),
                        "there is no tensor '" + name + "'",
                        "adapter_config.json asks for it; use the one that belongs to the file, and the base model that"
                                + " it was made for");
            }
            List<Long> found = file.info(name).extents();
            List<Long> wanted =
                    spec.layout().extents(spec).stream().map(Long::valueOf).toList();
            if (!found.equals(wanted)) {
                throw new FormatException(
                        file.path().toString(),
                        "tensor '" + name + "' has shape " + found + ", adapter_config.json and the model make it "
                                + wanted,
                        "Use the adapter_config.json that belongs to the file, and the base model that it was made"
                                + " for");
            }
            left.remove(name);
        }

        /**
         * Holds a copy of a table of the base model against it; PEFT adds one to adapters of embeddings.
         *
         * @param base the number of the model, asked for only if there is a copy
         */
        void requireSame(TensorSpec spec, Function<TensorSpec, Tensor> base) {
            String stored = spec.layout().stored();
            for (String infix : List.of("", ".base_layer")) {
                String name = LoraPlan.PREFIX + stored.replaceFirst("\\.weight$", infix + ".weight");
                if (left.remove(name)
                        && !Arrays.equals(
                                file.readWeight(name).toFloatArray(),
                                base.apply(spec).toFloatArray())) {
                    throw new FormatException(
                            file.path().toString(),
                            "'" + name + "' differs from the base model's " + stored,
                            "The adapter was made with a changed vocabulary: give the base model that vocabulary, or"
                                    + " merge the adapter with PEFT");
                }
            }
        }

        /** Refuses tensors that nothing asked for. */
        void requireAllUsed() {
            if (!left.isEmpty()) {
                throw new FormatException(
                        file.path().toString(),
                        "there are " + left.size() + " tensors that adapter_config.json has no place for, such as '"
                                + left.iterator().next() + "'",
                        "Use the adapter_config.json that belongs to the file, and the base model that it was made"
                                + " for");
            }
        }

        @Override
        public void close() {
            file.close();
        }
    }
}
