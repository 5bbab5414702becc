// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.weights;

import dev.jacobian.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Elements of tensors on the CPU as little-endian bytes, and back, bit for bit. */
final class TensorBytes {
    private TensorBytes() {}

    /** The bytes of a part of a contiguous tensor. */
    static byte[] read(Tensor tensor, WeightLayout.Place place) {
        byte[] bytes = new byte[place.bytes()];
        ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int from = first(tensor, place);
        int count = count(tensor, place);
        switch (tensor.dtype()) {
            case F32 -> out.asFloatBuffer().put(tensor.floats(), from, count);
            case BF16, F16 -> out.asShortBuffer().put(tensor.shorts(), from, count);
            case I8 -> out.put(tensor.bytes(), from, count);
            case I32 -> out.asIntBuffer().put(tensor.ints(), from, count);
            case I64 -> out.asLongBuffer().put(tensor.longs(), from, count);
        }
        return bytes;
    }

    /** Writes bytes over a part of a contiguous tensor. */
    static void write(byte[] bytes, Tensor tensor, WeightLayout.Place place) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int from = first(tensor, place);
        int count = count(tensor, place);
        switch (tensor.dtype()) {
            case F32 -> in.asFloatBuffer().get(tensor.floats(), from, count);
            case BF16, F16 -> in.asShortBuffer().get(tensor.shorts(), from, count);
            case I8 -> in.get(tensor.bytes(), from, count);
            case I32 -> in.asIntBuffer().get(tensor.ints(), from, count);
            case I64 -> in.asLongBuffer().get(tensor.longs(), from, count);
        }
    }

    private static int first(Tensor tensor, WeightLayout.Place place) {
        return tensor.offset() + (int) (place.from() / tensor.dtype().bytes());
    }

    private static int count(Tensor tensor, WeightLayout.Place place) {
        return place.bytes() / tensor.dtype().bytes();
    }
}
