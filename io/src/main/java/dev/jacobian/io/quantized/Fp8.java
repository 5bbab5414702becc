// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.quantized;

import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.io.safetensors.SafetensorsException;
import dev.jacobian.io.safetensors.StoredType;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Weights of 8 bits, E4M3 without infinities (OCP 8-bit Floating Point 1.0), and factors for blocks of them, as DeepSeek-V3 and
 * Qwen's FP8 checkpoints have them: beside {@code X.weight} [outputs, inputs] stands {@code X.weight_scale_inv}, which in spite of
 * its name is what each number is multiplied with. One for each block of {@code rows} by {@code columns} (the last ones of a
 * side may be smaller), for each row, or for all.
 *
 * <p>Only weights are decoded. That such checkpoints are also meant to be computed with activations rounded to 8 bits is not
 * followed: transformers does not either where the GPU lacks it.
 *
 * @param rows of a block
 * @param columns of a block
 */
public record Fp8(int rows, int columns) implements Quantization {
    private static final String WEIGHT = ".weight";
    private static final List<String> SCALES = List.of("_scale_inv", "_scale");
    private static final float[] VALUES = values();

    /** The number of each byte: a sign, four bits of exponent with a bias of 7, three of mantissa; all ones are NaN. */
    private static float[] values() {
        float[] values = new float[256];
        for (int bits = 0; bits < values.length; bits++) {
            int exponent = bits >> 3 & 0xF;
            int mantissa = bits & 7;
            float magnitude = exponent == 0 ? Math.scalb(mantissa, -9) : Math.scalb(8 + mantissa, exponent - 10);
            values[bits] = (bits & 0x7F) == 0x7F ? Float.NaN : (bits & 0x80) == 0 ? magnitude : -magnitude;
        }
        return values;
    }

    @Override
    public Map<String, CodedTensor> find(CheckpointTensors tensors) {
        Map<String, CodedTensor> found = new LinkedHashMap<>();
        for (String name : tensors.names()) {
            if (name.endsWith(WEIGHT) && tensors.info(name).type() == StoredType.F8_E4M3) {
                String scale = SCALES.stream()
                        .map(suffix -> name + suffix)
                        .filter(tensors::contains)
                        .findFirst()
                        .orElseThrow(() -> new SafetensorsException(
                                where(tensors, name),
                                "its numbers have 8 bits, and there is no '" + name + SCALES.getFirst() + "'",
                                "Fetch the checkpoint again, all of its files"));
                List<Long> extents = tensors.info(name).extents();
                found.put(name, new CodedTensor(List.of(name, scale), extents, () -> decode(tensors, name, scale)));
            }
        }
        return found;
    }

    private static String where(CheckpointTensors tensors, String name) {
        return tensors.file(name) + ", tensor '" + name + "'";
    }

    private Tensor decode(CheckpointTensors tensors, String name, String scaleName) {
        List<Long> extents = tensors.info(name).extents();
        List<Long> scaleExtents = tensors.info(scaleName).extents();
        String where = where(tensors, name);
        if (extents.size() != 2) {
            throw new SafetensorsException(where, "8-bit weights of shape " + extents, "A matrix was expected");
        }
        int outputs = Math.toIntExact(extents.getFirst());
        int inputs = Math.toIntExact(extents.getLast());
        Blocks blocks = blocks(outputs, inputs, scaleExtents, where);
        float[] scales = Quantization.numbers(tensors, scaleName);
        byte[] bytes = tensors.readBytes(name);
        Tensor out = Tensor.zeros(outputs, inputs);
        float[] numbers = out.floats();
        ComputePool.run(outputs, row -> {
            int first = row * inputs;
            int scaleRow = row / blocks.rows * blocks.across;
            for (int i = 0; i < inputs; i++) {
                numbers[first + i] = VALUES[bytes[first + i] & 0xFF] * scales[scaleRow + i / blocks.columns];
            }
        });
        for (int i = 0; i < numbers.length; i++) {
            if (!Float.isFinite(numbers[i])) {
                throw new SafetensorsException(
                        where + ", element " + i,
                        "the weight is " + numbers[i],
                        "The checkpoint is broken: fetch it again");
            }
        }
        return out;
    }

    /** @param across scales in a row of blocks */
    private record Blocks(int rows, int columns, int across) {}

    private Blocks blocks(int outputs, int inputs, List<Long> scales, String where) {
        int across = Math.ceilDiv(inputs, columns);
        if (scales.equals(Quantization.extents(Math.ceilDiv(outputs, rows), across))) {
            return new Blocks(rows, columns, across);
        }
        if (scales.equals(Quantization.extents(outputs)) || scales.equals(Quantization.extents(outputs, 1))) {
            return new Blocks(1, Math.max(1, inputs), 1);
        }
        if (scales.isEmpty() || scales.equals(Quantization.extents(1))) {
            return new Blocks(Math.max(1, outputs), Math.max(1, inputs), 1);
        }
        throw new SafetensorsException(
                where,
                "factors of shape " + scales + " do not fit a matrix [" + outputs + ", " + inputs + "] in blocks of "
                        + rows + " x " + columns,
                "Use the config.json that belongs to the weights");
    }
}
