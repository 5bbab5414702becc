// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.quantized;

import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.io.safetensors.SafetensorsException;
import dev.jacobian.io.safetensors.StoredType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What GPTQ and AWQ have in common: a linear layer X is there as {@code X.qweight}, {@code X.qzeros} and {@code X.scales} instead of
 * {@code X.weight} [outputs, inputs].
 */
final class PackedLayers {
    static final String WEIGHTS = ".qweight";
    static final String ZEROS = ".qzeros";
    static final String SCALES = ".scales";
    static final String GROUPS = ".g_idx";

    private static final String ADVICE = "Fetch the checkpoint again, or use the one that it was made from";

    /** Makes the tensor of a layer out of the shapes of its parts. */
    @FunctionalInterface
    interface Decoder {
        CodedTensor of(String layer, List<String> parts);
    }

    private PackedLayers() {}

    /** The layers of a checkpoint, by the name of the weight that each stands for. */
    static Map<String, CodedTensor> find(CheckpointTensors tensors, Decoder decoder) {
        Map<String, CodedTensor> found = new LinkedHashMap<>();
        for (String name : tensors.names()) {
            if (name.endsWith(WEIGHTS)) {
                String layer = name.substring(0, name.length() - WEIGHTS.length());
                List<String> parts = new ArrayList<>(List.of(name));
                for (String suffix : List.of(ZEROS, SCALES)) {
                    if (!tensors.contains(layer + suffix)) {
                        throw wrong(tensors, layer, "there is no '" + layer + suffix + "' beside '" + name + "'");
                    }
                    parts.add(layer + suffix);
                }
                if (tensors.contains(layer + GROUPS)) {
                    parts.add(layer + GROUPS);
                }
                found.put(layer + ".weight", decoder.of(layer, parts));
            }
        }
        return found;
    }

    /** The extents of a part that must be a matrix. */
    static long[] matrix(CheckpointTensors tensors, String layer, String suffix) {
        List<Long> extents = tensors.info(layer + suffix).extents();
        if (extents.size() != 2) {
            throw wrong(tensors, layer, "'" + layer + suffix + "' has shape " + extents + ", not that of a matrix");
        }
        return new long[] {extents.getFirst(), extents.getLast()};
    }

    /** Refuses a part of another shape than the others ask for. */
    static void require(CheckpointTensors tensors, String layer, String suffix, long... wanted) {
        List<Long> found = tensors.info(layer + suffix).extents();
        if (!found.equals(Quantization.extents(wanted))) {
            throw wrong(
                    tensors,
                    layer,
                    "'" + layer + suffix + "' has shape " + found + ", the other parts make it "
                            + Quantization.extents(wanted));
        }
    }

    /** The 32-bit words of a part. */
    static int[] words(CheckpointTensors tensors, String layer, String suffix) {
        StoredType type = tensors.info(layer + suffix).type();
        if (type != StoredType.I32) {
            throw wrong(tensors, layer, "'" + layer + suffix + "' is of type " + type + ", not of words of 32 bits");
        }
        return tensors.readStored(layer + suffix).ints();
    }

    /** The scales; none times any of so many steps may leave F32. */
    static float[] scales(CheckpointTensors tensors, String layer, int steps) {
        float[] scales = Quantization.numbers(tensors, layer + SCALES);
        for (int i = 0; i < scales.length; i++) {
            if (Float.isInfinite(scales[i] * steps)) {
                throw wrong(
                        tensors,
                        layer,
                        "'" + layer + SCALES + "', element " + i + ", is " + scales[i] + ": weights would be infinite");
            }
        }
        return scales;
    }

    static SafetensorsException wrong(CheckpointTensors tensors, String layer, String what) {
        return new SafetensorsException(tensors.file(layer + WEIGHTS) + ", layer '" + layer + "'", what, ADVICE);
    }
}
