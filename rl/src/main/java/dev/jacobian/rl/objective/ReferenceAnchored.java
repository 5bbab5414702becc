// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * Another objective whose log-ratios are taken to the fixed reference policy instead of to the policy that sampled: around {@link
 * SquaredLogRatio} it is the regression of A*PO (arXiv 2505.20686).
 *
 * @param inner the objective
 */
public record ReferenceAnchored(PolicyObjective inner) implements PolicyObjective {

    @Override
    public boolean needsReference() {
        return true;
    }

    @Override
    public ObjectiveResult evaluate(TokenBatch batch, Normalizer normalizer) {
        float[] reference = batch.refLogProbs()
                .orElseThrow(() -> new IllegalArgumentException("log-ratios to a reference policy need its"
                        + " log-probabilities, but the batch has none; score the samples with it"));
        return inner.evaluate(batch.withOld(reference), normalizer);
    }
}
