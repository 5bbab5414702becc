// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.method.Methods;

/**
 * Settings of the main job, {@code jacobian rl} without a model of one's own: chosen so that a small model learns in front of
 * one's eyes on two cores. With {@code --model} the library's defaults hold instead, which are TRL's.
 */
final class Presets {
    private Presets() {}

    /** Settings for the bundled model and Countdown. */
    static Given countdown(String algorithm) {
        ObjectNode preset = Json.object()
                .put("max_steps", 80)
                .put("prompts_per_step", 64)
                .put("num_generations", 8)
                .put("max_completion_length", 144)
                .put("learning_rate", 1e-4)
                .put("lr_scheduler_type", "linear")
                .put("adam_beta2", 0.99)
                .put("eval_problems", 200)
                .put("eval_steps", 10)
                .put("save_steps", 20);
        if (algorithm.equals("omd")) {
            preset.put("learning_rate", 3e-5).put("tau", 0.1).put("updates_per_rollout", 4);
        } else if (makesSeveralUpdates(algorithm)) {
            preset.put("learning_rate", 3e-5);
        }
        if (algorithm.equals("ppo")) {
            preset.put("num_ppo_epochs", 1).put("kl_coef", 0.0).put("lam", 1.0).put("value_learning_rate", 3e-4);
        }
        return new Given().setAll(preset, "the preset for the bundled model");
    }

    /** Whether a method makes several updates on a rollout where it is not told otherwise: each is a smaller one. */
    private static boolean makesSeveralUpdates(String algorithm) {
        return Methods.find(algorithm)
                .map(method -> method.algorithm(RlConfig.DEFAULT.rollout()).updatesPerRollout() > 1)
                .orElse(false);
    }
}
