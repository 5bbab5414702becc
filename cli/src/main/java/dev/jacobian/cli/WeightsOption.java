// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How to hold the weights of a model that is only read. */
final class WeightsOption {
    @Option(
            names = "--weights",
            paramLabel = "FORMAT",
            defaultValue = "f32",
            converter = Converter.class,
            description =
                    "How to hold the weights: f32, bf16, q8_0 or q4_0 (default: ${DEFAULT-VALUE}). Fewer bits take"
                        + " less memory and decode faster; bf16 changes nothing for a checkpoint stored as BF16, q8_0"
                        + " and q4_0 round to 8 and 4 bits.")
    private WeightFormat format;

    WeightFormat format() {
        return format;
    }

    /** Loads the checkpoint in a folder. */
    CausalLM load(Path folder, ModelOptions options) {
        return CausalLM.load(folder, options.weights(format));
    }

    /** Parses the option. */
    static final class Converter implements ITypeConverter<WeightFormat> {
        Converter() {}

        @Override
        public WeightFormat convert(String text) {
            try {
                return WeightFormat.parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
