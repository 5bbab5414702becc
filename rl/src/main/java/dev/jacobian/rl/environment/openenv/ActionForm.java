// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.openenv;

/** How what a policy says becomes an action. */
public enum ActionForm {
    /** It is the value of one member of the action. */
    FIELD,
    /** It contains the action as a JSON object. */
    JSON,
    /** It calls the environment's tools, as the model's chat template has calls written. */
    TOOLS
}
