// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.RlConfig;

/**
 * Settings of the main job, {@code jacobian rl} without a model of one's own: chosen so that a small model learns in front of
 * one's eyes on two cores. With {@code --model} the library's defaults hold instead, which are TRL's.
 */
final class Presets {
    private Presets() {}

    /** Settings for the bundled model and Countdown. */
    static RlConfig countdown(String algorithm) {
        RlConfig.Builder common = RlConfig.builder()
                .algorithm(algorithm)
                .maxSteps(80)
                .promptsPerStep(64)
                .numGenerations(8)
                .maxCompletionLength(144)
                .lrSchedulerType("linear")
                .adamBeta2(0.99)
                .evalProblems(200)
                .evalSteps(10)
                .saveSteps(20);
        return switch (algorithm) {
            case "omd" ->
                common.learningRate(3e-5).tau(0.1).updatesPerRollout(4).build();
            default -> common.learningRate(1e-4).build();
        };
    }
}
