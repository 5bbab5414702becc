// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.rl.config.ConfigBuilder;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Defaults;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.config.MemoryConfig;
import dev.jacobian.rl.config.OptimizationConfig;
import dev.jacobian.rl.config.SavingConfig;
import dev.jacobian.rl.config.Setting;

/** Settings of supervised fine-tuning; flat in JSON, with TRL's names, as those of {@link dev.jacobian.rl.RlConfig}. */
public record SftConfig(
        @Setting(value = "1000", doc = "optimizer steps") int maxSteps,
        @Setting(value = "64", doc = "examples per step") int batchSize,

        @Setting(value = "1024", doc = "longest example in tokens; a longer one is an error")
        int maxLength,

        @Setting(
                value = "false",
                doc = "of conversations learn only what the assistant says; the chat template must mark it with"
                        + " {% generation %}")
        boolean assistantOnlyLoss,

        @Defaults({"learning_rate=1e-3", "lr_scheduler_type=cosine", "warmup_steps=50"})
        OptimizationConfig optimization,

        MemoryConfig memory,

        @Defaults("save_steps=100") SavingConfig saving,

        @Setting(value = "10", doc = "steps between log lines")
        int loggingSteps,

        @Setting(value = "0", doc = "key of all random numbers")
        long seed) {
    /** All defaults. */
    public static final SftConfig DEFAULT = ConfigTree.defaults(SftConfig.class);

    public SftConfig {
        requireAtLeast("max_steps", 1, maxSteps);
        requireAtLeast("batch_size", 1, batchSize);
        requireAtLeast("max_length", 2, maxLength);
        requireAtLeast("logging_steps", 1, loggingSteps);
    }

    /** A builder that starts from the defaults. */
    public static Builder builder() {
        return new Builder(DEFAULT);
    }

    /** A builder that starts from this configuration. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /**
     * The settings in a {@code run.json}.
     *
     * @param run the whole file
     * @param file its name, for messages
     */
    public static SftConfig read(JsonNode run, String file) {
        if (!(run.path("config") instanceof ObjectNode config)) {
            throw new FormatException(file, "there is no configuration", "Name the folder of a fine-tuning run");
        }
        return DEFAULT.with(new Given().setAll(config, file));
    }

    /** All keys and values, in snake case. */
    public ObjectNode toJson() {
        return ConfigTree.toJson(this);
    }

    /**
     * These settings with some replaced.
     *
     * @throws FormatException for an unknown key, a value of the wrong type or one that is refused; with the value's origin
     */
    public SftConfig with(Given given) {
        return ConfigTree.with(this, given);
    }

    /** Builds an {@link SftConfig}. */
    public static final class Builder extends ConfigBuilder<Builder> {
        private final SftConfig base;

        private Builder(SftConfig base) {
            this.base = base;
        }

        /** Sets: examples per step. */
        public Builder batchSize(int value) {
            return set("batch_size", value);
        }

        /** Sets: longest example in tokens. */
        public Builder maxLength(int value) {
            return set("max_length", value);
        }

        /** Sets: whether only what the assistant says is learned of conversations. */
        public Builder assistantOnlyLoss(boolean value) {
            return set("assistant_only_loss", value);
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
        public SftConfig build() {
            try {
                return base.with(given());
            } catch (FormatException e) {
                throw new IllegalArgumentException(e.what() + ". " + e.fix(), e);
            }
        }
    }
}
