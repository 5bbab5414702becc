// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import java.util.Optional;
import java.util.Random;

/** Batches for the objective tests. */
final class Fixtures {
    static final int[] OFFSETS = {0, 2, 8, 11, 12};
    static final int[] LENGTHS = {2, 6, 3, 1};
    static final float[] NEW = {-.9f, -.4f, -1.1f, -.7f, -.2f, -1.5f, -.6f, -.3f, -2, -.1f, -.8f, -.5f};
    static final float[] OLD = {-1, -.5f, -1, -.9f, -.2f, -1.2f, -.6f, -.4f, -1.6f, -.1f, -.9f, -.9f};
    static final float[] REF = {-1.2f, -.5f, -1, -.8f, -.3f, -1.2f, -.5f, -.4f, -1.5f, -.2f, -.9f, -1};

    private Fixtures() {}

    /** The group of four with hand-checkable numbers: rewards 1, 0, 0, 1. */
    static TokenBatch golden(double... advantages) {
        return new TokenBatch(
                NEW, OLD, Optional.of(REF), TokenBatch.spread(advantages, OFFSETS), OFFSETS, all(NEW.length));
    }

    /** The same, scored by the policy that sampled it. */
    static TokenBatch goldenOnPolicy(double... advantages) {
        return new TokenBatch(
                NEW, NEW, Optional.of(REF), TokenBatch.spread(advantages, OFFSETS), OFFSETS, all(NEW.length));
    }

    /**
     * A random batch whose log-probabilities are multiples of 2^-12, so that a finite difference with a step of 2^-10
     * has no rounding in float. About one token in five is masked.
     */
    static TokenBatch random(long seed, int... sequenceTokens) {
        Random random = new Random(seed);
        int[] offsets = new int[sequenceTokens.length + 1];
        double[] advantages = new double[sequenceTokens.length];
        for (int s = 0; s < sequenceTokens.length; s++) {
            offsets[s + 1] = offsets[s] + sequenceTokens[s];
            advantages[s] = random.nextGaussian();
        }
        int tokens = offsets[sequenceTokens.length];
        float[] now = new float[tokens];
        float[] old = new float[tokens];
        float[] ref = new float[tokens];
        boolean[] mask = new boolean[tokens];
        for (int t = 0; t < tokens; t++) {
            now[t] = onGrid(-2 * random.nextDouble());
            old[t] = now[t] + onGrid(0.4 * random.nextGaussian());
            ref[t] = now[t] + onGrid(0.5 * random.nextGaussian());
            mask[t] = random.nextInt(5) > 0;
        }
        return new TokenBatch(now, old, Optional.of(ref), TokenBatch.spread(advantages, offsets), offsets, mask);
    }

    static boolean[] all(int tokens) {
        boolean[] mask = new boolean[tokens];
        java.util.Arrays.fill(mask, true);
        return mask;
    }

    private static float onGrid(double value) {
        return (float) (Math.rint(value * 4096) / 4096);
    }
}
