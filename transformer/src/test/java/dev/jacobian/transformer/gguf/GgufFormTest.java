// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** How numbers lie in files: by small examples, and there and back. */
class GgufFormTest {
    private static Tensor counted(int... extents) {
        Tensor numbers = Tensor.zeros(extents);
        for (int i = 0; i < numbers.elements(); i++) {
            numbers.floats()[i] = i;
        }
        return numbers;
    }

    private static void thereAndBack(GgufForm form, Tensor numbers) {
        assertThat(form.fromFile(form.toFile(numbers)).toFloatArray())
                .as(form.toString())
                .isEqualTo(numbers.toFloatArray());
    }

    @Test
    @DisplayName("halves of a head become neighbours")
    void neighbours() {
        Moved.Neighbours form = new Moved.Neighbours(4);
        assertThat(form.toFile(counted(8, 1)).toFloatArray()).containsExactly(0, 2, 1, 3, 4, 6, 5, 7);
        thereAndBack(form, counted(8, 3));
    }

    @Test
    @DisplayName("heads that share a key head are dealt out, behind the rows that stay")
    void dealt() {
        // 2 key heads of 3 heads each, of one row: g0h0 g0h1 g0h2 g1h0 ... become g0h0 g1h0 g0h1 ...
        assertThat(new Moved.Dealt(0, 2, 3, 1).toFile(counted(6)).toFloatArray())
                .containsExactly(0, 3, 1, 4, 2, 5);
        Moved.Dealt behind = new Moved.Dealt(2, 2, 2, 2);
        assertThat(behind.toFile(counted(10, 1)).toFloatArray()).containsExactly(0, 1, 2, 3, 6, 7, 4, 5, 8, 9);
        thereAndBack(behind, counted(10, 3));
        Moved.DealtColumns columns = new Moved.DealtColumns(new Moved.Dealt(0, 2, 2, 1), 2);
        assertThat(columns.toFile(counted(2, 8)).toFloatArray())
                .containsExactly(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15);
        thereAndBack(columns, counted(5, 8));
        assertThat(columns.keepsRows()).isFalse();
    }

    @Test
    @DisplayName("the matrix of each head is transposed, in any type, and nothing else has its extents")
    void turned() {
        Moved.Turned form = new Moved.Turned(2, 2, 3);
        Tensor numbers = counted(4, 3);
        assertThat(form.toFile(numbers).toFloatArray()).containsExactly(0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11);
        thereAndBack(form, numbers);
        Tensor narrow = numbers.to(DType.BF16);
        assertThat(form.fromFile(form.toFile(narrow)).to(DType.F32).toFloatArray())
                .isEqualTo(numbers.toFloatArray());
        assertThat(form.extentsOfModel(List.of(2L, 3L, 2L))).containsExactly(4L, 3L);
        assertThat(form.extentsOfModel(List.of(2L, 2L, 3L))).containsExactly(2L, 2L, 3L);
    }

    @Test
    @DisplayName(
            "a rate read back fades by the same bits; a rate of another program is met to a unit in the last place")
    void rates() {
        SplittableRandom random = new SplittableRandom(3);
        Tensor logRates = Tensor.zeros(2000);
        for (int i = 0; i < logRates.elements(); i++) {
            logRates.floats()[i] = (float) random.nextDouble(-30, 10);
        }
        Rates form = new Rates();
        float[] written = form.toFile(logRates).toFloatArray();
        float[] again =
                form.toFile(form.fromFile(Tensor.of(written.clone(), 2000))).toFloatArray();
        assertBits("rates", again, written);
        for (int i = 0; i < written.length; i++) {
            assertThat(written[i] / -Math.exp(logRates.floats()[i])).isBetween(1 - 1e-6, 1 + 1e-6);
        }
        float[] other = new float[500];
        for (int i = 0; i < other.length; i++) {
            other[i] = -(float) random.nextDouble(1e-4, 16);
        }
        float[] met = form.toFile(form.fromFile(Tensor.of(other.clone(), 500))).toFloatArray();
        for (int i = 0; i < other.length; i++) {
            assertThat(Math.abs(met[i] - other[i])).isLessThanOrEqualTo(8 * Math.ulp(other[i]));
        }
        assertThatThrownBy(() -> form.fromFile(Tensor.of(new float[] {-1, 0.5f}, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("head 1", "0.5");
    }

    @Test
    @DisplayName("forms in turn: their numbers, rows and extents")
    void inTurn() {
        GgufForm form = new GgufForm.InTurn(
                new Moved.Dealt(0, 2, 2, 1), new GgufForm.Shaped(List.of(4L, 1L, 2L), List.of(4L, 2L)));
        assertThat(form.toFile(counted(4, 1, 2)).toFloatArray()).containsExactly(0, 1, 4, 5, 2, 3, 6, 7);
        assertThat(form.extentsInFile(List.of(4L, 1L, 2L))).containsExactly(4L, 2L);
        assertThat(form.extentsOfModel(List.of(4L, 2L))).containsExactly(4L, 1L, 2L);
        assertThat(form.keepsNumbers() && form.movesRows() && form.keepsRows()).isTrue();
        assertThat(form.rowInFile(1)).isEqualTo(2);
        thereAndBack(form, counted(4, 1, 2));
        thereAndBack(new GgufForm.PlusOne(), Tensor.of(new float[] {0.25f, -0.5f}, 2));
    }
}
