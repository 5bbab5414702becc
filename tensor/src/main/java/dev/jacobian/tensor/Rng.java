// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * Counter-based random numbers: Philox 4×32 with 10 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * 2011).
 *
 * <p>A number is a pure function of a key and a counter, so what is drawn for (seed, prompt, sample, position) does not
 * depend on batching, threads or the order of calls, and a resumed run needs no saved state. The instance methods are a
 * convenience for sequential code: they count for you.
 */
public final class Rng {
    private static final int ROUNDS = 10;

    private final long seed;
    private final int streamHigh;
    private final int streamLow;
    private long counter;

    /** A sequential generator; different streams of one seed are independent. */
    public Rng(long seed, long stream) {
        this.seed = seed;
        this.streamHigh = (int) (stream >>> 32);
        this.streamLow = (int) stream;
    }

    /**
     * The first 64 bits of the Philox block with the given key and counter.
     *
     * @param seed the key
     * @return bits 0..31 in the low half, 32..63 in the high half
     */
    public static long bits(long seed, int c0, int c1, int c2, int c3) {
        int k0 = (int) seed;
        int k1 = (int) (seed >>> 32);
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = (c0 & 0xFFFFFFFFL) * 0xD2511F53L;
            long product1 = (c2 & 0xFFFFFFFFL) * 0xCD9E8D57L;
            int n0 = (int) (product1 >>> 32) ^ c1 ^ k0;
            int n2 = (int) (product0 >>> 32) ^ c3 ^ k1;
            c1 = (int) product1;
            c3 = (int) product0;
            c0 = n0;
            c2 = n2;
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }
        return (c0 & 0xFFFFFFFFL) | ((long) c1 << 32);
    }

    /** A number in [0, 1) with 24 random bits, keyed by seed and four coordinates. */
    public static float uniform(long seed, int c0, int c1, int c2, int c3) {
        return (bits(seed, c0, c1, c2, c3) & 0xFFFFFF) * 0x1p-24f;
    }

    /** The next 64 random bits of this stream. */
    public long nextLong() {
        long n = counter++;
        return bits(seed, (int) n, (int) (n >>> 32), streamLow, streamHigh);
    }

    /** A number in [0, bound) without bias. */
    public int nextInt(int bound) {
        if (bound <= 0) {
            throw new IllegalArgumentException("bound must be positive, got " + bound);
        }
        long limit = (1L << 32) / bound * bound;
        long bits;
        do {
            bits = nextLong() & 0xFFFFFFFFL;
        } while (bits >= limit);
        return (int) (bits % bound);
    }

    /** A number in [0, 1) with 24 random bits. */
    public float nextFloat() {
        return (nextLong() & 0xFFFFFF) * 0x1p-24f;
    }

    /** A number in [0, 1) with 53 random bits. */
    public double nextDouble() {
        return (nextLong() >>> 11) * 0x1p-53;
    }

    /** A standard normal number (Box–Muller on two uniform numbers; {@link StrictMath}, so the same bits everywhere). */
    public double nextGaussian() {
        double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - nextDouble()));
        return radius * StrictMath.cos(2 * StrictMath.PI * nextDouble());
    }
}
