// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;

/**
 * Which elements {@link LowRankWeight}s of a model leave out of what they read, while it is trained: each with the same probability, the others
 * are multiplied by {@code 1/(1 − rate)}.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Nothing is left out but between {@link #begin} and {@link #end}: scoring, sampling and evaluation never do.
 *   <li>What is left out is a function of the seed, the pass, the weight, and the element's place in the packed batch. So a layer that is computed
 *       again in backward leaves out the same, and so does a resumed run; a batch that is packed otherwise does not.
 * </ul>
 */
public final class LowRankDropout {
    /** Leaves nothing out. */
    public static final LowRankDropout NONE = new LowRankDropout(0, 0);

    private final double rate;
    private final long seed;
    private final long threshold; // of 32 random bits
    private boolean active;
    private long pass;

    /**
     * Leaves out elements with a probability.
     *
     * @throws IllegalArgumentException unless it is in [0, 1)
     */
    public LowRankDropout(double rate, long seed) {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException("a dropout rate is at least 0 and less than 1, not " + rate);
        }
        this.rate = rate;
        this.seed = seed;
        this.threshold = Math.round(rate * 0x1p32);
    }

    /** The key of all choices. */
    public long seed() {
        return seed;
    }

    /** Equal for passes that leave out the same. */
    public Object passing() {
        return active ? pass : "nothing";
    }

    /** The probability. */
    public double rate() {
        return rate;
    }

    /**
     * Begins a forward and backward pass.
     *
     * @param number a number of its own for each pass of a run: counted on from step to step, the same when a run is resumed
     */
    public void begin(long number) {
        active = rate > 0;
        pass = number;
    }

    /** Ends it. */
    public void end() {
        active = false;
    }

    /** The choices of one weight, which has a number of its own. */
    public Stream stream(int weight) {
        return new Stream(this, weight);
    }

    /** The choices of one weight. */
    public static final class Stream {
        private final LowRankDropout all;
        private final int weight;

        private Stream(LowRankDropout all, int weight) {
            this.all = all;
            this.weight = weight;
        }

        boolean isActive() {
            return all.active;
        }

        /** What is left of [N, K] rows; the rows themselves where nothing is left out. */
        Tensor kept(Tensor rows) {
            if (!all.active) {
                return rows;
            }
            Tensor kept = Workspace.like(rows); // [N, K]
            if (!rows.device().equals(Device.COUNTED)) {
                kept.copyFrom(Tensor.of(factors(rows.elements()), rows.shape().toArray())
                        .to(rows.dtype()));
            }
            Backends.of(rows.device()).elementwise().multiply(rows, kept, kept);
            return kept;
        }

        /** Gives back what {@link #kept} made. */
        void release(Tensor kept, Tensor rows) {
            if (kept != rows) {
                Workspace.release(kept);
            }
        }

        private float[] factors(int elements) {
            float[] factors = new float[elements];
            float factor = (float) (1 / (1 - all.rate));
            for (int i = 0; i < elements; i += 2) {
                long bits = Rng.bits(all.seed, i >>> 1, weight, (int) all.pass, (int) (all.pass >>> 32));
                factors[i] = (bits & 0xFFFFFFFFL) < all.threshold ? 0 : factor;
                if (i + 1 < elements) {
                    factors[i + 1] = bits >>> 32 < all.threshold ? 0 : factor;
                }
            }
            return factors;
        }
    }
}
