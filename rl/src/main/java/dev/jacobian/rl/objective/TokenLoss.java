// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * A loss of single tokens, in closed form: all that differs between the methods whose tokens do not know each other. {@link
 * TokenObjective} makes a {@link PolicyObjective} of it.
 */
public interface TokenLoss {
    /**
     * A token's loss and its derivative.
     *
     * @param loss to be minimised
     * @param derivative dloss/dlogp. Of a loss with a constant weight that of the rest, as an automatic gradient would have it
     * @param clipped whether a bound acted
     */
    record Slope(double loss, double derivative, Side clipped) {
        /** No bound acted. */
        public Slope(double loss, double derivative) {
            this(loss, derivative, Side.NONE);
        }
    }

    /** The side on which a ratio was bounded. */
    enum Side {
        /** Not at all. */
        NONE,
        /** It would have been smaller. */
        LOW,
        /** It would have been larger. */
        HIGH
    }

    /**
     * The loss of a token.
     *
     * @param logProb log π_θ, in nats
     * @param oldLogProb log π_old
     * @param advantage A
     */
    Slope at(double logProb, double oldLogProb, double advantage);
}
