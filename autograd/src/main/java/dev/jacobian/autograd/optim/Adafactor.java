// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

import dev.jacobian.autograd.Parameter;
import java.util.List;
import java.util.function.Predicate;

/**
 * Adafactor (Shazeer and Stern, 2018): second moments of a matrix as a row and a column, so that they take next to no memory.
 *
 * <p>With ρ = 1 − t^−0.8: r = ρ r + (1 − ρ) · row means of g² + ε₁, c the same of columns; u = g / √(r c / mean r), divided by
 * max(1, rms u); p −= rate · u. For vectors the plain moment takes the place of r and c.
 *
 * <p>Decision: the two variants in use differ, so both are here. {@link Variant#TRANSFORMERS} adds ε₁ to squares before it averages
 * them, scales the rate by the weights' size only if asked to, and takes the decay off with the scaled rate. {@link Variant#TORCH}
 * bounds from below instead, always scales, and never lets the rate exceed 1/√t.
 */
public final class Adafactor extends HostOptimizer {
    /** Whose numbers. */
    public enum Variant {
        /** {@code transformers.Adafactor}. */
        TRANSFORMERS,
        /** {@code torch.optim.Adafactor}. */
        TORCH
    }

    /**
     * Hyper-parameters.
     *
     * @param scaleParameter rate times the root mean square of the weights (at least 1e-3); the variant of torch always does
     * @param relativeStep of transformers: a rate of min(1e-2, 1/√t) instead of the schedule's
     * @param beta1 momentum of the update; 0 for none
     * @param decayRate of the second moments' memory, −0.8
     * @param clipThreshold of the update's root mean square
     */
    public record Settings(
            Variant variant,
            boolean scaleParameter,
            boolean relativeStep,
            double beta1,
            double decayRate,
            double clipThreshold,
            double weightDecay) {
        /** As the trainer of transformers uses it: {@code scale_parameter=False, relative_step=False}. */
        public static final Settings DEFAULT = new Settings(Variant.TRANSFORMERS, false, false, 0, -0.8, 1, 0);
    }

    private static final double SQUARES = 1e-30; // ε₁ of transformers
    private static final double SIZE = 1e-3; // ε₂: weights count as at least so large
    private static final double TINY = Math.ulp(1f); // ε₁ of torch

    private final Settings settings;

    /** @param decayed which parameters the weight decay is for */
    public Adafactor(List<Parameter> parameters, Settings settings, Predicate<Parameter> decayed) {
        super(parameters, settings.weightDecay(), decayed);
        this.settings = settings;
        prepareAll();
    }

    @Override
    void prepare(Slot slot) {
        if (slot.matrix) {
            slot.remember("row", slot.rows);
            slot.remember("column", slot.columns);
        } else {
            slot.remember("square", slot.size());
        }
        if (settings.beta1() > 0) {
            slot.remember("momentum", slot.size());
        }
    }

    @Override
    void update(Slot slot, double[] weights, double[] gradient, double learningRate, long step) {
        boolean torch = settings.variant() == Variant.TORCH;
        double fresh = Math.pow((double) step, settings.decayRate()); // 1 − ρ
        double rate = torch
                ? Math.min(learningRate, 1 / Math.sqrt((double) step))
                : settings.relativeStep() ? Math.min(1e-2, 1 / Math.sqrt((double) step)) : learningRate;
        if (torch || settings.scaleParameter()) {
            rate *= Math.max(SIZE, rms(weights));
        }
        double[] change = slot.matrix ? factored(slot, gradient, fresh) : plain(slot, gradient, fresh);
        double shrink = Math.max(1, rms(change) / settings.clipThreshold());
        double decay = slot.decay * (torch ? learningRate : rate);
        float[] momentum = settings.beta1() > 0 ? slot.remember("momentum").floats() : new float[0];
        for (int i = 0; i < weights.length; i++) {
            double update = rate * change[i] / shrink;
            if (momentum.length > 0) {
                momentum[i] = (float) (settings.beta1() * momentum[i] + (1 - settings.beta1()) * update);
                update = momentum[i];
            }
            weights[i] -= decay * weights[i] + update;
        }
    }

    private double square(double g) {
        return settings.variant() == Variant.TORCH ? g * g : g * g + SQUARES;
    }

    private double[] plain(Slot slot, double[] gradient, double fresh) {
        float[] square = slot.remember("square").floats();
        double[] change = new double[gradient.length];
        for (int i = 0; i < change.length; i++) {
            square[i] = (float) (square[i] + fresh * (square(gradient[i]) - square[i]));
            change[i] = gradient[i] / Math.sqrt(atLeastTiny(square[i]));
        }
        return change;
    }

    private double[] factored(Slot slot, double[] gradient, double fresh) {
        float[] row = slot.remember("row").floats();
        float[] column = slot.remember("column").floats();
        double[] rowMeans = new double[slot.rows];
        double[] columnMeans = new double[slot.columns];
        for (int r = 0; r < slot.rows; r++) {
            for (int c = 0; c < slot.columns; c++) {
                double square = square(gradient[r * slot.columns + c]);
                rowMeans[r] += square / slot.columns;
                columnMeans[c] += square / slot.rows;
            }
        }
        double mean = 0;
        for (int r = 0; r < slot.rows; r++) {
            row[r] = (float) (row[r] + fresh * (rowMeans[r] - row[r]));
            mean += (double) row[r] / slot.rows;
        }
        for (int c = 0; c < slot.columns; c++) {
            column[c] = (float) (column[c] + fresh * (columnMeans[c] - column[c]));
        }
        double divisor = settings.variant() == Variant.TORCH ? Math.max(mean, TINY) : mean;
        double[] change = new double[gradient.length];
        for (int i = 0; i < change.length; i++) {
            double estimate = (double) row[i / slot.columns] * column[i % slot.columns] / divisor;
            change[i] = gradient[i] / Math.sqrt(atLeastTiny(estimate));
        }
        return change;
    }

    private double atLeastTiny(double square) {
        return settings.variant() == Variant.TORCH
                ? Math.max(square, TINY * TINY)
                : Math.max(square, Double.MIN_NORMAL);
    }
}
