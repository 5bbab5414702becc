// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.transformer.CausalLM;
import java.util.List;

/** Rollouts whose samples a {@link Carrier} has generated: asked and answered as local ones are, with weights that are published. */
final class CarriedRollouts implements Rollouts {
    private final Carrier carrier;
    private final LocalRollouts turns;

    CarriedRollouts(CausalLM model, Carrier carrier) {
        this.carrier = carrier;
        this.turns = new LocalRollouts(model, new SingleTurns(model, carrier));
    }

    @Override
    public void publish(CausalLM policy, long version) {
        carrier.publish(policy, version);
    }

    @Override
    public void ask(RolloutTask task) {
        turns.ask(task);
    }

    @Override
    public List<Group> next() {
        return turns.next();
    }

    @Override
    public List<Group> next(RolloutListener listener) {
        return turns.next(listener);
    }
}
