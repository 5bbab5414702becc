// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import static dev.jacobian.autograd.GradientCheck.normal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.RotaryForm;
import dev.jacobian.tensor.Tensor;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The graph: what is remembered, what accumulates, what is refused. */
class VarTest {
    private static Parameter parameter(String name, float... values) {
        return Var.parameter(name, Tensor.of(values, values.length));
    }

    private static float[] grad(Parameter p) {
        return p.grad().orElseThrow().toFloatArray();
    }

    @Test
    @DisplayName("by hand: z = x·y + x at x = 2, y = 5 is 12; dz/dx = y + 1 = 6, dz/dy = x = 2")
    void byHand() {
        Parameter x = parameter("x", 2);
        Parameter y = parameter("y", 5);
        Var z = Elementwise.add(Elementwise.multiply(x, y), x);
        assertThat(z.value().item()).isEqualTo(12);
        z.backward();
        assertThat(grad(x)).containsExactly(6);
        assertThat(grad(y)).containsExactly(2);
    }

    @Test
    @DisplayName("a subexpression used twice: d/dx Σ (x²)² = 4x³, and the graph below it is walked once")
    void sharedSubexpression() {
        Parameter x = parameter("x", 1, -2, 3);
        Var square = Elementwise.multiply(x, x);
        Reduction.sum(Elementwise.multiply(square, square)).backward();
        assertThat(grad(x)).containsExactly(4, -32, 108);
        assertThat(((Result) square).takeGrad())
                .as("intermediate gradients are dropped")
                .isNull();
    }

    @Test
    @DisplayName("a leaf reached over paths of different lengths: d/dx Σ (x + x·(x + x·x)) = 1 + 2x + 3x²")
    void pathsOfDifferentLength() {
        Parameter x = parameter("x", 2, -1);
        Var inner = Elementwise.add(x, Elementwise.multiply(x, x));
        Reduction.sum(Elementwise.add(x, Elementwise.multiply(x, inner))).backward();
        assertThat(grad(x)).containsExactly(1 + 4 + 12, 1 - 2 + 3);
    }

    @Test
    @DisplayName("a branch that leads nowhere is not walked")
    void deadBranch() {
        Parameter x = parameter("x", 2);
        Parameter y = parameter("y", 5);
        Elementwise.multiply(x, y);
        Reduction.sum(Elementwise.scale(x, 3)).backward();
        assertThat(grad(x)).containsExactly(3);
        assertThat(y.grad()).isEmpty();
    }

    @Test
    @DisplayName("gradients add up over backward passes until they are cleared")
    void accumulation() {
        Parameter x = parameter("x", 1, 2);
        Reduction.sum(Elementwise.scale(x, 3)).backward();
        Reduction.sum(Elementwise.multiply(x, x)).backward();
        assertThat(grad(x)).containsExactly(5, 7);
        x.clearGrad();
        assertThat(x.grad()).isEmpty();
        Reduction.sum(x).backward();
        assertThat(grad(x)).containsExactly(1, 1);
    }

    @Test
    @DisplayName("gradients belong to their leaves: neither each other's nor the caller's tensor")
    void noAliases() {
        Parameter x = parameter("x", 1, 2);
        Parameter y = parameter("y", 3, 4);
        Tensor seed = Tensor.of(new float[] {1, 1}, 2);
        Elementwise.add(x, y).backward(seed);
        seed.fill(100);
        x.grad().orElseThrow().fill(7);
        assertThat(grad(y)).containsExactly(1, 1);
        Elementwise.add(x, y).backward(seed);
        assertThat(grad(x)).containsExactly(107, 107);
        assertThat(grad(y)).containsExactly(101, 101);
        assertThat(seed.floats()).containsExactly(100, 100);
        x.backward(seed);
        x.backward(seed);
        assertThat(seed.floats()).containsExactly(100, 100);
        assertThat(grad(x)).containsExactly(307, 307);
    }

