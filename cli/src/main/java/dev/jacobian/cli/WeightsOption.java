// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.WeightFormats;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraConfig;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How to hold the weights of a model that is only read, and an adapter to read it with. */
final class WeightsOption {
    @Option(
            names = "--weights",
            paramLabel = "FORMAT",
            defaultValue = "f32",
            converter = Converter.class,
            description =
                    "How to hold the weights: f32, bf16, q8_0, q4_0 or as-stored (default: ${DEFAULT-VALUE}). Fewer"
                        + " bits take less memory and decode faster; bf16 changes nothing for a checkpoint stored as"
                        + " BF16, q8_0 and q4_0 round to 8 and 4 bits; as-stored rounds nothing: matrices in BF16, and"
                        + " those of a GGUF file in Q8_0, Q4_0, Q4_K and Q6_K, stay as they are, all others become"
                        + " F32.")
    private WeightFormats formats;

    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description = "Use the model with this adapter: a folder with PEFT's adapter_config.json and"
                    + " adapter_model.safetensors.")
    private Optional<Path> adapter = Optional.empty();

    /** Whether the model has an adapter. */
    boolean hasAdapter() {
        return adapter.isPresent();
    }

    WeightFormats formats() {
        return formats;
    }

    /** Loads the checkpoint in a folder. */
    CausalLM load(Path folder, ModelOptions options) {
        return adapter.map(LoraOption::existing)
                .map(path -> CausalLM.load(folder, options.weights(formats), new AdapterSource.Saved(path)))
                .orElseGet(() -> CausalLM.load(folder, options.weights(formats)));
    }

    /** Loads the checkpoint in a folder as a base that adapters can be trained on; it has one that changes nothing. */
    CausalLM loadBase(Path folder, ModelOptions options) {
        AdapterSource none = new AdapterSource.Fresh(LoraConfig.allLinear(1, 1), 0);
        return CausalLM.load(folder, options.weights(formats), none);
    }

    /** Parses the option. */
    static final class Converter implements ITypeConverter<WeightFormats> {
        Converter() {}

        @Override
        public WeightFormats convert(String text) {
            try {
                return WeightFormats.parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
