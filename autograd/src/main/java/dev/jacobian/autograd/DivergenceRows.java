// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Tensor;

/** The divergence of rows of probabilities and its derivative by the student's logits, row by row in double. */
final class DivergenceRows {
    private DivergenceRows() {}

    /**
     * Divergences and entropies of a chunk.
     *
     * @param from place of its first row in the results
     */
    static void forward(
            TokenDivergence.Logits student,
            TokenDivergence.Logits teacher,
            double beta,
            float[] divergences,
            float[] entropies,
            int from) {
        int rows = student.normalizers().length;
        ComputePool.run(rows, row -> {
            Row one = new Row(student, teacher, beta, row);
            divergences[from + row] = (float) one.divergence();
            entropies[from + row] = student.entropies()[row];
        });
    }

    /** {@code [n, V]}: the gradient of each row's logits before the temperature, where its divergence has the gradient {@code d}. */
    static Tensor backward(
            TokenDivergence.Logits student, TokenDivergence.Logits teacher, double beta, float inverse, float[] d) {
        int vocabulary = student.values().length / Math.max(1, d.length);
        float[] gradients = new float[student.values().length];
        ComputePool.run(d.length, row -> {
            if (d[row] != 0) {
                new Row(student, teacher, beta, row).gradient((double) d[row] * inverse, gradients, row * vocabulary);
            }
        });
        return Tensor.of(gradients, d.length, vocabulary);
    }

    /** A row of both. */
    private record Row(
            TokenDivergence.Logits student, TokenDivergence.Logits teacher, double beta, int row, int from, int size) {
        Row(TokenDivergence.Logits student, TokenDivergence.Logits teacher, double beta, int row) {
            this(student, teacher, beta, row, row * width(student), width(student));
        }

        private static int width(TokenDivergence.Logits logits) {
            return logits.values().length / logits.normalizers().length;
        }

        private double s(int v) {
            return student.probabilities()[from + v];
        }

        private double t(int v) {
            return teacher.probabilities()[from + v];
        }

        private double logS(int v) {
            return student.values()[from + v] - student.normalizers()[row];
        }

        private double logT(int v) {
            return teacher.values()[from + v] - teacher.normalizers()[row];
        }

        /** log M; of what neither says it does not matter. */
        private double logM(int v) {
            double m = (1 - beta) * s(v) + beta * t(v);
            return m > 0 ? StrictMath.log(m) : 0;
        }

        double divergence() {
            double sum = 0;
            for (int v = 0; v < size; v++) {
                if (beta == 0) {
                    sum += t(v) == 0 ? 0 : t(v) * (logT(v) - logS(v));
                } else if (beta == 1) {
                    sum += s(v) == 0 ? 0 : s(v) * (logS(v) - logT(v));
                } else {
                    double m = logM(v);
                    sum += t(v) == 0 ? 0 : beta * t(v) * (logT(v) - m);
                    sum += s(v) == 0 ? 0 : (1 - beta) * s(v) * (logS(v) - m);
                }
            }
            return sum;
        }

        /** @param d derivative of the loss by the divergence, over the temperature */
        void gradient(double d, float[] gradients, int at) {
            if (beta == 0) {
                for (int v = 0; v < size; v++) {
                    gradients[at + v] = (float) (d * (s(v) - t(v)));
                }
                return;
            }
            double mean = 0; // Σ s g
            for (int v = 0; v < size; v++) {
                mean += s(v) == 0 ? 0 : s(v) * slope(v);
            }
            for (int v = 0; v < size; v++) {
                gradients[at + v] = s(v) == 0 ? 0 : (float) (d * s(v) * (slope(v) - mean));
            }
        }

        /** ∂D/∂s, but for what is the same for all v. */
        private double slope(int v) {
            return beta == 1 ? logS(v) - logT(v) : (1 - beta) * (logS(v) - logM(v));
        }
    }
}
