// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.TensorSpec;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class FetchedWeightsTest {
    private final DecoderPlan plan = Families.read(TestPaths.model("llama-gqa")).plan();
    private final int threads = ComputePool.threads();

    @BeforeEach
    void threeThreads() {
        ComputePool.setThreads(3);
    }

    @AfterEach
    void restoreThreads() {
        ComputePool.setThreads(threads);
    }

    /** A source that several threads may ask; it waits until more than one does. */
    private static class Concurrent implements Weights {
        final Set<Thread> askers = ConcurrentHashMap.newKeySet();
        private final CountDownLatch second = new CountDownLatch(2);

        @Override
        public boolean isConcurrent() {
            return true;
        }

        @Override
        public Var get(TensorSpec spec) {
            if (askers.add(Thread.currentThread())) {
                second.countDown();
            }
            try {
                second.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return Weights.parameter(spec, Tensor.zeros(spec.shape()));
        }
    }

    @Test
    @DisplayName("several threads fetch, and each tensor is at its place")
    void places() {
        Concurrent source = new Concurrent();
        FetchedWeights fetched = new FetchedWeights(plan, source);
        assertThat(source.askers).hasSizeGreaterThan(1);
        List<TensorSpec> specs = plan.tensors();
        for (int i = 0; i < specs.size(); i++) {
            assertThat(((Var) fetched.weight(i)).value().shape())
                    .isEqualTo(Tensor.zeros(specs.get(i).shape()).shape());
        }
    }

    @Test
    @DisplayName("of several tensors that are wrong the first in the plan's order is told of")
    void firstFailure() {
        List<String> names = plan.tensors().stream().map(TensorSpec::name).toList();
        Weights broken = new Concurrent() {
            @Override
            public Var get(TensorSpec spec) {
                Var weight = super.get(spec);
                if (names.indexOf(spec.name()) >= 4) {
                    throw new IllegalStateException(spec.name());
                }
                return weight;
            }
        };
        assertThatIllegalStateException()
                .isThrownBy(() -> new FetchedWeights(plan, broken))
                .withMessage(names.get(4));
    }
}
