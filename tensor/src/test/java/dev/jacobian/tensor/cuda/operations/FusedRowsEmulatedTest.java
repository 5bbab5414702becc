// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import static dev.jacobian.tensor.Numbers.normal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.tensor.AffineLayer;
import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.RmsGain;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.tensor.cuda.emulation.EmulatedTestBase;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The fused operations of the backend: one launch each, near the reference's separate ones, and for few narrow rows only. */
class FusedRowsEmulatedTest extends EmulatedTestBase {

    private final Rng rng = new Rng(8, 1);

    private static Tensor there(Tensor x) {
        return x.to(DEVICE);
    }

    private static AffineLayer there(AffineLayer layer) {
        return new AffineLayer(there(layer.weight()), layer.bias().map(FusedRowsEmulatedTest::there));
    }

    /** A layer whose outputs are about as large as its inputs. */
    private AffineLayer layer(int m, int k, boolean hasBias) {
        Tensor weight = normal(rng, m, k).copy(); // [M, K]
        Backends.reference().elementwise().scale(weight, (float) (1 / Math.sqrt(k)), weight);
        return new AffineLayer(weight, hasBias ? Optional.of(normal(rng, m)) : Optional.empty());
    }

    /** What an operation, which must be one launch, makes of a tensor on the device. */
    private Tensor launched(Tensor initial, Consumer<Tensor> operation) {
        Tensor out = there(initial);
        backend.synchronize();
        long before = fake.piecesGiven();
        operation.accept(out);
        backend.synchronize();
        assertThat(fake.piecesGiven() - before).isEqualTo(1);
        return out.to(Device.CPU);
    }

    private static void assertNear(Tensor actual, Tensor expected) {
        float[] a = actual.toFloatArray();
        float[] e = expected.toFloatArray();
        for (int i = 0; i < e.length; i++) {
            assertThat(a[i]).as("element %d", i).isCloseTo(e[i], within(1e-5f * (1 + Math.abs(e[i]))));
        }
    }

    @Test
    @DisplayName("one launch each, also with rows that take more shared memory than a kernel gets unasked")
    void oneLaunch() {
        for (int rows : new int[] {1, 3}) {
            // 12288 floats are what a kernel gets unasked, but for its static shared memory
            for (int k : new int[] {20, rows == 1 ? 12_288 : 3_072, rows == 1 ? 16_000 : 4_000}) {
                new Workspace().run(() -> compare(rows, k));
            }
        }
    }

    private void compare(int rows, int k) {
        Backend reference = Backends.reference();
        Tensor x = normal(rng, rows, k); // [rows, K]
        RmsGain norm = new RmsGain(normal(rng, k), 1e-6f);
        List<AffineLayer> layers = List.of(layer(5, k, false), layer(9, k, true));
        Tensor residual = normal(rng, rows, 9); // [rows, 9]

        Tensor xThere = there(x); // [rows, K]
        RmsGain normThere = new RmsGain(there(norm.gain()), norm.epsilon());
        List<AffineLayer> layersThere =
                layers.stream().map(FusedRowsEmulatedTest::there).toList();
        Tensor residualThere = there(residual); // [rows, 9]

        Tensor first = Tensor.zeros(rows, 5); // [rows, 5]
        Tensor second = Tensor.zeros(rows, 9); // [rows, 9]
        Tensor firstThere = there(first); // [rows, 5]
        reference.fused().normLinear(x, norm, layers, List.of(first, second));
        assertNear(
                launched(
                        second,
                        out -> backend.fused().normLinear(xThere, normThere, layersThere, List.of(firstThere, out))),
                second);
        assertNear(firstThere.to(Device.CPU), first);

        Tensor gate = layers.get(0).weight(); // [5, K]
        Tensor gateThere = layersThere.get(0).weight(); // [5, K]
        reference.fused().normSwiGlu(x, norm, gate, gate, first);
        assertNear(
                launched(first, out -> backend.fused().normSwiGlu(xThere, normThere, gateThere, gateThere, out)),
                first);

        reference.fused().linearAdd(x, layers.get(1), residual, second);
        assertNear(
                launched(second, out -> backend.fused().linearAdd(xThere, layersThere.get(1), residualThere, out)),
                second);
    }

    @Test
    @DisplayName("rows are few and narrow, and no order of sums is promised")
    void limits() {
        assertThat(backend.fused().fusedRows(4096, DType.F32)).isEqualTo(4);
        assertThat(backend.fused().fusedRows(4097, DType.F32)).isEqualTo(1);
        assertThat(backend.fused().fusedRows(8192, DType.BF16)).isEqualTo(4);
        assertThat(backend.fused().fusedRows(16_385, DType.F32)).isZero();
        Tensor rows = there(normal(rng, 5, 8)); // [5, 8]
        AffineLayer layer = there(layer(8, 8, false));
        assertThatThrownBy(() -> backend.fused().linearAdd(rows, layer, rows, rows))
                .hasMessageContaining("linear_add is compiled for up to 4 rows")
                .hasMessageContaining("[5, 8]");
        inFixedOrder(true);
        assertThat(backend.fused().fusedRows(8, DType.F32)).isZero();
        inFixedOrder(false);
        System.setProperty("jacobian.cuda.fused", "false");
        assertThat(backend.fused().fusedRows(8, DType.F32)).isZero();
        System.setProperty("jacobian.cuda.fused", "no");
        assertThatThrownBy(() -> backend.fused().fusedRows(8, DType.F32))
                .hasMessage("jacobian.cuda.fused is 'no'; use true or false");
    }
}
