// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.ExpertWeights;
import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.Role;
import dev.jacobian.transformer.plan.TensorSpec;
import dev.jacobian.transformer.plan.TensorSpec.Kind;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/**
 * All tensors of a plan out of their source, by all compute threads where it {@linkplain Weights#isConcurrent admits that}.
 *
 * <p>Decision: what is wrong with several tensors is told of the first in the order of the plan, whoever came upon it first.
 */
final class FetchedWeights {
    private final List<TensorSpec> specs;
    private final LinearWeight[] weights; // by place in the plan, where there are no experts
    private final ExpertWeights[] experts;
    private final boolean isTied;
    private Optional<LowRankRows> embeddingRows = Optional.empty();
    private Optional<LinearWeight> tiedHead = Optional.empty();

    FetchedWeights(DecoderPlan plan, Weights source) {
        specs = plan.tensors();
        isTied = plan.head() instanceof Head.TiedTokens;
        weights = new LinearWeight[specs.size()];
        experts = new ExpertWeights[specs.size()];
        if (source.isConcurrent()) {
            inOrderOfFailure(specs.size(), i -> fetch(i, source));
        } else {
            for (int i = 0; i < specs.size(); i++) {
                fetch(i, source);
            }
        }
    }

    private void fetch(int place, Weights source) {
        TensorSpec spec = specs.get(place);
        if (spec.kind() == Kind.EXPERTS) {
            experts[place] = source.experts(spec);
            return;
        }
        weights[place] = switch (spec.kind()) {
            case TABLE -> source.table(spec);
            case MATRIX -> isRouter(spec.role()) ? source.router(spec) : source.linear(spec);
            case EXPERT_BIASES, GAIN, GAIN_LESS_ONE, HEAD_GAINS, BIAS, TAPS, PER_HEAD -> source.get(spec);
            case EXPERTS -> throw new AssertionError(spec);
            case BUFFER -> source.buffer(spec);
        };
        if (spec.role() == Role.EMBEDDING) {
            embeddingRows = source.rows(spec);
            if (isTied) { // at once, while few other tensors are there: it may need room for another form of the table
                tiedHead = Optional.of(source.tiedHead(spec, (Var) weights[place]));
            }
        }
    }

    /** Whether a matrix decides where tokens go, which needs F32. */
    private static boolean isRouter(Role role) {
        return role == Role.ROUTER || role == Role.SHARED_WEIGHT;
    }

    private static void inOrderOfFailure(int tasks, IntConsumer task) {
        AtomicInteger failed = new AtomicInteger(tasks); // the first that has
        RuntimeException[] failures = new RuntimeException[tasks];
        ComputePool.run(tasks, i -> {
            if (i < failed.get()) {
                try {
                    task.accept(i);
                } catch (RuntimeException e) {
                    failures[i] = e;
                    failed.accumulateAndGet(i, Math::min);
                }
            }
        });
        if (failed.get() < tasks) {
            throw failures[failed.get()];
        }
    }

    /** The weight at a place of the plan that is not one of experts. */
    LinearWeight weight(int place) {
        return Objects.requireNonNull(weights[place]);
    }

    /** What an adapter adds to the embedding's rows. */
    Optional<LowRankRows> embeddingRows() {
        return embeddingRows;
    }

    /** The embedding as the weight of the head, where that is tied to it. */
    Optional<LinearWeight> tiedHead() {
        return tiedHead;
    }

    /** The weights of experts at a place of the plan. */
    ExpertWeights experts(int place) {
        return Objects.requireNonNull(experts[place]);
    }
}
