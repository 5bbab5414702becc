// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.quantized;

import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.io.safetensors.SafetensorsException;
import dev.jacobian.io.safetensors.StoredType;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Weights of 4 bits with a power of two for each 32 of a row (OCP Microscaling Formats 1.0), as gpt-oss checkpoints have them: a
 * tensor {@code NAME} [..., outputs, inputs] is stored as {@code NAME_blocks} [..., outputs, inputs / 32, 16], bytes of two
 * numbers, the first in the low half, and {@code NAME_scales} [..., outputs, inputs / 32], exponents with a bias of 127.
 *
 * <p>The tensor that transformers makes of them has the last two dimensions exchanged, [..., inputs, outputs], and so it has here.
 *
 * <p>Every number of the format below 2^128 is one of F32, subnormal ones included, so that nothing is rounded; a checkpoint with
 * larger ones is refused.
 */
public record Mxfp4() implements Quantization {
    static final String BLOCKS = "_blocks";
    static final String SCALES = "_scales";

    /** Numbers that share a scale. */
    private static final int BLOCK = 32;

    /** Of E2M1: a sign, two bits of exponent, one of mantissa. */
    private static final float[] VALUES = {
        0f, 0.5f, 1f, 1.5f, 2f, 3f, 4f, 6f, -0f, -0.5f, -1f, -1.5f, -2f, -3f, -4f, -6f
    };

    private static final int SCALE_BIAS = 127;
    private static final int SCALE_NAN = 255;

    /** The largest scale at which every number is below 2^128. */
    private static final int LARGEST_FINITE = 252;

    @Override
    public Map<String, CodedTensor> find(CheckpointTensors tensors) {
        Map<String, CodedTensor> found = new LinkedHashMap<>();
        for (String blocks : tensors.names()) {
            String name = blocks.endsWith(BLOCKS) ? blocks.substring(0, blocks.length() - BLOCKS.length()) : "";
            String scales = name + SCALES;
            if (!name.isEmpty() && tensors.info(blocks).type() == StoredType.U8 && tensors.contains(scales)) {
                List<Long> extents = new ArrayList<>(tensors.info(scales).extents());
                if (extents.size() < 2) {
                    continue; // no blocks of a matrix's rows
                }
                long inputs = extents.removeLast() * BLOCK;
                extents.add(extents.size() - 1, inputs);
                found.put(name, new CodedTensor(List.of(blocks, scales), extents, () -> {
                    String where = tensors.file(blocks) + ", tensor '" + name + "'";
                    byte[] exponents = tensors.readBytes(scales);
                    Tensor upright = dequantize(
                            where,
                            tensors.info(blocks).extents(),
                            tensors.readBytes(blocks),
                            tensors.info(scales).extents(),
                            exponents); // [..., outputs, inputs]
                    refuseInfinite(where, upright.floats(), exponents);
                    return upright.transpose(-2, -1);
                }));
            }
        }
        return found;
    }

    /** Refuses numbers beyond F32, which blocks with the largest scales alone can have. */
    private static void refuseInfinite(String where, float[] numbers, byte[] scales) {
        for (int block = 0; block < scales.length; block++) {
            for (int i = 0; (scales[block] & 0xFF) > LARGEST_FINITE && i < BLOCK; i++) {
                if (Float.isInfinite(numbers[block * BLOCK + i])) {
                    throw new SafetensorsException(
                            where + ", element " + (block * BLOCK + i),
                            "the weight is " + numbers[block * BLOCK + i],
                            "The checkpoint is broken: fetch it again");
                }
            }
        }
    }

    /**
     * The numbers.
     *
     * @param where file and tensor, for messages
     * @throws SafetensorsException if blocks and scales do not fit each other, or a scale is NaN
     */
    static Tensor dequantize(
            String where, List<Long> blockExtents, byte[] blocks, List<Long> scaleExtents, byte[] scales) {
        List<Long> wanted = new ArrayList<>(scaleExtents);
        wanted.add((long) BLOCK / 2);
        if (scaleExtents.size() < 2 || !blockExtents.equals(wanted)) {
            throw new SafetensorsException(
                    where,
                    "blocks of shape " + blockExtents + " and scales of shape " + scaleExtents + " do not fit",
                    "A block has 16 bytes and one scale; fetch the checkpoint again");
        }
        int[] extents = scaleExtents.stream().mapToInt(Math::toIntExact).toArray();
        extents[extents.length - 1] = Math.multiplyExact(extents[extents.length - 1], BLOCK);
        Tensor out = Tensor.zeros(extents);
        float[] numbers = out.floats();
        for (int block = 0; block < scales.length; block++) {
            int scale = scales[block] & 0xFF;
            if (scale == SCALE_NAN) {
                throw new SafetensorsException(
                        where, "the scale of block " + block + " is NaN", "The checkpoint is broken: fetch it again");
            }
            for (int i = 0; i < BLOCK; i++) {
                int pair = blocks[(block * BLOCK + i) / 2];
                int code = i % 2 == 0 ? pair & 0xF : pair >> 4 & 0xF;
                numbers[block * BLOCK + i] = Math.scalb(VALUES[code], scale - SCALE_BIAS);
            }
        }
        return out;
    }
}
