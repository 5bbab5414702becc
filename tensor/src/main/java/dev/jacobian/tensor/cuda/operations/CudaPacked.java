// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.QuantizedMatrix;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.reference.ReferenceQuantization;

/**
 * A weight as a GPU multiplies by it.
 *
 * <p>F32 is the matrix itself, since nothing is gained by another order; BF16 a rounded copy; the quantized formats lie by
 * output, as the header of {@code quantized.cu} says. They are made on the CPU, once, from the reference's formulas.
 */
sealed interface CudaPacked extends PackedMatrix {
    /** Packs another matrix of the same shape in place of this one. */
    void replace(Device device, Tensor b);

    /** Numbers as they are. */
    final class Dense implements CudaPacked {
        private final WeightFormat format;
        private Tensor matrix; // [K, N], any strides

        Dense(WeightFormat format, Tensor matrix) {
            this.format = format;
            this.matrix = matrix;
        }

        /** [K, N], any strides. */
        Tensor matrix() {
            return matrix;
        }

        @Override
        public void replace(Device device, Tensor b) {
            if (format == WeightFormat.F32) {
                matrix = b.t().to(device).t();
            } else {
                matrix.t().convertFrom(b.t().to(device)); // into the memory that is there
            }
        }

        @Override
        public WeightFormat format() {
            return format;
        }

        @Override
        public int rows() {
            return matrix.extent(0);
        }

        @Override
        public int columns() {
            return matrix.extent(1);
        }

        @Override
        public long bytes() {
            return (long) matrix.dtype().bytes() * matrix.elements();
        }
    }

    /**
     * Integers and scales.
     *
     * @param quants [N, blocks, 32 or 16] bytes
     * @param scales [N, blocks] F16
     */
    record Quantized(int rows, int columns, WeightFormat format, Tensor quants, Tensor scales) implements CudaPacked {
        /** Blocks of each column. */
        int blocks() {
            return Math.ceilDiv(rows, ReferenceQuantization.BLOCK);
        }

        /** Bytes of one block's integers. */
        int blockBytes() {
            return ReferenceQuantization.BLOCK * format.bits() / Byte.SIZE;
        }

        @Override
        public void replace(Device device, Tensor b) {
            Quantized other = quantized(device, b.to(Device.CPU), format);
            quants.copyFrom(other.quants);
            scales.copyFrom(other.scales);
            other.quants.close();
            other.scales.close();
        }

        @Override
        public long bytes() {
            return quants.elements() + 2L * scales.elements();
        }
    }

    /** Packs a matrix that lies on the device or on the CPU. */
    static CudaPacked of(Device device, Tensor b, WeightFormat format) {
        return switch (format) {
            case F32 -> new Dense(format, b.t().to(device).t());
            case BF16 -> new Dense(format, b.t().to(DType.BF16).to(device).t());
            case Q8_0, Q4_0 -> quantized(device, b.to(Device.CPU), format);
            case Q4_K, Q6_K -> throw ReferenceQuantization.notMade(format);
        };
    }

    /** Holds blocks of 32 as they are: integers lie here as in a file, and only scales lie apart. */
    static CudaPacked of(Device device, QuantizedMatrix matrix) {
        int k = matrix.columns();
        int n = matrix.rows();
        int bytes = matrix.format().blockBytes() - Short.BYTES;
        int blocks = matrix.blocks().length / matrix.format().blockBytes();
        byte[] quants = new byte[blocks * bytes]; // [N, blocks, bytes]
        short[] scales = new short[blocks]; // [N, blocks]
        for (int block = 0; block < blocks; block++) {
            int from = block * matrix.format().blockBytes();
            scales[block] = (short) (matrix.blocks()[from] & 0xFF | matrix.blocks()[from + 1] << 8);
            System.arraycopy(matrix.blocks(), from + Short.BYTES, quants, block * bytes, bytes);
        }
        return new Quantized(
                k,
                n,
                matrix.format(),
                Tensor.of(quants, quants.length).to(device),
                Tensor.ofBits(DType.F16, scales, scales.length).to(device));
    }

    private static Quantized quantized(Device device, Tensor b, WeightFormat format) {
        int n = b.extent(1);
        int blocks = Math.ceilDiv(b.extent(0), ReferenceQuantization.BLOCK);
        int half = ReferenceQuantization.BLOCK / 2;
        int bytes = format == WeightFormat.Q8_0 ? 2 * half : half;
        byte[] quants = new byte[Math.multiplyExact(n * blocks, bytes)]; // [N, blocks, bytes]
        short[] scales = new short[n * blocks]; // [N, blocks]
        float[] block = new float[ReferenceQuantization.BLOCK];
        byte[] stored = new byte[ReferenceQuantization.BLOCK];
        for (int at = 0; at < n * blocks; at++) {
            int column = at / blocks;
            int row = at % blocks * ReferenceQuantization.BLOCK;
            ReferenceQuantization.readBlock(b, row, column, block);
            scales[at] = ReferenceQuantization.quantize(format, block, stored, row, column);
            for (int i = 0; i < bytes; i++) {
                quants[at * bytes + i] = (byte)
                        (format == WeightFormat.Q8_0 ? (stored[i] & 0xFF) - 128 : stored[i] | stored[i + half] << 4);
            }
        }
        return new Quantized(
                b.extent(0),
                n,
                format,
                Tensor.of(quants, quants.length).to(device),
                Tensor.ofBits(DType.F16, scales, scales.length).to(device));
    }
}
