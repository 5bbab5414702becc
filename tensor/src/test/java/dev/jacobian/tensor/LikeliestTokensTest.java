// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The quick way beside the plain loops of {@link SamplingFilters}. */
class LikeliestTokensTest {
    private static final float[] TEMPERATURES = {1f, 0.6f, 1.7f};
    private static final int[] TOP_K = {0, 1, 5, 40, 700};
    private static final float[] TOP_P = {1f, 0.999f, 0.95f, 0.5f, 1e-6f};
    private static final float[] MIN_P = {0f, 0.05f, 0.5f, 1f};

    /** Peaked, flat, with ties, with tokens that were ruled out, with zeros of both signs. */
    private static float[] row(int length, int kind, Rng rng) {
        float[] row = new float[length];
        for (int i = 0; i < length; i++) {
            float x = (float) rng.nextGaussian();
            row[i] = switch (kind) {
                case 0 -> 4 * x;
                case 1 -> 0.01f * x;
                case 2 -> Math.round(2 * x);
                case 3 -> rng.nextInt(3) == 0 ? Float.NEGATIVE_INFINITY : 3 * x;
                case 4 -> rng.nextInt(2) == 0 ? 0f : -0f;
                default -> 100 * x;
            };
        }
        return row;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 300, 512, 513, 3000})
    @DisplayName("rows come out with the very bits of the plain loops, whatever is on")
    void filters(int length) {
        ReferencePair kernels = new ReferencePair();
        Rng rng = new Rng(3, length);
        for (int kind = 0; kind < 6; kind++) {
            for (float temperature : TEMPERATURES) {
                for (int topK : TOP_K) {
                    for (float topP : TOP_P) {
                        float minP = MIN_P[rng.nextInt(MIN_P.length)];
                        kernels.requireSame(
                                new SamplingFilters(temperature, topK, topP, minP),
                                Tensor.of(row(2 * length, kind, rng), 2, length),
                                rng.nextInt(1 << 20));
                    }
                }
            }
        }
    }

    /** Draws of both kinds of kernels. */
    private static final class ReferencePair {
        private static final int DRAWS = 4;

        void requireSame(SamplingFilters filters, Tensor logits, int seed) {
            SamplingKernels quick = Backends.cpu().sampling();
            SamplingKernels plain = Backends.reference().sampling();
            for (int draw = 0; draw < DRAWS; draw++) {
                int[] coordinates = {draw, 1, 2, 3, draw, 5, 6, 7};
                assertThat(quick.sample(logits, filters, seed, coordinates))
                        .as("%s", filters)
                        .isEqualTo(plain.sample(logits, filters, seed, coordinates));
            }
        }
    }

    @Test
    @DisplayName("a nucleus is that of the plain loops, token by token")
    void nucleus() {
        Rng rng = new Rng(4, 0);
        int certain = 0;
        for (int n = 0; n < 400; n++) {
            int length = 1 + rng.nextInt(2000);
            float[] row = row(length, n % 6, rng);
            float topP = TOP_P[1 + n % 4];
            float[] expected = new SamplingFilters(1f, 0, topP, 0f).apply(row);
            float[] found = row.clone();
            if (LikeliestTokens.keepNucleus(found, topP, 1)) {
                certain++;
                assertThat(found).as("row %d", n).isEqualTo(expected);
            } else {
                assertThat(found).isEqualTo(row);
            }
        }
        assertThat(certain).isGreaterThan(300);
    }

    @Test
    @DisplayName("tokens that stay in any case, and a share of the likeliest")
    void keepAndShare() {
        float[] row = {1, 9, 2, 8};
        assertThat(LikeliestTokens.keepNucleus(row, 0.1f, 3)).isTrue();
        assertThat(row).containsExactly(Float.NEGATIVE_INFINITY, 9, 2, 8);
        float[] shared = {0, -1, -3, Float.NEGATIVE_INFINITY};
        assertThat(LikeliestTokens.keepShare(shared, 0.1f)).isTrue();
        assertThat(shared).containsExactly(0, -1, Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY);
        assertThat(LikeliestTokens.keepShare(new float[] {0, (float) Math.log(0.5)}, 0.5f))
                .as("on the edge nothing is certain")
                .isFalse();
    }

    @Test
    @DisplayName("the k-th largest")
    void kthLargest() {
        Rng rng = new Rng(5, 0);
        for (int n = 0; n < 100; n++) {
            float[] row = row(1 + rng.nextInt(1500), n % 6, rng);
            float[] sorted = row.clone();
            Arrays.sort(sorted);
            int k = 1 + rng.nextInt(row.length);
            assertThat(LikeliestTokens.kthLargest(row, k) == sorted[row.length - k])
                    .isTrue();
        }
    }
}
