// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.merge;

import java.util.List;
import java.util.Set;

/**
 * Spherical interpolation from the base (t = 0) to another model (t = 1), each tensor a vector: with θ the angle between them
 * y = (sin((1−t)θ) v₀ + sin(tθ) v₁) / sin θ, and a straight line where |cos θ| is more than 0.9995.
 *
 * <p>The angle is that of the directions; a vector whose norm is below 1e-8 has none and is taken as it is. What is mixed are the vectors
 * themselves, as mergekit has it. At both ends the other model does not count, so they come back bit for bit.
 */
record Slerp() implements MergeMethod {
    private static final double ALMOST_PARALLEL = 0.9995;
    private static final double NO_DIRECTION = 1e-8;

    @Override
    public String name() {
        return "slerp";
    }

    @Override
    public String about() {
        return "from the base to one other model along the sphere";
    }

    @Override
    public boolean needsBase() {
        return true;
    }

    @Override
    public Set<String> modelParameters() {
        return Set.of();
    }

    @Override
    public Set<String> parameters() {
        return Set.of("t");
    }

    @Override
    public void requireModels(int models) {
        if (models != 2) {
            throw new IllegalArgumentException("slerp goes from one model to another, and " + models
                    + " take part, the base among them; name two");
        }
    }

    @Override
    public void check(MergedTensor tensor) {
        double t = tensor.parameter("t");
        if (!(t >= 0 && t <= 1)) {
            throw new IllegalArgumentException("t for " + tensor.name() + " is " + t + "; it goes from 0 to 1");
        }
    }

    @Override
    public float[] merge(MergedTensor tensor) {
        double t = tensor.parameter("t");
        List<MergedTensor.Source> models = tensor.models();
        MergedTensor.Source base = models.get(models.get(0).isBase() ? 0 : 1);
        MergedTensor.Source other = models.get(models.get(0).isBase() ? 1 : 0);
        if (t == 0 || t == 1) {
            return (t == 0 ? base : other).read();
        }
        return mixed(base.read(), other.read(), t);
    }

    private static float[] mixed(float[] v0, float[] v1, double t) {
        int n = v0.length;
        double cosine = dot(v0, v1) / (length(v0) * length(v1));
        double share0 = 1 - t;
        double share1 = t;
        if (Math.abs(cosine) <= ALMOST_PARALLEL) {
            double angle = StrictMath.acos(cosine);
            double sine = StrictMath.sin(angle);
            share0 = StrictMath.sin((1 - t) * angle) / sine;
            share1 = StrictMath.sin(t * angle) / sine;
        }
        double s0 = share0;
        double s1 = share1;
        float[] merged = new float[n];
        Pieces.run(n, (from, to) -> {
            for (int i = from; i < to; i++) {
                merged[i] = (float) (s0 * v0[i] + s1 * v1[i]);
            }
        });
        return merged;
    }

    /** What a vector is divided by to be a direction. */
    private static double length(float[] v) {
        double norm = Math.sqrt(dot(v, v));
        return norm > NO_DIRECTION ? norm : 1;
    }

    private static double dot(float[] a, float[] b) {
        return Pieces.sum(a.length, (from, to) -> {
            double sum = 0;
            for (int i = from; i < to; i++) {
                sum += (double) a[i] * b[i];
            }
            return sum;
        });
    }
}
