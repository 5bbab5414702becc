// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Who gets which array, and when it comes back. */
class WorkspaceTest {
    private final Workspace workspace = Workspace.poisoning();

    @Test
    @DisplayName("outside of a scope tensors are ordinary arrays of exactly their size")
    void noScope() {
        Tensor tensor = Workspace.tensor(100, 100); // [100, 100]
        assertThat(tensor.floats()).hasSize(10_000).containsOnly(0f);
        assertThat(Workspace.owns(tensor)).isFalse();
        assertThat(Workspace.release(tensor)).isFalse();
    }

    @Test
    @DisplayName("a scope's arrays serve the next scope, also for a slightly smaller tensor, and nothing grows")
    void reuse() {
        float[][] arrays = new float[2][];
        workspace.run(() -> arrays[0] = Workspace.tensor(100, 100).floats());
        long bytes = workspace.bytes();
        workspace.run(() -> arrays[1] = Workspace.tensor(99, 100).floats());
        assertThat(arrays[1]).isSameAs(arrays[0]);
        assertThat(workspace.bytes()).isEqualTo(bytes);
    }

    @Test
    @DisplayName("two living tensors never share an array")
    void distinct() {
        workspace.run(() -> {
            Map<float[], Tensor> living = new IdentityHashMap<>();
            List<Tensor> order = new ArrayList<>();
            Rng rng = new Rng(3, 0);
            for (int i = 0; i < 2000; i++) {
                if (order.size() > 20) {
                    Tensor gone = order.remove(rng.nextInt(order.size()));
                    living.remove(gone.floats());
                    assertThat(Workspace.release(gone)).isTrue();
                }
                Tensor tensor = Workspace.tensor(1 + rng.nextInt(5000));
                assertThat(tensor.floats().length).isGreaterThanOrEqualTo(tensor.elements());
                assertThat(living.put(tensor.floats(), tensor)).isNull();
                order.add(tensor);
                if (!Workspace.owns(tensor)) {
                    order.remove(tensor); // too small to be recycled
                }
            }
        });
    }

    @Test
    @DisplayName("an array with two claims comes back with the second release")
    void claims() {
        workspace.run(() -> {
            Tensor tensor = Workspace.tensor(1000);
            Workspace.retain(tensor);
            assertThat(Workspace.release(tensor)).isFalse();
            assertThat(tensor.floats()[0]).isZero();
            assertThat(Workspace.release(tensor)).isTrue();
            assertThat(tensor.floats()[0]).as("poisoned").isNaN();
        });
    }

    @Test
    @DisplayName("an inner scope gives back its own arrays only, and hands on its result")
    void nesting() {
        workspace.run(() -> {
            Tensor outer = Workspace.tensor(1000);
            Tensor[] dropped = new Tensor[1];
            Tensor kept = Workspace.keepResult(() -> {
                dropped[0] = Workspace.tensor(1000);
                return Workspace.tensor(1000);
            });
            assertThat(dropped[0].floats()[0]).isNaN();
            assertThat(kept.floats()[0]).isZero();
            assertThat(outer.floats()[0]).isZero();
            assertThat(Workspace.owns(kept)).isTrue();
            assertThat(Workspace.owns(outer)).isTrue();
        });
    }

    @Test
    @DisplayName("what fails inside gives everything back all the same")
    void failure() {
        Tensor[] tensor = new Tensor[1];
        assertThatThrownBy(() -> workspace.run(() -> {
                    tensor[0] = Workspace.tensor(1000);
                    throw new IllegalStateException("broken");
                }))
                .hasMessage("broken");
        assertThat(Workspace.isActive()).isFalse();
        assertThat(tensor[0].floats()[0]).isNaN();
    }

    @Test
    @DisplayName("an action for the end of a scope runs once, when that scope ends and not an inner one")
    void actions() {
        List<String> order = new ArrayList<>();
        assertThat(Workspace.scope().atEnd(() -> order.add("never"))).isFalse();
        workspace.run(() -> {
            Workspace.Scope outer = Workspace.scope();
            Workspace.inner(() -> {
                assertThat(outer.atEnd(() -> order.add("outer"))).isTrue();
                assertThat(Workspace.scope().atEnd(() -> order.add("inner"))).isTrue();
            });
            order.add("between");
        });
        workspace.run(() -> {});
        assertThat(order).containsExactly("inner", "between", "outer");
    }

    @Test
    @DisplayName("arrays that nobody wants any more are let go")
    void idle() {
        workspace.run(() -> Workspace.tensor(1_000_000));
        for (int i = 0; i < 10; i++) {
            workspace.run(() -> Workspace.tensor(1000));
        }
        assertThat(workspace.bytes()).isLessThan(10_000);
    }

    @Test
    @DisplayName("one workspace does not serve two scopes side by side")
    void oneUser() {
        Workspace other = new Workspace();
        assertThatThrownBy(() -> workspace.run(() -> other.run(() -> workspace.run(() -> {}))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("a workspace of its own");
    }
}
