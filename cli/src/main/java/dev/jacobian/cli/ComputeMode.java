// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** What {@code --compute} asks for. */
enum ComputeMode {
    /** F32 throughout. */
    F32,
    /** F32 in memory; matrix products may round their inputs to 10 bits after the first. */
    TF32,
    /** BF16 hidden states and inputs of matrix products. */
    BF16;

    /** The type that a model computes in. */
    DType type() {
        return this == BF16 ? DType.BF16 : DType.F32;
    }

    /** Makes the choice effective where it is not the model's. */
    void apply(Device device) {
        if (this == TF32) {
            if (device.equals(Device.CPU)) {
                throw new CliException("the CPU computes in F32; --compute tf32 needs a GPU (--device cuda)");
            }
            Backends.setTf32Allowed(true);
        }
    }

    /** Parses the option. */
    static final class Converter implements ITypeConverter<ComputeMode> {
        Converter() {}

        @Override
        public ComputeMode convert(String text) {
            return switch (text.toLowerCase(Locale.ROOT)) {
                case "f32" -> F32;
                case "tf32" -> TF32;
                case "bf16" -> BF16;
                default -> throw new TypeConversionException("unknown type '" + text + "'; use f32, tf32 or bf16");
            };
        }
    }
}
