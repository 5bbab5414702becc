// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

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
     * @param activation between them; GELU of either form
     * @param biases of the two projections; {@link Biases#INPUTS} is that of up
     */
    record Plain(int inner, Activation activation, Biases biases) implements FeedForward {
        /** The same with biases. */
        public Plain biases(Biases other) {
            return new Plain(inner, activation, other);
        }
    }
}
