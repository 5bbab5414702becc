// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.advantage.PolicyViews;
import dev.jacobian.rl.advantage.TokenKl;
import dev.jacobian.rl.objective.AdaptiveKl;
import java.util.List;
import java.util.Optional;

/** The KL penalty in the reward as it is now: its coefficient may follow the divergence of the rollouts, and is saved with the run. */
public final class KlControl {
    /** Its place in a checkpoint's description. */
    public static final String COEFFICIENT = "kl_coef";

    private final Optional<AdaptiveKl> control;
    private TokenKl penalty;

    /** @param penalty as it is at first */
    public KlControl(TokenKl penalty, Optional<AdaptiveKl> control) {
        this.penalty = penalty;
        this.control = control;
    }

    /** What the next rollout pays. */
    public TokenKl penalty() {
        return penalty;
    }

    /** Takes in what a rollout's samples say of their divergence; their own penalty has been paid. */
    public void observe(List<PolicyViews> views) {
        if (control.isPresent()) {
            long samples = 0;
            double kl = 0;
            for (PolicyViews group : views) {
                for (int i = 0; i < group.old().length; i++) {
                    kl += group.klToRef(i);
                    samples++;
                }
            }
            double next = control.get().next(penalty.coefficient(), kl / Math.max(1, samples), samples);
            penalty = new TokenKl(next, penalty.estimator());
        }
    }

    /** Writes what it remembers. */
    public void save(ObjectNode state) {
        if (control.isPresent()) {
            state.put(COEFFICIENT, penalty.coefficient());
        }
    }

    /** Goes on from what {@link #save} wrote. */
    public void restore(JsonNode state) {
        if (control.isPresent() && state.path(COEFFICIENT).isNumber()) {
            penalty = new TokenKl(state.get(COEFFICIENT).doubleValue(), penalty.estimator());
        }
    }
}
