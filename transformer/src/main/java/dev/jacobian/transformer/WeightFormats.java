// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.plan.TensorSpec;
import java.util.Locale;
import java.util.Map;

/** How the matrices of a model are held: all in one format, or each as its file has it. */
public sealed interface WeightFormats {
    /** All in one. */
    record All(WeightFormat format) implements WeightFormats {
        @Override
        public WeightFormat of(TensorSpec spec) {
            return format;
        }

        @Override
        public String label() {
            return format.label();
        }

        @Override
        public String toString() {
            return format.toString();
        }
    }

    /**
     * Each as it is stored, without rounding a number: blocks of a GGUF file in the formats that {@link WeightFormat} has, BF16 as that, and
     * whatever else as F32.
     *
     * @param formats those that are not F32, by the name of the tensor; empty until a file has been opened
     */
    record AsStored(Map<String, WeightFormat> formats) implements WeightFormats {
        public AsStored {
            formats = Map.copyOf(formats);
        }

        @Override
        public WeightFormat of(TensorSpec spec) {
            return formats.getOrDefault(spec.name(), WeightFormat.F32);
        }

        @Override
        public String label() {
            return AS_STORED_LABEL;
        }

        @Override
        public String toString() {
            return AS_STORED_LABEL;
        }
    }

    /** How {@link AsStored} is spelled. */
    String AS_STORED_LABEL = "as-stored";

    /** In F32, as weights are that can be trained. */
    WeightFormats F32 = new All(WeightFormat.F32);

    /** What a file is loaded with that is to keep its own. */
    WeightFormats AS_STORED = new AsStored(Map.of());

    /** The format of a matrix. */
    WeightFormat of(TensorSpec spec);

    /** As options spell it. */
    String label();

    /** Whether all are F32, and so can be trained. */
    default boolean areTrainable() {
        return equals(F32);
    }

    /**
     * What a name means, in upper or lower case.
     *
     * @throws IllegalArgumentException naming all that there are
     */
    static WeightFormats parse(String name) {
        if (name.toLowerCase(Locale.ROOT).equals(AS_STORED_LABEL)) {
            return AS_STORED;
        }
        try {
            return new All(WeightFormat.parse(name));
        } catch (IllegalArgumentException unknown) {
            throw new IllegalArgumentException(unknown.getMessage() + ", or " + AS_STORED_LABEL, unknown);
        }
    }
}
