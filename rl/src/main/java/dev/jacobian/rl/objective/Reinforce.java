// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * REINFORCE (Williams 1992):
 *
 * <pre>
 * L_t      = -A logp;  + β k3
 * dL/dlogp = -A;       + β (1 - e^{-d})
 * </pre>
 *
 * <p>Right only on-policy: one optimizer step per batch of samples (OPO calls this exact on-policy and depends on it).
 * The old log-probabilities enter the statistics, not the loss.
 *
 * @param klPenalty anchor to a reference policy, or {@link KlPenalty#NONE}
 */
public record Reinforce(KlPenalty klPenalty) implements PolicyObjective {

    /** Without KL penalty. */
    public Reinforce() {
        this(KlPenalty.NONE);
    }

    @Override
    public boolean needsReference() {
        return klPenalty.isActive();
    }

    @Override
    public boolean usesOldLogProbs() {
        return false;
    }

    @Override
    public ObjectiveResult evaluate(TokenBatch batch, Normalizer normalizer) {
        klPenalty.check(batch);
        ObjectiveSums sums = new ObjectiveSums(batch);
        for (int s = 0; s < batch.sequences(); s++) {
            double weight = normalizer.weight(batch.length(s));
            for (int t = batch.start(s); t < batch.end(s); t++) {
                if (batch.mask()[t]) {
                    double advantage = batch.advantages()[t];
                    double factor = batch.weight(t);
                    sums.loss(-weight * advantage * batch.logProbs()[t] * factor);
                    sums.gradient(t, -weight * advantage * factor + sums.kl(klPenalty, t, weight));
                }
            }
        }
        return sums.result();
    }
}
