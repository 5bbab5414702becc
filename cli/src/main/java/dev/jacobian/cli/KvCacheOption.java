// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.KvCacheType;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import java.util.OptionalLong;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** How to hold the keys and values of a model that generates, and how many. */
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

    @Option(
            names = "--kv-cache-gb",
            paramLabel = "GIB",
            converter = Gibibytes.class,
            description =
                    "Memory for keys and values of all sequences; who finds none waits, or is set aside and computed"
                            + " again (default: what the memory plan leaves).")
    private OptionalLong bytes = OptionalLong.empty();

    @Option(
            names = "--kv-swap-gb",
            paramLabel = "GIB",
            converter = Gibibytes.class,
            description =
                    "Memory beside --kv-cache-gb for copies of what sequences have there that are set aside, which then"
                            + " need not be computed again; on the CPU (default: none).")
    private OptionalLong swapBytes = OptionalLong.empty();

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    /** Whether a limit of memory was given. */
    boolean isLimited() {
        return bytes.isPresent();
    }

    /** Gives a model that was loaded its limit. */
    CausalLM limit(CausalLM model) {
        if (swapBytes.isPresent() && (bytes.isEmpty() || !model.device().equals(Device.CPU))) {
            throw new ParameterException(
                    command.commandLine(),
                    bytes.isEmpty()
                            ? "--kv-swap-gb is memory beside --kv-cache-gb, which by default takes all that there is;"
                                    + " give that too"
                            : "--kv-swap-gb is for the CPU; leave it out on " + model.device());
        }
        model.kvSwapBytes(swapBytes.orElse(0));
        return bytes.isPresent() ? model.kvCacheBytes(bytes) : model;
    }

    /** The same options with that type. */
    ModelOptions in(ModelOptions options) {
        return options.kvCache(type);
    }

    /** Parses a number of GiB. */
    static final class Gibibytes implements ITypeConverter<OptionalLong> {
        Gibibytes() {}

        @Override
        public OptionalLong convert(String text) {
            double gibibytes;
            try {
                gibibytes = Double.parseDouble(text);
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + text + "' is no number of GiB");
            }
            if (!(gibibytes > 0) || !Double.isFinite(gibibytes)) {
                throw new TypeConversionException(
                        text + " is no memory in GiB: it must be positive; leave the option out for the default");
            }
            return OptionalLong.of(Math.max(1, (long) (gibibytes * (1L << 30))));
        }
    }

    /** Parses the type. */
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
