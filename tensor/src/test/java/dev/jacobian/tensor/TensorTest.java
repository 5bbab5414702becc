// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class TensorTest {
    private static Tensor counting(int... extents) {
        int n = Shape.of(extents).elements();
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = i;
        }
        return Tensor.of(values, extents);
    }

    @Test
    void shapesCountAndCompare() {
        Shape shape = Shape.of(2, 3, 4);
        assertThat(shape.elements()).isEqualTo(24);
        assertThat(shape.rank()).isEqualTo(3);
        assertThat(shape.extent(-1)).isEqualTo(4);
        assertThat(shape.strides()).containsExactly(12, 4, 1);
        assertThat(shape).isEqualTo(Shape.of(2, 3, 4)).hasSameHashCodeAs(Shape.of(2, 3, 4));
        assertThat(shape).isNotEqualTo(Shape.of(2, 12));
        assertThat(shape).hasToString("[2, 3, 4]");
        assertThat(Shape.of().elements()).isEqualTo(1);
        assertThat(Shape.of(3, 0, 5).elements()).isZero();
        int[] extents = {2, 2};
        Shape copied = Shape.of(extents);
        extents[0] = 9;
        assertThat(copied.extent(0)).isEqualTo(2);
    }

    @Test
    void shapesRefuseWhatNoArrayHolds() {
        assertThatIllegalArgumentException().isThrownBy(() -> Shape.of(2, -1)).withMessageContaining("[2, -1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Shape.of(1 << 16, 1 << 16))
                .withMessageContaining("65536");
        assertThatThrownBy(() -> Shape.of(2, 3).extent(2)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> Shape.of(2, 3).extent(-3)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void viewsShareTheArray() {
        Tensor x = counting(2, 3);
        assertThat(x.t().toFloatArray()).containsExactly(0, 3, 1, 4, 2, 5);
        assertThat(x.slice(1, 1, 3).toFloatArray()).containsExactly(1, 2, 4, 5);
        assertThat(x.slice(0, 1, 2).isContiguous()).isTrue();
        assertThat(x.slice(1, 1, 3).isContiguous()).isFalse();
        assertThat(x.t().isContiguous()).isFalse();
        assertThat(x.t().t().isContiguous()).isTrue();
        x.slice(0, 1, 2).fill(7f);
        assertThat(x.toFloatArray()).containsExactly(0, 1, 2, 7, 7, 7);
        assertThat(x.reshape(3, 2).floats()).isSameAs(x.floats());
        assertThat(x.t().reshape(6).floats()).isNotSameAs(x.floats());
        assertThat(x.contiguous()).isSameAs(x);
        assertThat(x.slice(1, 0, 2).get(1, 1)).isEqualTo(7f);
    }

    @Test
    void transposesOfHigherRank() {
        Tensor x = counting(2, 3, 4);
        Tensor y = x.transpose(0, -1);
        assertThat(y.shape()).isEqualTo(Shape.of(4, 3, 2));
        for (int i = 0; i < 4; i++) {
            for (int j = 0; j < 3; j++) {
                for (int k = 0; k < 2; k++) {
                    assertThat(y.get(i, j, k)).isEqualTo(x.get(k, j, i));
                    assertThat(y.copy().get(i, j, k)).isEqualTo(x.get(k, j, i));
                }
            }
        }
    }

    @Test
    void contiguityIgnoresExtentsOfOneAndEmptyTensors() {
        assertThat(counting(4, 1).t().isContiguous()).isTrue();
        assertThat(counting(5, 4).slice(1, 2, 3).isContiguous()).isFalse();
        assertThat(counting(5, 4).slice(0, 2, 3).t().isContiguous()).isTrue();
        assertThat(counting(5, 4).slice(1, 2, 2).isContiguous()).isTrue();
        assertThat(counting(0, 4).t().toFloatArray()).isEmpty();
    }

    @Test
    void copiesAreDeepAndDense() {
        Tensor x = counting(3, 4).slice(1, 1, 3);
        Tensor copy = x.copy();
        copy.fill(0f);
        assertThat(x.toFloatArray()).containsExactly(1, 2, 5, 6, 9, 10);
        Tensor target = Tensor.zeros(3, 2);
        target.copyFrom(x);
        assertThat(target.toFloatArray()).containsExactly(1, 2, 5, 6, 9, 10);
    }

    @Test
    void badUseSaysWhatIsWrong() {
        Tensor x = counting(2, 3);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Tensor.of(new float[5], 2, 3))
                .withMessageContaining("[2, 3]")
                .withMessageContaining("5");
        assertThatIllegalArgumentException().isThrownBy(() -> x.reshape(4, 2)).withMessageContaining("[4, 2]");
        assertThatIllegalStateException().isThrownBy(x::ints).withMessageContaining("I32");
        assertThatIllegalStateException().isThrownBy(x::item).withMessageContaining("[2, 3]");
        assertThatIllegalStateException().isThrownBy(() -> x.t().fill(0f)).withMessageContaining("contiguous");
        assertThatIllegalStateException()
                .isThrownBy(() -> counting(2, 2, 2).t())
                .withMessageContaining("[2, 2, 2]");
        assertThatThrownBy(() -> x.get(0, 3)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> x.get(0)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> x.slice(0, 1, 3)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Tensor.zeros(DType.I32, Shape.of(2)).to(DType.F32))
                .withMessageContaining("I32");
        assertThatIllegalArgumentException().isThrownBy(() -> x.copyFrom(counting(3, 2)));
    }

    @Test
    void devicesParse() {
        assertThat(Device.parse("cpu")).isEqualTo(Device.CPU);
        assertThat(Device.parse("cuda")).isEqualTo(Device.cuda(0));
        assertThat(Device.parse("cuda:3")).hasToString("cuda:3");
        for (String bad : new String[] {"gpu", "cuda:", "cuda:-1", "CPU", "cuda:9999999999", ""}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Device.parse(bad))
                    .withMessageContaining("cuda:N");
        }
    }

    @Test
    void aGpuComputesAsItsDeviceSays() {
        assertThat(Device.parse("cuda:3").arithmetic()).isEqualTo(Arithmetic.FAST);
        assertThat(Device.cuda(3).with(Arithmetic.BATCH_INVARIANT)).hasToString("cuda:3 (batch-invariant)");
        assertThat(Device.cuda(3).with(Arithmetic.TF32))
                .hasToString("cuda:3 (TF32)")
                .isNotEqualTo(Device.cuda(3));
        assertThat(Device.cuda(3).with(Arithmetic.TF32).sharesMemoryWith(Device.cuda(3)))
                .isTrue();
        assertThat(Device.cuda(3).sharesMemoryWith(Device.cuda(0))).isFalse();
        assertThat(Device.CPU.with(Arithmetic.BATCH_INVARIANT)).isEqualTo(Device.CPU);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Device.CPU.with(Arithmetic.TF32))
                .withMessage("arithmetic TF32 needs a GPU; the CPU is always BATCH_INVARIANT");
    }

    @Test
    @DisplayName("an empty view at the end of an array can be copied")
    void emptyView() {
        Tensor view = Tensor.zeros(3, 4).t().slice(1, 3, 3); // [4, 0]
        assertThat(view.copy().shape()).isEqualTo(Shape.of(4, 0));
        assertThat(view.toFloatArray()).isEmpty();
    }
}
