// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Residual;

/** GLM 4 of 2024 and GLM-Edge: as {@link Glm4}, without the norms after each branch. */
final class Glm extends Family {
    Glm() {
        super("glm", "GlmForCausalLM", "GLM team, 2024, arXiv:2406.12793");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        return Glm4.plan(config, Residual.PRE);
    }
}
