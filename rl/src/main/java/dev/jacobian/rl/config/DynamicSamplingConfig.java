// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

/** DAPO's dynamic sampling, for every method that compares the samples of a prompt. */
public record DynamicSamplingConfig(
        @Setting(
                value = "null",
                doc = "sample further prompts in the place of groups whose rewards are all equal, which teach nothing;"
                        + " null: as the method has it (dapo: true)")
        Automatic dynamicSampling,

        @Setting(
                value = "20",
                doc = "how many steps' worth of groups a step samples at most, before enough of them must have been"
                        + " admitted; then the run ends and says so")
        int dynamicSamplingMaxWaves) {
    public DynamicSamplingConfig {
        requireAtLeast("dynamic_sampling_max_waves", 1, dynamicSamplingMaxWaves);
    }
}
