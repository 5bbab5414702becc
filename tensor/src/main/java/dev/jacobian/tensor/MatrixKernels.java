// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.Optional;

/**
 * Matrix products, of matrices as they lie and of weights that were rearranged for them.
 *
 * <p>M, K, N are the extents of a product. Each element is one chain of fused multiply-adds over k = 0, 1, …
 */
public interface MatrixKernels {
    /**
     * {@code out = a · b}, or {@code out += a · b}: for each element acc = fma(a[m,k], b[k,n], acc) over k in order, from
     * 0 or from the value in {@code out}.
     *
     * @param a [M, K], any strides (a transpose is a view)
     * @param b [K, N], any strides
     * @param out [M, N], contiguous
     * @param accumulate whether to add to what {@code out} holds
     */
    void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate);

    /**
     * A product for each matrix of a batch: {@code out[i] = a[i] · b[i]}, or {@code out[i] += a[i] · b[i]}, with the bits of
     * {@link #matmul(Tensor, Tensor, Tensor, boolean)} wherever those are promised.
     *
     * @param a [B, M, K], any strides (a transpose is a view)
     * @param b [B, K, N], any strides
     * @param out [B, M, N], each of its matrices contiguous
     * @param accumulate whether to add to what {@code out} holds
     */
    void batchedMatmul(Tensor a, Tensor b, Tensor out, boolean accumulate);

    /** Rearranges {@code b} [K, N] (any strides) for repeated products, as F32. */
    default PackedMatrix pack(Tensor b) {
        return pack(b, WeightFormat.F32);
    }

    /**
     * Rearranges {@code b} [K, N] (any strides) for repeated products and holds it in a format that may round it.
     *
     * @param b F32; on the CPU also BF16 or F16 where the format is not F32, with the result of the widened matrix
     * @throws IllegalArgumentException if the format is quantized and a number is NaN, infinite or beyond 5e5, or if it is one that
     *     is {@linkplain WeightFormat#isMade not made}
     */
    PackedMatrix pack(Tensor b, WeightFormat format);

    /**
     * Rearranges the transpose [K, M] of a matrix that is quantized already for repeated products. Its numbers stay as they are.
     *
     * @throws IllegalArgumentException if the backend has no products with it
     */
    default PackedMatrix pack(QuantizedMatrix transposed) {
        throw new IllegalArgumentException("weights of a file in " + transposed.format()
                + " are held as they are on the CPU alone; choose a format (f32, bf16, q8_0 or q4_0)");
    }

    /** Bytes of what {@link #pack(Tensor, WeightFormat)} makes of a matrix [K, N], which may be padded. */
    default long packedBytes(int k, int n, WeightFormat format) {
        return format.bytes((long) k * n);
    }

    /** Packs {@code b} again into what {@link #pack(Tensor)} made of a matrix of the same shape; that one's contents are lost. */
    void repack(Tensor b, PackedMatrix into);

    /**
     * {@link #matmul(Tensor, Tensor, Tensor, boolean)} with a packed right operand: the bits of the product with {@link
     * #unpack(PackedMatrix)}.
     */
    void matmul(Tensor a, PackedMatrix b, Tensor out, boolean accumulate);

    /** The numbers that a packed matrix stands for, [K, N] in F32. */
    default Tensor unpack(PackedMatrix b) {
        Tensor out = Tensor.zeros(b.rows(), b.columns()); // [K, N]
        unpack(b, 0, out);
        return out;
    }

    /**
     * Some columns of {@link #unpack(PackedMatrix)}.
     *
     * @param fromColumn the first one
     * @param out [K, n], contiguous; receives columns {@code fromColumn} to {@code fromColumn + n}
     */
    void unpack(PackedMatrix b, int fromColumn, Tensor out);

    /** The numbers of a packed matrix [K, N] as they lie in memory, transposed: [N, K]. Empty if they do not lie there. */
    default Optional<Tensor> transposeOf(PackedMatrix packed) {
        return Optional.empty();
    }
}
