// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.Tensor;

/**
 * What a parameter keeps beside its value so that operations go faster: the value packed, the value in another type, and 1 + the
 * value. Each is made when an operation first wants it, in memory that it then keeps, and again when the value has changed.
 *
 * <p>A copy and its version are one object, so that threads which share a model that nobody trains never see one without the
 * other.
 */
final class WeightCopies {
    private record Copy<T>(T of, long version) {}

    private final Parameter weight;
    private @Nullable Copy<PackedMatrix> packed; // null until a product wants it
    private @Nullable Copy<Tensor> rounded; // likewise
    private @Nullable Copy<Tensor> onePlus; // null until a norm wants it

    WeightCopies(Parameter weight) {
        this.weight = weight;
    }

    /** The transpose of a weight [N, K], packed for products. */
    PackedMatrix packedTranspose() {
        Copy<PackedMatrix> last = packed;
        if (last != null && isCurrent(last)) {
            return last.of;
        }
        Tensor transpose = weight.value().t(); // [K, N]
        PackedMatrix matrix;
        if (last == null) {
            matrix = weight.backend().matrices().pack(transpose);
        } else {
            matrix = last.of;
            weight.backend().matrices().repack(transpose, matrix);
        }
        packed = new Copy<>(matrix, weight.version());
        return matrix;
    }

    /** The value in another type. */
    Tensor rounded(DType type) {
        Copy<Tensor> last = rounded;
        if (last != null && last.of.dtype() == type && isCurrent(last)) {
            return last.of;
        }
        Tensor copy;
        if (last == null || last.of.dtype() != type) {
            copy = weight.value().to(type);
        } else {
            copy = last.of;
            copy.convertFrom(weight.value());
        }
        rounded = new Copy<>(copy, weight.version());
        return copy;
    }

    /** 1 + the value. */
    Tensor onePlus() {
        Copy<Tensor> last = onePlus;
        if (last != null && isCurrent(last)) {
            return last.of;
        }
        Tensor sum;
        if (last == null) {
            sum = Var.onePlus(weight.value());
        } else {
            sum = last.of;
            Var.makeOnePlus(weight.value(), sum);
        }
        onePlus = new Copy<>(sum, weight.version());
        return sum;
    }

    private boolean isCurrent(Copy<?> copy) {
        return copy.version == weight.version();
    }

    /** Makes again what has been made before, where the value has changed since. */
    void refresh() {
        if (rounded != null) {
            rounded(rounded.of.dtype());
        }
        if (packed != null) {
            packedTranspose();
        }
        if (onePlus != null) {
            onePlus();
        }
    }

    long bytes() {
        return bytes(rounded) + bytes(onePlus) + (packed == null ? 0 : packed.of.bytes());
    }

    private static long bytes(@Nullable Copy<Tensor> copy) {
        return copy == null ? 0 : (long) copy.of.elements() * copy.of.dtype().bytes();
    }

    /** Gives memory on a device back. */
    void close() {
        if (rounded != null) {
            rounded.of.close();
        }
        if (onePlus != null) {
            onePlus.of.close();
        }
        rounded = null;
        onePlus = null;
        packed = null;
    }
}
