// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * A loss of single tokens over a batch, with a KL penalty beside it.
 *
 * @param loss of a token
 * @param klPenalty anchor to a reference policy, or {@link KlPenalty#NONE}
 */
public record TokenObjective(TokenLoss loss, KlPenalty klPenalty) implements PolicyObjective {

    /** Without KL penalty. */
    public TokenObjective(TokenLoss loss) {
        this(loss, KlPenalty.NONE);
    }

    @Override
    public boolean needsReference() {
        return klPenalty.isActive();
    }

    @Override
    public ObjectiveResult evaluate(TokenBatch batch, Normalizer normalizer) {
        klPenalty.check(batch);
        ObjectiveSums sums = new ObjectiveSums(batch);
        for (int s = 0; s < batch.sequences(); s++) {
            double weight = normalizer.weight(batch.length(s));
            for (int t = batch.start(s); t < batch.end(s); t++) {
                if (!batch.mask()[t]) {
                    continue;
                }
                TokenLoss.Slope slope = loss.at(batch.logProbs()[t], batch.oldLogProbs()[t], batch.advantages()[t]);
                switch (slope.clipped()) {
                    case LOW -> sums.clippedLow();
                    case HIGH -> sums.clippedHigh();
                    case NONE -> {}
                }
                double factor = weight * batch.weight(t);
                sums.loss(factor * slope.loss());
                sums.gradient(t, factor * slope.derivative() + sums.kl(klPenalty, t, weight));
            }
        }
        return sums.result();
    }
}
