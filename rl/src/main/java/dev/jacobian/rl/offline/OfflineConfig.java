// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.rl.config.ConfigBuilder;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.config.MemoryConfig;
import dev.jacobian.rl.config.OptimizationConfig;
import dev.jacobian.rl.config.SavingConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.config.TrlKeys;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Everything that decides a run of an offline method: the method with its own settings, and the settings that all share. Flat in JSON,
 * with the names of TRL and of Hugging Face's trainer and what they mean there.
 */
public record OfflineConfig(
        OfflineMethod<?> method,

        @Setting(value = "-1", doc = "optimizer steps; -1 for what num_train_epochs makes")
        int maxSteps,

        @Setting(value = "3.0", doc = "passes through the data")
        double numTrainEpochs,

        @Setting(value = "8", doc = "examples of a micro-batch; batch_size is another name for it")
        int perDeviceTrainBatchSize,

        @Setting(value = "1", doc = "micro-batches of an optimizer step")
        int gradientAccumulationSteps,

        @Setting(value = "random", doc = "order of the data; continuous lets steps cross the end of a pass")
        SamplingStrategy trainSamplingStrategy,

        @Setting(value = "1024", doc = "longest sequence in tokens; null for no limit but the model's")
        OptionalInt maxLength,

        @Setting(value = "keep_start", doc = "what becomes of a longer one")
        TruncationMode truncationMode,

        @Setting(value = "", doc = "end token of a text, if not the model's own")
        String eosToken,

        OptimizationConfig optimization,
        MemoryConfig memory,
        SavingConfig saving,

        @Setting(value = "1", doc = "steps between log lines; each is of its own step")
        int loggingSteps,

        @Setting(value = "0", doc = "key of all random numbers")
        long seed) {
    /** Steps of a run on data without end that is not told how long it is. */
    private static final int ENDLESS_STEPS = 1000;

    private static final String MAX_STEPS = "max_steps";
    private static final String EPOCHS = "num_train_epochs";
    private static final String MICRO_BATCH = "per_device_train_batch_size";

    /** Other names of keys, which earlier versions had. */
    private static final Map<String, String> OTHER_NAMES = Map.of("batch_size", MICRO_BATCH);

    public OfflineConfig {
        require(maxSteps == -1 || maxSteps >= 1, "max_steps must be at least 1, or -1, got " + maxSteps);
        requirePositive(EPOCHS, numTrainEpochs);
        requireAtLeast(MICRO_BATCH, 1, perDeviceTrainBatchSize);
        requireAtLeast("gradient_accumulation_steps", 1, gradientAccumulationSteps);
        require(maxLength.orElse(2) >= 2, "max_length must be at least 2, got " + maxLength.orElse(0));
        requireAtLeast("logging_steps", 1, loggingSteps);
        require(
                truncationMode != TruncationMode.KEEP_END || !(method instanceof JudgedMethod),
                "truncation_mode=keep_end is of demonstrations and pairs; completions that were liked or not are"
                    + " compared behind other prompts, and these keep their beginning (truncation_mode=keep_start)");
    }

    /** A method's defaults. */
    public static OfflineConfig of(OfflineMethod<?> method) {
        Given given = new Given();
        method.defaults().forEach((key, value) -> given.set(key, value, "the defaults of " + method.name()));
        return ConfigTree.with(ConfigTree.defaults(OfflineConfig.class, (Record) method), given);
    }

    /** A builder that starts from a method's defaults. */
    public static Builder builder(OfflineMethod<?> method) {
        return new Builder(of(method));
    }

    /** A builder that starts from this configuration. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /** All keys and values, in snake case. */
    public ObjectNode toJson() {
        return ConfigTree.toJson(this);
    }

    /**
     * The settings in a {@code run.json}, of this version or of an earlier one.
     *
     * @param run the whole file
     * @param file its name, for messages
     */
    public static OfflineConfig read(JsonNode run, String file) {
        if (!(run.path("config") instanceof ObjectNode saved)) {
            throw new FormatException(file, "there is no configuration", "Name the folder of a training run");
        }
        OfflineMethod<?> method = OfflineMethods.find(run.path("algorithm").asText())
                .orElseThrow(() -> new FormatException(
                        file,
                        "'algorithm' is " + run.path("algorithm"),
                        "Name the folder of a run of " + OfflineMethods.names()));
        ObjectNode config = saved.deepCopy();
        if (config.has("batch_size")) { // before there were passes
            config.put("train_sampling_strategy", "continuous");
            config.put("truncation_mode", "error");
        }
        return of(method).with(new Given().setAll(config, file));
    }

    /**
     * These settings with some replaced. Whoever names a number of passes need not take back a number of steps.
     *
     * @param everything settings, and keys of TRL's that are none here ({@link TrlKeys})
     * @throws FormatException for an unknown key, one that the method has not, a value of the wrong type or one that is refused;
     *     with the value's origin
     */
    public OfflineConfig with(Given everything) {
        Given given = TrlKeys.sort(everything, names()).settings();
        Given all = new Given();
        List<ConfigTree.Key> keys = ConfigTree.keys(this);
        for (String name : given.keys()) {
            Given.Value value = given.get(name).orElseThrow();
            String key = isPartOfRun(name, value) ? "warmup_ratio" : OTHER_NAMES.getOrDefault(name, name);
            boolean isDefault = value.json().isNull()
                    && keys.stream().anyMatch(known -> known.name().equals(key) && !known.isNullable());
            if (!isDefault) {
                all.set(key, value);
            }
        }
        if (all.get(EPOCHS).isPresent() && all.get(MAX_STEPS).isEmpty()) {
            all.set(MAX_STEPS, -1, all.get(EPOCHS).orElseThrow().origin());
        }
        for (String key : all.keys()) {
            List<String> owners = OfflineMethods.having(key);
            if (keys.stream().noneMatch(known -> known.name().equals(key)) && !owners.isEmpty()) {
                throw new FormatException(
                        all.get(key).orElseThrow().origin(),
                        "the method " + method.name() + " has no setting '" + key + "'; methods that have it: "
                                + String.join(", ", owners),
                        "Leave it out, or use one of them");
            }
        }
        return ConfigTree.with(this, all);
    }

    /** Which of the keys that are given mean nothing here, with the reason ({@link TrlKeys}), each in a sentence. */
    public List<String> passedOver(Given given) {
        return TrlKeys.sort(given, names()).notes();
    }

    private List<String> names() {
        return ConfigTree.names(this);
    }

    /** As in transformers {@code warmup_steps} below 1 is a part of the run. */
    private static boolean isPartOfRun(String key, Given.Value value) {
        return key.equals("warmup_steps")
                && value.json().isFloatingPointNumber()
                && value.json().doubleValue() > 0
                && value.json().doubleValue() < 1;
    }

    BatchPlan batches(int rows) {
        return new BatchPlan(rows, perDeviceTrainBatchSize, gradientAccumulationSteps, trainSamplingStrategy, seed);
    }

    /** Optimizer steps of a run on so many examples; 0 for data without end. */
    int steps(int rows) {
        if (maxSteps > 0) {
            return maxSteps;
        }
        return rows == 0 ? ENDLESS_STEPS : Math.max(1, batches(rows).steps(numTrainEpochs));
    }

    /** Builds an {@link OfflineConfig}. */
    public static final class Builder extends ConfigBuilder<Builder> {
        private final OfflineConfig base;

        private Builder(OfflineConfig base) {
            this.base = base;
        }

        /** Sets: passes through the data. */
        public Builder numTrainEpochs(double value) {
            return set(EPOCHS, value);
        }

        /** Sets: examples of a micro-batch. */
        public Builder perDeviceTrainBatchSize(int value) {
            return set(MICRO_BATCH, value);
        }

        /** Sets: micro-batches of an optimizer step. */
        public Builder gradientAccumulationSteps(int value) {
            return set("gradient_accumulation_steps", value);
        }

        /** Sets: order of the data. */
        public Builder trainSamplingStrategy(SamplingStrategy value) {
            return set("train_sampling_strategy", value);
        }

        /** Sets: longest sequence in tokens. */
        public Builder maxLength(int value) {
            return set("max_length", value);
        }

        /** Sets: what becomes of a longer one. */
        public Builder truncationMode(TruncationMode value) {
            return set("truncation_mode", value);
        }

        /** Sets: end token of a text. */
        public Builder eosToken(String value) {
            return set("eos_token", value);
        }

        /** Sets: steps between log lines. */
        public Builder loggingSteps(int value) {
            return set("logging_steps", value);
        }

        /**
         * The configuration.
         *
         * @throws IllegalArgumentException for a value that is refused
         */
        public OfflineConfig build() {
            try {
                return base.with(given());
            } catch (FormatException e) {
                throw new IllegalArgumentException(e.what() + ". " + e.fix(), e);
            }
        }
    }
}
