// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import java.util.List;

/** The weights of a linear layer of all experts: one tensor that may be trained, or a frozen weight for each. */
public sealed interface ExpertWeights {
    /**
     * All experts in one variable, whose rows a device multiplies at once.
     *
     * @param weights [E, M, K]
     */
    record Together(Var weights) implements ExpertWeights {}

    /**
     * A weight for each, in a format of its own. The host has to know which expert has which rows, so this is for the CPU.
     *
     * @param weights E of [M, K]
     */
    record Each(List<FrozenWeight> weights) implements ExpertWeights {
        public Each {
            weights = List.copyOf(weights);
        }
    }
}
