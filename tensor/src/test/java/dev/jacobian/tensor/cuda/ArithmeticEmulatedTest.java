// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.Arithmetic;
import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Numbers;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.cuda.emulation.EmulatedTestBase;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Several arithmetics on one GPU: tensors of each beside those of the others, and none in another's operation. */
class ArithmeticEmulatedTest extends EmulatedTestBase {
    private static final Device IN_ORDER = DEVICE.with(Arithmetic.BATCH_INVARIANT);

    private final Rng rng = new Rng(29, 7);

    /** The product on a device: a rounded input and another order of its sums show in the bits. */
    private static float[] products(Device device, Tensor a, Tensor b) {
        Tensor out = Tensor.zeros(device, DType.F32, Shape.of(a.extent(0), b.extent(1))); // [M, N]
        Backends.of(device).matrices().matmul(a.to(device), b.to(device), out, false);
        return out.toFloatArray();
    }

    @Test
    void eachHasItsBitsWhateverTheOthersDo() {
        Tensor a = Numbers.normal(rng, 3, 700); // [M, K]
        Tensor b = Numbers.normal(rng, 700, 5); // [K, N]
        Map<Arithmetic, float[]> alone = new EnumMap<>(Arithmetic.class);
        for (Arithmetic arithmetic : Arithmetic.values()) {
            alone.put(arithmetic, products(DEVICE.with(arithmetic), a, b));
        }
        for (int round = 0; round < 3; round++) {
            alone.forEach((arithmetic, expected) -> assertThat(products(DEVICE.with(arithmetic), a, b))
                    .as(arithmetic.name())
                    .containsExactly(expected));
        }
        assertThat(alone.get(Arithmetic.TF32)).isNotEqualTo(alone.get(Arithmetic.FAST));
        assertThat(alone.get(Arithmetic.BATCH_INVARIANT)).containsExactly(products(Device.CPU, a, b));
    }

    @Test
    void tensorsAreOfTheArithmeticThatTheyWereMadeIn() {
        for (Arithmetic arithmetic : Arithmetic.values()) {
            Device there = DEVICE.with(arithmetic);
            Tensor x = Numbers.normal(rng, 2, 3).to(there); // [2, 3]
            for (Tensor derived : new Tensor[] {x, x.t().contiguous(), x.copy(), x.to(DType.BF16), x.slice(0, 0, 1)}) {
                assertThat(derived.device()).isEqualTo(there);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Arithmetic.class)
    void copiesGoFromOneToAnotherOnTheDevice(Arithmetic to) {
        Tensor x = Numbers.normal(rng, 5, 4); // [5, 4]
        Tensor here = x.to(IN_ORDER); // [5, 4]
        Tensor strided = here.t(); // [4, 5]
        Device target = DEVICE.with(to);
        assertThat(here.to(target).device()).isEqualTo(target);
        assertThat(here.to(target).toFloatArray()).containsExactly(x.toFloatArray());
        assertThat(strided.to(target).toFloatArray()).containsExactly(x.t().toFloatArray());
        Tensor rounded = Tensor.zeros(target, DType.BF16, Shape.of(4, 5)); // [4, 5]
        rounded.convertFrom(strided);
        assertThat(rounded.to(DType.F32).toFloatArray())
                .containsExactly(x.t().contiguous().to(DType.BF16).to(DType.F32).toFloatArray());
    }

    @Test
    void oneOperationIsOfOneArithmetic() {
        Tensor fast = Numbers.normal(rng, 3, 3).to(DEVICE); // [3, 3]
        Tensor inOrder = Numbers.normal(rng, 3, 3).to(IN_ORDER); // [3, 3]
        Backend kernels = Backends.of(IN_ORDER);
        String message =
                "F32[3, 3] on cuda:0 is used with tensors on cuda:0 (batch-invariant); copy it with to(Device)";
        assertThatThrownBy(() -> kernels.matrices().matmul(fast, inOrder, inOrder, false))
                .hasMessageContaining(message);
        assertThatThrownBy(() -> kernels.matrices().matmul(inOrder, fast, inOrder, false))
                .hasMessageContaining(message);
        assertThatThrownBy(() -> kernels.matrices().matmul(inOrder, inOrder, fast, false))
                .hasMessageContaining(message);
        assertThatThrownBy(() -> kernels.elementwise().add(inOrder, fast, inOrder))
                .hasMessageContaining(message);
        for (WeightFormat format : WeightFormat.made()) {
            PackedMatrix packed = backend.matrices().pack(fast, format);
            assertThatThrownBy(() -> kernels.matrices().matmul(inOrder, packed, inOrder, false))
                    .as(format.name())
                    .hasMessageContaining("is used with tensors on cuda:0 (batch-invariant)");
        }
        assertThatThrownBy(() -> Backends.of(DEVICE).elementwise().add(fast, inOrder, fast))
                .hasMessageContaining("F32[3, 3] on cuda:0 (batch-invariant) is used with tensors on cuda:0;");
    }

    @Test
    void aCacheIsOfOneArithmetic() {
        KvCache cache = backend.attention().newKvCache(1, 1, 8, DType.F32);
        int[] sequence = {cache.add()};
        Tensor rows = Numbers.normal(rng, 1, 8).to(IN_ORDER); // [1, 8]
        Segments one = Segments.of(1);
        assertThatThrownBy(() -> cache.append(0, sequence, one, rows, rows)).hasMessageContaining("one arithmetic");
        assertThatThrownBy(() -> Backends.of(IN_ORDER)
                        .attention()
                        .attention(
                                rows, new CachedRows(cache, 0, sequence, one), new AttentionForm(8, 1f, 0), rows, null))
                .hasMessageContaining("another device or arithmetic than cuda:0 (batch-invariant)");
    }

    @Test
    void memoryIsTheDevices() {
        long before = Backends.of(IN_ORDER).memory().availableMemory();
        Tensor large = Tensor.zeros(DEVICE, DType.F32, Shape.of(1 << 20)); // [1 << 20]
        assertThat(before - Backends.of(IN_ORDER).memory().availableMemory())
                .isGreaterThanOrEqualTo((long) Float.BYTES << 20);
        large.close();
        assertThat(Backends.of(IN_ORDER).memory().availableMemory()).isEqualTo(before);
    }
}
