// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.tensor.KvCacheType;
import dev.jacobian.transformer.ModelOptions;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How to hold the keys and values of a model that generates. */
final class KvCacheOption {
    @Option(
            names = "--kv-cache-type",
            paramLabel = "TYPE",
            defaultValue = "auto",
            converter = Converter.class,
            description =
                    "How to hold keys and values: auto (as the model computes), f32, or q8_0, which takes 9 bits for a"
                            + " number instead of 32, rounds to 8 bits and is for the CPU (default: ${DEFAULT-VALUE}).")
    private KvCacheType type;

    /** The same options with that type. */
    ModelOptions in(ModelOptions options) {
        return options.kvCache(type);
    }

    /** Parses the option. */
    static final class Converter implements ITypeConverter<KvCacheType> {
        Converter() {}

        @Override
        public KvCacheType convert(String text) {
            try {
                return KvCacheType.parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
