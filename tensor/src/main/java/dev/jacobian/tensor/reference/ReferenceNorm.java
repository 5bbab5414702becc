// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.NormKernels;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Tensor;

/** RMSNorm, LayerNorm and their gradients. */
final class ReferenceNorm implements NormKernels {
    @Override
    public void rmsNorm(Tensor x, Tensor weight, float epsilon, Tensor out, Tensor inverseRms) {
        int d = weight.elements();
        int n = inverseRms.elements();
        for (int row = 0; row < n; row++) {
            int xFrom = x.offset() + row * d;
            float mean = FixedSum.dot(x.floats(), xFrom, x.floats(), xFrom, d) / d;
            float r = 1f / (float) Math.sqrt(mean + epsilon);
            inverseRms.floats()[inverseRms.offset() + row] = r;
            for (int i = 0; i < d; i++) {
                out.floats()[out.offset() + row * d + i] =
                        x.floats()[xFrom + i] * r * weight.floats()[weight.offset() + i];
            }
        }
    }

    @Override
    public void rmsNormBackward(
            Tensor dOut, Tensor x, Tensor weight, Tensor inverseRms, Tensor dX, @Nullable Tensor dWeight) {
        int d = weight.elements();
        int n = inverseRms.elements();
        float[] g = new float[d];
        for (int row = 0; row < n; row++) {
            int xFrom = x.offset() + row * d;
            float r = inverseRms.floats()[inverseRms.offset() + row];
            for (int i = 0; i < d; i++) {
                g[i] = dOut.floats()[dOut.offset() + row * d + i] * weight.floats()[weight.offset() + i];
            }
            float c = FixedSum.dot(g, 0, x.floats(), xFrom, d) * r * r / d;
            for (int i = 0; i < d; i++) {
                dX.floats()[dX.offset() + row * d + i] = r * Math.fma(-c, x.floats()[xFrom + i], g[i]);
            }
        }
        if (dWeight != null) {
            for (int row = 0; row < n; row++) {
                float r = inverseRms.floats()[inverseRms.offset() + row];
                for (int i = 0; i < d; i++) {
                    int at = dWeight.offset() + i;
                    float scaled = x.floats()[x.offset() + row * d + i] * r;
                    dWeight.floats()[at] =
                            Math.fma(dOut.floats()[dOut.offset() + row * d + i], scaled, dWeight.floats()[at]);
                }
            }
        }
    }

    @Override
    public void layerNorm(
            Tensor x,
            Tensor weight,
            @Nullable Tensor bias,
            float epsilon,
            Tensor out,
            Tensor means,
            Tensor inverseStd) {
        int d = weight.elements();
        float[] n = new float[d];
        for (int row = 0; row < means.elements(); row++) {
            float mean = FixedSum.sum(x.floats(), x.offset() + row * d, d) / d;
            for (int i = 0; i < d; i++) {
                n[i] = x.floats()[x.offset() + row * d + i] - mean;
            }
            float r = 1f / (float) Math.sqrt(FixedSum.dot(n, 0, n, 0, d) / d + epsilon);
            means.floats()[means.offset() + row] = mean;
            inverseStd.floats()[inverseStd.offset() + row] = r;
            for (int i = 0; i < d; i++) {
                float shift = bias == null ? 0f : bias.floats()[bias.offset() + i];
                out.floats()[out.offset() + row * d + i] =
                        Math.fma(n[i] * r, weight.floats()[weight.offset() + i], shift);
            }
        }
    }

    @Override
    public void layerNormBackward(
            Tensor dOut,
            Tensor x,
            Tensor weight,
            Tensor means,
            Tensor inverseStd,
            Tensor dX,
            @Nullable Tensor dWeight) {
        int d = weight.elements();
        float[] g = new float[d];
        float[] n = new float[d];
        for (int row = 0; row < means.elements(); row++) {
            float mean = means.floats()[means.offset() + row];
            float r = inverseStd.floats()[inverseStd.offset() + row];
            for (int i = 0; i < d; i++) {
                float dOutput = dOut.floats()[dOut.offset() + row * d + i];
                g[i] = dOutput * weight.floats()[weight.offset() + i];
                n[i] = (x.floats()[x.offset() + row * d + i] - mean) * r;
                if (dWeight != null) {
                    int at = dWeight.offset() + i;
                    dWeight.floats()[at] = Math.fma(dOutput, n[i], dWeight.floats()[at]);
                }
            }
            float meanOfG = FixedSum.sum(g, 0, d) / d;
            float c = FixedSum.dot(g, 0, n, 0, d) / d;
            for (int i = 0; i < d; i++) {
                dX.floats()[dX.offset() + row * d + i] = r * Math.fma(-c, n[i], g[i] - meanOfG);
            }
        }
    }
}
