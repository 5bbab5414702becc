// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

import java.util.Optional;

/** What a layer computes on each position alone. */
public sealed interface FeedForward {
    /** Width between the projections. */
    int inner();

    /**
     * {@code down(activation(gate(x)) · up(x))} (Shazeer, 2020, arXiv:2002.05202).
     *
     * @param inner width between the projections
     * @param activation of the gate
     * @param biases of the three projections; {@link Biases#INPUTS} are those of gate and up
     */
    record Gated(int inner, Activation activation, Biases biases) implements FeedForward {
        /** The same with biases. */
        public Gated biases(Biases other) {
            return new Gated(inner, activation, other);
        }
    }

    /**
     * {@code down(activation(up(x)))}, as in the first transformers.
     *
     * @param inner width between the projections
     * @param activation between them
     * @param biases of the two projections; {@link Biases#INPUTS} is that of up
     */
    record Plain(int inner, Activation activation, Biases biases) implements FeedForward {
        /** The same with biases. */
        public Plain biases(Biases other) {
            return new Plain(inner, activation, other);
        }
    }

    /**
     * Mixture of experts: each of them a gated feed-forward of its own, of which a router chooses some for each token; their
     * outputs are added up by the router's weights.
     *
     * @param count E, experts
     * @param router how they are chosen
     * @param inner width between an expert's projections
     * @param gating what is between them
     * @param biases of an expert's three projections; {@link Biases#INPUTS} are those of gate and up
     * @param shared a feed-forward that every token goes through beside them
     */
    record Experts(int count, Router router, int inner, Gating gating, Biases biases, Optional<Shared> shared)
            implements FeedForward {
        /** What is between the projections of an expert. */
        public enum Gating {
            /** {@code silu(gate) · up}. */
            SWIGLU,
            /** {@code (u + 1) · g · sigmoid(1.702 · g)}, g the gate up to 7 and u the other between −7 and 7 (gpt-oss). */
            CLAMPED_SWIGLU
        }

        /**
         * A gated feed-forward with silu and without biases, whose output is added to that of the experts.
         *
         * @param inner width between the projections
         * @param gated whether the output is first multiplied by the sigmoid of a projection to one number (Qwen)
         */
        public record Shared(int inner, boolean gated) {}

        /** Experts with silu and without biases. */
        public static Experts of(int count, Router router, int inner) {
            return new Experts(count, router, inner, Gating.SWIGLU, Biases.NONE, Optional.empty());
        }

        /** The same with something else between the projections. */
        public Experts gating(Gating other) {
            return new Experts(count, router, inner, other, biases, shared);
        }

        /** The same with biases. */
        public Experts biases(Biases other) {
            return new Experts(count, router, inner, gating, other, shared);
        }

        /** The same with a feed-forward for every token. */
        public Experts shared(Shared other) {
            return shared(Optional.of(other));
        }

        /** The same with a feed-forward for every token, or without. */
        public Experts shared(Optional<Shared> other) {
            return new Experts(count, router, inner, gating, biases, other);
        }
    }
}
