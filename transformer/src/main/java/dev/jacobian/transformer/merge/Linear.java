// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.merge;

import java.util.Set;

/**
 * A weighted mean: y = Σ wᵢ xᵢ, divided by Σ wᵢ unless {@code normalize} is false ("Model soups", arXiv 2203.05482). With equal weights it is
 * the average by which Kimi k1.5 makes a long and a short model one.
 *
 * <p>A model of weight 0 is not read, so that one with weight 1 beside it comes back bit for bit.
 */
record Linear() implements MergeMethod {
    @Override
    public String name() {
        return "linear";
    }

    @Override
    public String about() {
        return "weighted mean of the models";
    }

    @Override
    public boolean needsBase() {
        return false;
    }

    @Override
    public Set<String> modelParameters() {
        return Set.of("weight");
    }

    @Override
    public Set<String> parameters() {
        return Set.of("normalize");
    }

    @Override
    public void requireModels(int models) {
        if (models < 1) {
            throw new IllegalArgumentException("linear needs at least one model");
        }
    }

    @Override
    public void check(MergedTensor tensor) {
        if (isNormalized(tensor) && total(tensor) == 0) {
            throw new IllegalArgumentException("the weights for " + tensor.name()
                    + " have the sum 0, and normalize divides by it; change them or set normalize to false");
        }
    }

    private static boolean isNormalized(MergedTensor tensor) {
        return tensor.isOn("normalize", true);
    }

    private static float total(MergedTensor tensor) {
        float total = 0;
        for (MergedTensor.Source model : tensor.models()) {
            total += (float) model.parameter("weight");
        }
        return total;
    }

    @Override
    public float[] merge(MergedTensor tensor) {
        int n = tensor.elements();
        float[] merged = new float[n];
        boolean isFirst = true;
        for (MergedTensor.Source model : tensor.models()) {
            float weight = (float) model.parameter("weight");
            if (weight == 0) {
                continue;
            }
            float[] x = model.read();
            boolean overwrites = isFirst; // 0 + x would lose the sign of a zero
            Pieces.run(n, (from, to) -> {
                for (int i = from; i < to; i++) {
                    merged[i] = overwrites ? weight * x[i] : merged[i] + weight * x[i];
                }
            });
            isFirst = false;
        }
        if (isNormalized(tensor)) {
            float total = total(tensor);
            Pieces.run(n, (from, to) -> {
                for (int i = from; i < to; i++) {
                    merged[i] /= total;
                }
            });
        }
        return merged;
    }
}
