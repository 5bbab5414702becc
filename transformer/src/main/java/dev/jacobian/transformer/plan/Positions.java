// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

/**
 * How the position of a token enters attention. A table that is added to the embeddings once, as in GPT-2, belongs to {@link
 * Embedding}.
 */
public sealed interface Positions {
    /**
     * Queries and keys are rotated (Su et al., 2021, arXiv:2104.09864).
     *
     * @param rope how the frequencies come about
     * @param dimensions elements at the beginning of a head that are rotated; the rest stays as it is
     * @param pairing which of them are turned together
     */
    record Rotary(RopeConfig rope, int dimensions, Pairing pairing) implements Positions {
        /** Pairs that are half of the dimensions apart. */
        public Rotary(RopeConfig rope, int dimensions) {
            this(rope, dimensions, Pairing.HALVES);
        }

        /** The same with pairs of neighbours. */
        public Rotary neighbours() {
            return new Rotary(rope, dimensions, Pairing.NEIGHBOURS);
        }
    }

    /** The two elements of pair i. */
    enum Pairing {
        /** i and i + dimensions / 2, as most models have it. */
        HALVES,
        /** 2i and 2i + 1, called interleaved. */
        NEIGHBOURS
    }

    /**
     * The same, and queries grow with their position: they are multiplied by {@code 1 + beta · ln(1 + ⌊position / period⌋)}, so
     * that attention stays sharp among many keys (Llama 4, Ministral 3; the idea is Nakanishi's, 2025, arXiv:2501.19399).
     *
     * @param rotary of queries and keys
     * @param beta how fast they grow
     * @param period positions below it are left as they are
     */
    record GrowingQueries(Rotary rotary, double beta, int period) implements Positions {
        /** What a query is multiplied by. */
        public float factor(int position) {
            return (float) (1 + beta * StrictMath.log(1 + position / period));
        }
    }

    /** It does not: order is known from the causal mask alone (Kazemnejad et al., 2023, arXiv:2305.19466). */
    record None() implements Positions {}
}
