// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;

/**
 * Rates of decay: logarithms here, the negative rates themselves in a file.
 *
 * <p>Decision: the rate is the one that the kernel of {@link dev.jacobian.autograd.DeltaRule#decay} computes, and of a file's rate the
 * logarithm is looked for whose rate it is. So what is written and read back fades by the same bits, although several logarithms
 * may have one rate; a rate that has none, as another program may have rounded it, gets the nearest.
 */
record Rates() implements GgufForm {
    /** Below it the kernel's exponential function no longer changes. */
    private static final float LEAST = -104;

    /** Numbers beside the logarithm that are tried; it is off by less. */
    private static final int NEIGHBOURS = 8;

    /** A place where softplus(x) is x, so that the logarithm of what is left of a state falls by the rate itself. */
    private static final float FAR = 128;

    @Override
    public boolean keepsNumbers() {
        return false;
    }

    /** The kernel's exp: the gradient of exp(−rate · softplus(x)) is −rate where all but it is 1. */
    @Override
    public Tensor toFile(Tensor logRates) {
        int heads = logRates.elements();
        Tensor ones = Tensor.zeros(1, heads); // [1, H]
        ones.fill(1);
        Tensor x = Tensor.zeros(1, heads); // [1, H]
        x.fill(FAR);
        Tensor negative = Tensor.zeros(1, heads); // [1, H]
        Backends.cpu().recurrent().decayBackward(ones, x, logRates, Tensor.zeros(heads), ones, negative, null);
        return negative.reshape(heads);
    }

    @Override
    public Tensor fromFile(Tensor negative) {
        float[] rates = negative.toFloatArray();
        int heads = rates.length;
        float[] best = new float[heads];
        float[] distance = new float[heads];
        Arrays.fill(distance, Float.POSITIVE_INFINITY);
        float[] tried = new float[heads];
        for (int h = 0; h < heads; h++) {
            if (!(rates[h] <= 0) || Float.isInfinite(rates[h])) {
                throw new IllegalArgumentException(
                        "the rate of decay of head " + h + " is " + rates[h] + "; it is stored as a negative number");
            }
            tried[h] = Math.max(LEAST, (float) StrictMath.log(-rates[h]));
            for (int i = 0; i < NEIGHBOURS; i++) {
                tried[h] = Math.nextDown(tried[h]);
            }
        }
        for (int i = -NEIGHBOURS; i <= NEIGHBOURS; i++) {
            float[] found = toFile(Tensor.of(tried.clone(), heads)).toFloatArray();
            for (int h = 0; h < heads; h++) {
                float off = Math.abs(found[h] - rates[h]);
                if (off < distance[h]) {
                    distance[h] = off;
                    best[h] = tried[h];
                }
                tried[h] = Math.nextUp(tried[h]);
            }
        }
        return Tensor.of(best, heads);
    }
}
