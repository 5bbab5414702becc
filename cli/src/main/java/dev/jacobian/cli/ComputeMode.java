// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.tensor.DType;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
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

    /** As it is written on the command line and in run.json. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The mode of a label, whatever its case; empty if there is none. */
    static Optional<ComputeMode> of(String label) {
        return Arrays.stream(values())
                .filter(mode -> mode.label().equals(label.toLowerCase(Locale.ROOT)))
                .findFirst();
    }

    /** Parses the option. */
    static final class Converter implements ITypeConverter<ComputeMode> {
        Converter() {}

        @Override
        public ComputeMode convert(String text) {
            return of(text).orElseThrow(
                            () -> new TypeConversionException("unknown type '" + text + "'; use f32, tf32 or bf16"));
        }
    }
}