    @Test
    @DisplayName("the gradient handed to backward may be a strided view")
    void stridedSeed() {
        Parameter x = Var.parameter("x", normal(1, 2, 3));
        Tensor seed = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2).t();
        Elementwise.scale(x, 1).backward(seed);
        assertThat(grad(x)).containsExactly(1, 3, 5, 2, 4, 6);
        x.clearGrad();
        Elementwise.add(x, x).backward(seed);
        assertThat(grad(x)).containsExactly(2, 6, 10, 4, 8, 12);
    }

    @Test
    @DisplayName("a graph of fifty thousand operations is walked without recursion")
    void deep() {
        Parameter x = parameter("x", 1);
        Var y = x;
        for (int i = 0; i < 50_000; i++) {
            y = Elementwise.add(y, x);
        }
        y.backward();
        assertThat(grad(x)).containsExactly(50_001);
    }

    @Test
    @DisplayName("what needs no gradient is not remembered and gets none")
    void constants() {
        Parameter x = parameter("x", 2);
        Var c = Var.constant(Tensor.of(new float[] {5}, 1));
        assertThat(Elementwise.multiply(c, c).requiresGrad()).isFalse();
        assertThat(Elementwise.multiply(c, c)).isInstanceOf(Constant.class);
        Var cut = Elementwise.multiply(x, x).detach();
        assertThat(cut.requiresGrad()).isFalse();
        assertThat(cut).isInstanceOf(Constant.class);
        Elementwise.multiply(Elementwise.multiply(x, c), cut).backward();
        assertThat(grad(x)).as("detached: 5 · x² with x² held fixed").containsExactly(20);
    }

    @Test
    @DisplayName("inside NoGrad nothing is remembered; it nests, ends with exceptions and holds for one thread")
    void noGrad() throws InterruptedException {
        Parameter x = parameter("x", 2);
        Var inside = NoGrad.compute(() -> {
            NoGrad.run(() -> {});
            assertThat(NoGrad.isActive()).isTrue();
            return Elementwise.multiply(x, x);
        });
        assertThat(inside.requiresGrad()).isFalse();
        assertThat(inside).isInstanceOf(Constant.class);
        assertThatThrownBy(() -> NoGrad.run(() -> {
                    throw new IllegalStateException("expected");
                }))
                .hasMessage("expected");
        assertThat(NoGrad.isActive()).isFalse();
        boolean[] other = {true};
        NoGrad.run(() -> {
            Thread thread = new Thread(() -> other[0] = NoGrad.isActive());
            thread.start();
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        assertThat(other[0]).isFalse();
        assertThatThrownBy(inside::backward)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("NoGrad");
        Elementwise.multiply(x, x).backward();
        assertThat(grad(x)).containsExactly(4);
    }

    @Test
    @DisplayName("misuse of backward")
    void misuse() {
        Parameter x = parameter("x", 1, 2);
        Var y = Elementwise.scale(x, 2);
        assertThatThrownBy(y::backward)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("shape [2]")
                .hasMessageContaining("backward(gradient)");
        assertThatThrownBy(() -> y.backward(Tensor.zeros(3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[3]")
                .hasMessageContaining("[2]");
        assertThatThrownBy(() -> Var.constant(Tensor.zeros(1)).backward())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("nothing to differentiate");
    }

    @Test
    @DisplayName("a graph is walked back once, also when two results share a part of it")
    void twice() {
        Parameter x = parameter("x", 1, 2);
        Var trunk = Elementwise.scale(x, 2);
        Var loss = Reduction.sum(trunk);
        loss.backward();
        assertThatThrownBy(loss::backward)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("already");
        assertThat(grad(x)).containsExactly(2, 2);
        assertThatThrownBy(() -> Reduction.mean(trunk).backward())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("already");
        assertThat(grad(x)).containsExactly(2, 2);
    }

    @Test
    @DisplayName(
            "packed copies of a weight are renewed after valueChanged(), which counts up its version and no other's")
    void packedCopies() {
        Parameter x = parameter("x", 1);
        Var row = Var.constant(Tensor.of(new float[] {1}, 1, 1));
        Parameter weight = Var.parameter("w", Tensor.of(new float[] {2}, 1, 1));
        assertThat(Linear.linear(row, weight, Optional.empty()).value().item()).isEqualTo(2);
        assertThat(weight.version()).isZero();
        Changes ofBoth = new Changes();
        weight.countIn(ofBoth);
        x.countIn(ofBoth);
        weight.value().fill(3);
        weight.valueChanged();
        assertThat(weight.version()).isEqualTo(1);
        assertThat(ofBoth.count()).isEqualTo(1);
        assertThat(x.version()).isZero();
        assertThat(Linear.linear(row, weight, Optional.empty()).value().item()).isEqualTo(3);
        assertThat(x.toString()).contains("x").contains("[1]");
    }

    @Test
    @DisplayName("micro-batches add up to the gradient of the whole batch, within 1e-6")
    void microBatches() {
        Tensor inputs = normal(2, 12, 7);
        Parameter weight = Var.parameter("w", normal(3, 5, 7));
        Parameter norm = Var.parameter("norm", normal(4, 5));
        loss(Var.constant(inputs), weight, norm).backward();
        float[] whole = grad(weight);
        float[] wholeNorm = grad(norm);
        weight.clearGrad();
        norm.clearGrad();
        for (int from = 0; from < 12; from += 5) {
            loss(Var.constant(inputs.slice(0, from, Math.min(12, from + 5))), weight, norm)
                    .backward();
        }
        GradientCheck.assertClose("w", wide(grad(weight)), wide(whole), 1e-6);
        GradientCheck.assertClose("norm", wide(grad(norm)), wide(wholeNorm), 1e-6);
    }

    private static Var loss(Var inputs, Var weight, Var norm) {
        return Reduction.sum(RmsNorm.rmsNorm(Linear.linear(inputs, weight, Optional.empty()), norm, 1e-6f));
    }

    private static double[] wide(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }

    @Test
    @DisplayName("shape errors name the operation and the operand")
    void shapes() {
        Var x = Var.constant(normal(5, 2, 3));
        Var other = Var.constant(normal(6, 3, 2));
        Parameter weight = Var.parameter("q_proj.weight", normal(7, 4, 5));
        Var bias = Var.parameter("q_proj.bias", normal(8, 5));
        assertError(() -> Elementwise.add(x, other), "add", "[2, 3]", "[3, 2]");
        assertError(() -> Elementwise.multiply(x, other), "multiply", "[2, 3]", "[3, 2]");
        assertError(() -> SwiGlu.swiGlu(x, other), "swiGlu", "[2, 3]", "[3, 2]");
        assertError(() -> Linear.linear(x, weight, Optional.empty()), "linear", "q_proj.weight", "[4, 5]", "[4, 3]");
        assertError(
                () -> Linear.linear(x, Var.constant(normal(9, 4, 3)), Optional.of(bias)),
                "linear",
                "q_proj.bias",
                "[5]");
        assertError(() -> Linear.linear(bias, weight, Optional.empty()), "linear", "x has shape [5]");
        assertError(() -> Linear.linear(x, bias, Optional.empty()), "linear", "q_proj.bias", "[5]");
        assertError(() -> Linear.matmul(x, x), "matmul", "b has shape [2, 3]");
        assertError(() -> Linear.matmul(bias, x), "matmul", "a has shape [5]");
        Var left = Var.constant(Tensor.zeros(4, 2, 3));
        for (int[] extents : new int[][] {{4, 2, 3}, {5, 3, 2}, {3, 2}, {1, 3, 2}, {4, 3}}) {
            Tensor right = Tensor.zeros(extents);
            assertError(
                    () -> Linear.batchedMatmul(left, Var.constant(right)),
                    "batchedMatmul: a has shape [4, 2, 3] and b " + right.shape(),
                    "expected [B, M, K] and [B, K, N]");
        }
        assertError(() -> Linear.matmul(left, left), "matmul: a has shape [4, 2, 3]", "use batchedMatmul");
        assertError(() -> Linear.batchedMatmul(x, x), "[2, 3] and b [2, 3]", "for two matrices use matmul");
        assertError(() -> RmsNorm.rmsNorm(x, bias, 1e-6f), "rmsNorm", "q_proj.bias", "[2, 3]");
        assertError(
                () -> RmsNorm.rmsNorm(Var.constant(normal(10, 2, 6)), Var.constant(normal(11, 4)), 1e-6f),
                "rmsNorm",
                "[2, 6]");
        assertError(() -> Reduction.mean(Var.constant(Tensor.zeros(0))), "mean", "no elements");
        assertError(() -> Reduction.weightedSum(x, new float[5]), "weightedSum", "5 weights", "[2, 3]");
        assertError(() -> Rows.gather(bias, new int[1]), "gather", "[5]");
        Tensor table = Tensor.zeros(4, 2);
        assertError(
                () -> Rotary.rotary(x, RotaryForm.whole(4), table, table, new int[] {0, 1}),
                "rotary",
                "[2, 3]",
                "head size 4");
        assertError(
                () -> Rotary.rotary(x, RotaryForm.whole(3), table, table, new int[] {0, 1}), "rotary", "head size 3");
        Var heads = Var.constant(normal(12, 2, 4));
        assertError(() -> Rotary.rotary(heads, RotaryForm.whole(4), table, table, new int[1]), "rotary", "1 positions");
        assertError(
                () -> Rotary.rotary(heads, RotaryForm.whole(4), table, Tensor.zeros(4, 1), new int[2]),
                "rotary",
                "sin",
                "[4, 1]");
        assertThatThrownBy(() -> Rotary.rotary(heads, RotaryForm.whole(4), table, table, new int[] {0, 4}))
                .isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessageContaining("rotary")
                .hasMessageContaining("position 4");
        assertThatThrownBy(() -> Rows.gather(weight, new int[] {1, 4}))
                .isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessageContaining("gather")
                .hasMessageContaining("q_proj.weight")
                .hasMessageContaining("4");
    }

    @Test
    @DisplayName(
            "a provided gradient is zeros to add to, and keeps its memory when it is cleared, in a workspace or not")
    void provided() {
        Parameter x = parameter("x", 1, 2);
        x.provideGrad();
        Tensor gradient = x.grad().orElseThrow();
        assertThat(grad(x)).containsExactly(0, 0);
        Reduction.sum(Elementwise.scale(x, 3)).backward();
        x.provideGrad();
        assertThat(grad(x)).as("what is there stays").containsExactly(3, 3);
        x.clearGrad();
        assertThat(x.grad()).isEmpty();
        x.provideGrad();
        assertThat(x.grad().orElseThrow()).isSameAs(gradient);
        assertThat(grad(x)).containsExactly(0, 0);
        x.clearGrad();
        Reduction.sum(Elementwise.multiply(x, x)).backward();
        assertThat(x.grad().orElseThrow()).isSameAs(gradient);
        assertThat(grad(x)).containsExactly(2, 4);
    }

    @Test
    @DisplayName("refreshed copies are those of the value: products read the new one")
    void refreshed() {
        Parameter weight = Var.parameter("w", normal(1, 3, 4)); // [M, K]
        Var x = Var.constant(normal(2, 2, 4)); // [N, K]
        weight.refreshCopies(); // there is none
        Linear.linear(x, weight, Optional.empty());
        Tensor other = normal(3, 3, 4); // [M, K]
        weight.value().copyFrom(other);
        weight.valueChanged();
        weight.refreshCopies();
        assertThat(Linear.linear(x, weight, Optional.empty()).value().toFloatArray())
                .containsExactly(Linear.linear(x, Var.parameter("other", other), Optional.empty())
                        .value()
                        .toFloatArray());
    }

    private static void assertError(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String... parts) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContainingAll(parts);
    }
}
