// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.lora;

import java.nio.file.Path;

/**
 * Where a model gets an adapter from.
 *
 * <pre>{@code
 * CausalLM.load(folder, options, new AdapterSource.Saved(adapter));
 * CausalLM.load(folder, options, new AdapterSource.Fresh(LoraConfigReader.parse(json, "peft_config"), 42));
 * }</pre>
 */
public sealed interface AdapterSource {
    /** What a folder says an adapter is. */
    LoraConfig config();

    /** Where that stands, for messages. */
    String where();

    /** A seed of what is drawn: fresh weights, and dropout in training. */
    long seed();

    /**
     * The same with another seed.
     */
    AdapterSource seed(long seed);

    /** An adapter as PEFT saves it: adapter_config.json and adapter_model.safetensors. */
    record Saved(Path folder, LoraConfig config, long seed) implements AdapterSource {
        /**
         * Reads the configuration.
         *
         * @throws dev.jacobian.io.FormatException if it is missing or broken, or asks for what is not computed here
         */
        public Saved(Path folder) {
            this(folder, LoraConfigReader.read(folder), 0);
        }

        @Override
        public String where() {
            return folder.resolve(LoraConfigReader.FILE).toString();
        }

        @Override
        public Saved seed(long other) {
            return new Saved(folder, config, other);
        }
    }

    /** A new adapter. */
    record Fresh(LoraConfig config, long seed) implements AdapterSource {
        @Override
        public String where() {
            return "peft_config";
        }

        @Override
        public Fresh seed(long other) {
            return new Fresh(config, other);
        }
    }
}
