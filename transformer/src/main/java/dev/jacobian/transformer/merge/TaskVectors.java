// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.merge;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The base plus what the other models have learned: δᵢ = xᵢ − base, made sparse, weighted, added. Task arithmetic (arXiv 2212.04089), TIES
 * (2306.01708) and DARE (2311.03099) differ in what of δ stays and in whether signs must agree:
 *
 * <pre>
 *   Dᵢ = wᵢ · sparse(δᵢ)
 *   with agreement:  s = sign of Σ Dᵢ (+ for 0);  M = Σ Dᵢ where sign(Dᵢ) = s;  q = Σ wᵢ there, 1 where that is 0
 *   without:         M = Σ Dᵢ;                                                 q = Σ wᵢ, 1 if that is below 1e-8
 *   y = base + lambda · (normalize ? M / q : M)
 * </pre>
 *
 * <p>{@code rescale} multiplies a sparse δ by what gives its elements the sum of magnitudes that they had before: mergekit's form of DARE's
 * 1/density, which that is on average.
 *
 * @param name mergekit's
 * @param about one line
 * @param sparsifier what stays of δ
 * @param agreement whether elements count only where they have the sign of the sum
 * @param normalizes the default of {@code normalize}
 * @param rescales the default of {@code rescale}
 */
record TaskVectors(
        String name, String about, Sparsifier sparsifier, boolean agreement, boolean normalizes, boolean rescales)
        implements MergeMethod {
    static final MergeMethod TASK_ARITHMETIC = new TaskVectors(
            "task_arithmetic",
            "the base plus weighted differences of the others to it",
            Sparsifier.NONE,
            false,
            false,
            false);
    static final MergeMethod TIES = new TaskVectors(
            "ties",
            "the largest differences to the base, where their signs agree",
            Sparsifier.MAGNITUDE,
            true,
            true,
            false);
    static final MergeMethod DARE_LINEAR = new TaskVectors(
            "dare_linear", "random differences to the base, rescaled", Sparsifier.RANDOM, false, false, true);
    static final MergeMethod DARE_TIES = new TaskVectors(
            "dare_ties",
            "random differences to the base, rescaled, where their signs agree",
            Sparsifier.RANDOM,
            true,
            false,
            true);

    private static final double NO_SUM = 1e-7;
    private static final double NO_WEIGHT = 1e-8;

    @Override
    public boolean needsBase() {
        return true;
    }

    @Override
    public Set<String> modelParameters() {
        return sparsifier == Sparsifier.NONE ? Set.of("weight") : Set.of("weight", "density");
    }

    @Override
    public Set<String> parameters() {
        return Set.of("normalize", "rescale", "lambda", "int8_mask");
    }

    @Override
    public void requireModels(int models) {
        if (models < 2) {
            throw new IllegalArgumentException(
                    name + " adds to the base what other models have learned; name at least one beside it");
        }
    }

    @Override
    public void check(MergedTensor tensor) {
        // Read, so that a value that is none is told of before anything is written.
        var _ = tensor.parameter("lambda", 1);
        var _ = normalizes(tensor);
        var _ = rescales(tensor);
        var _ = tensor.isOn("int8_mask", false);
        for (MergedTensor.Source model : tensor.models()) {
            if (model.isBase()) {
                continue;
            }
            var _ = model.parameter("weight");
            double density = model.parameter("density", 1);
            if (!(density > 0 && density <= 1)) {
                throw new IllegalArgumentException("density for " + tensor.name() + " is " + density
                        + "; it is the share that stays, more than 0 and at most 1");
            }
            if (!sparsifier.keepsAny(density, tensor.elements())) {
                throw new IllegalArgumentException("density " + density + " keeps none of the " + tensor.elements()
                        + " elements of " + tensor.name() + "; choose a larger one, or a filter for this tensor");
            }
        }
    }

    @Override
    public float[] merge(MergedTensor tensor) {
        float[] base = base(tensor).read();
        List<float[]> changes = new ArrayList<>();
        List<Float> weights = new ArrayList<>();
        for (MergedTensor.Source model : tensor.models()) {
            float weight = (float) (model.isBase() ? 0 : model.parameter("weight"));
            if (weight != 0) {
                changes.add(change(model, base, weight, tensor));
                weights.add(weight);
            }
        }
        if (!changes.isEmpty()) {
            add(base, changes, weights, tensor);
        }
        return base;
    }

    private static MergedTensor.Source base(MergedTensor tensor) {
        return tensor.models().stream()
                .filter(MergedTensor.Source::isBase)
                .findFirst()
                .orElseThrow();
    }

    /** D of one model. */
    private float[] change(MergedTensor.Source model, float[] base, float weight, MergedTensor tensor) {
        float[] delta = model.read();
        int n = delta.length;
        Pieces.run(n, (from, to) -> {
            for (int i = from; i < to; i++) {
                delta[i] -= base[i];
            }
        });
        double density = model.parameter("density", 1);
        double before = density < 1 && rescales(tensor) ? magnitude(delta) : 0;
        sparsifier.apply(delta, density, tensor, model.place());
        double after = before > 0 ? magnitude(delta) : 0;
        float factor = before >= NO_SUM && after >= NO_SUM ? (float) (before / after) : 1;
        Pieces.run(n, (from, to) -> {
            for (int i = from; i < to; i++) {
                delta[i] = weight * (delta[i] * factor);
            }
        });
        return delta;
    }

    private boolean normalizes(MergedTensor tensor) {
        return tensor.isOn("normalize", normalizes);
    }

    private boolean rescales(MergedTensor tensor) {
        return tensor.isOn("rescale", rescales);
    }

    private static double magnitude(float[] delta) {
        return Pieces.sum(delta.length, (from, to) -> {
            double sum = 0;
            for (int i = from; i < to; i++) {
                sum += Math.abs(delta[i]);
            }
            return sum;
        });
    }

    /** Adds all changes to the base, in place. */
    private void add(float[] base, List<float[]> changes, List<Float> weights, MergedTensor tensor) {
        float lambda = (float) tensor.parameter("lambda", 1);
        boolean normalize = normalizes(tensor);
        float[][] of = changes.toArray(float[][]::new);
        float[] weight = new float[of.length];
        float total = 0;
        for (int model = 0; model < of.length; model++) {
            weight[model] = weights.get(model);
            total += weight[model];
        }
        float divisor = Math.abs(total) < NO_WEIGHT ? 1 : total;
        Pieces.run(base.length, (from, to) -> {
            for (int i = from; i < to; i++) {
                float sum = 0;
                for (float[] change : of) {
                    sum += change[i];
                }
                float by = divisor;
                if (agreement) {
                    float sign = sum >= 0 ? 1 : -1;
                    sum = 0;
                    by = 0;
                    for (int model = 0; model < of.length; model++) {
                        if (Math.signum(of[model][i]) == sign) {
                            sum += of[model][i];
                            by += weight[model];
                        }
                    }
                    by = by == 0 ? 1 : by;
                }
                float mixed = normalize ? sum / by : sum;
                base[i] += lambda * mixed;
            }
        });
    }
}
