// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.evaluation;

import dev.jacobian.rl.metric.Smoothing;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.List;
import java.util.TreeSet;

/**
 * How a model is measured.
 *
 * @param samples completions per problem, n
 * @param ks for which pass@k, maj@k and best@k are estimated, each at most n
 * @param generation how to sample; its seed decides the samples, so two evaluations of one model agree
 * @param smoothing of Self-BLEU
 * @param confidence how sure numbers are
 */
public record EvaluationConfig(
        int samples, List<Integer> ks, GenerationConfig generation, Smoothing smoothing, Confidence confidence) {
    public EvaluationConfig {
        if (samples < 1) {
            throw new IllegalArgumentException("at least one sample per problem is needed, not " + samples);
        }
        ks = List.copyOf(new TreeSet<>(ks));
        for (int k : ks) {
            if (k < 1 || k > samples) {
                throw new IllegalArgumentException("pass@" + k + " needs k between 1 and the number of samples, "
                        + samples + "; draw more samples per problem or ask for a smaller k");
            }
        }
    }

    /** pass@1, and pass@k of as many as there are. */
    public EvaluationConfig(int samples, GenerationConfig generation) {
        this(samples, List.of(1, samples), generation, Smoothing.METHOD1, Confidence.DEFAULT);
    }
}
