// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Numbers;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedTestBase;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The norm of many gradients costs as many launches as that of one, of each type. */
class SquaresEmulatedTest extends EmulatedTestBase {

    /** The sum with the device lost at a launch too many. */
    private double sumIn(int launches, List<Tensor> tensors) {
        List<Tensor> onDevice = tensors.stream().map(x -> x.to(DEVICE)).toList();
        backend.engine().synchronize();
        fake.loseDeviceAfter(launches);
        double sum = backend.elementwise().sumOfSquares(onDevice);
        fake.loseDeviceAfter(-1);
        return sum;
    }

    @Test
    void twoLaunchesForTensorsOfOneType() {
        Rng rng = new Rng(17, 0);
        List<Tensor> tensors = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            tensors.add(Numbers.normal(rng, i % 7 == 0 ? 0 : rng.nextInt(9000)));
        }
        assertThat(sumIn(2, tensors))
                .isEqualTo(Backends.reference().elementwise().sumOfSquares(tensors));
    }

    @Test
    void threeForBothTypesInAnyOrder() {
        Rng rng = new Rng(17, 1);
        List<Tensor> tensors = new ArrayList<>();
        List<Tensor> same = new ArrayList<>(); // in F32
        for (int n : new int[] {70_000, 3, 0, 4097, 65_536, 1, 20, 0}) {
            Tensor x = Numbers.normal(rng, n).to(DType.BF16);
            same.add(x.to(DType.F32));
            tensors.add(tensors.size() % 2 == 0 ? x : same.getLast());
        }
        assertThat(sumIn(3, tensors))
                .isEqualTo(Backends.reference().elementwise().sumOfSquares(same));
    }

    @Test
    void oneForNothingButEmptyTensors() {
        assertThat(sumIn(1, List.of(Tensor.zeros(0), Tensor.zeros(3, 0)))).isZero();
        assertThat(sumIn(0, List.of())).isZero();
    }
}
