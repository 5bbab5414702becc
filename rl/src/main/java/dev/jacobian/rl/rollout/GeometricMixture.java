// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.processor.LogitsProcessor;
import dev.jacobian.transformer.generation.processor.TokenHistory;
import java.util.Arrays;

/**
 * Samples from the geometric mixture of the policy and another model: π^{1−c} · π_other^c, token by token and normalised again, as
 * Nash-MD (arXiv 2312.00886) does.
 *
 * <p>The other model reads each sequence with a cache of its own, so a mixture costs about what the two models cost one after the
 * other; and one sequence at a time, so that its logits do not depend on who else is generated.
 */
public final class GeometricMixture implements LogitsProcessor {
    private final CausalLM other;
    private final float coefficient;
    private final KvCache cache;
    private final int[] sequence;

    /**
     * A mixture.
     *
     * @param other of the policy's vocabulary
     * @param coefficient c: 0 is the policy, 1 the other model
     */
    public GeometricMixture(CausalLM other, double coefficient) {
        if (!(coefficient >= 0 && coefficient <= 1)) {
            throw new IllegalArgumentException("mixture_coef must lie in [0, 1], got " + coefficient);
        }
        this.other = other;
        this.coefficient = (float) coefficient;
        this.cache = other.newKvCache();
        this.sequence = new int[] {cache.add()};
    }

    @Override
    public void process(TokenHistory tokens, float[] logits) {
        int known = cache.length(sequence[0]);
        int[] further = Arrays.copyOfRange(tokens.toArray(), known, tokens.length());
        float[] others = Workspace.currentOrNew()
                .compute(() -> NoGrad.compute(() -> {
                    Var hidden = other.hidden(further, Segments.of(further.length), cache, sequence); // [T, D]
                    return other.logits(hidden, new int[] {further.length - 1}).toFloatArray(); // [V]
                }));
        for (int v = 0; v < logits.length; v++) {
            if (logits[v] != Float.NEGATIVE_INFINITY) { // what stands for no token stays so
                logits[v] = (1 - coefficient) * logits[v] + coefficient * others[v];
            }
        }
    }

    @Override
    public LogitsProcessor newSequence() {
        return new GeometricMixture(other, coefficient);
    }

    @Override
    public LogitsProcessor fork() {
        return new GeometricMixture(other, coefficient); // reads the tokens so far again
    }
}
