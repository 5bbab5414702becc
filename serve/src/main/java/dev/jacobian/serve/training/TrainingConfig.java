// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.MemoryConfig;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What a training service may hold.
 *
 * @param checkpoints the folder under which models and adapters are saved
 * @param maxModels models that are trained at a time, over all sessions
 * @param maxSamplers sampling sessions that are held at a time; the one that was asked longest ago makes room
 * @param maxRank the largest rank of an adapter
 * @param sessionTimeout how long a session stays of which nothing is heard; then its models go
 * @param memory how much one pass computes at a time
 */
public record TrainingConfig(
        Path checkpoints, int maxModels, int maxSamplers, int maxRank, Duration sessionTimeout, MemoryConfig memory) {
    public TrainingConfig {
        if (maxModels < 1 || maxSamplers < 1 || maxRank < 1 || !sessionTimeout.isPositive()) {
            throw new IllegalArgumentException("limits of a training service must be positive: " + maxModels
                    + " models, " + maxSamplers + " samplers, rank " + maxRank + ", " + sessionTimeout);
        }
    }

    /** 8 models, 16 samplers, ranks up to 256, sessions of which nothing is heard for 5 minutes. */
    public static TrainingConfig in(Path checkpoints) {
        return new TrainingConfig(
                checkpoints, 8, 16, 256, Duration.ofMinutes(5), ConfigTree.defaults(MemoryConfig.class));
    }

    /** The same with another limit of models. */
    public TrainingConfig withMaxModels(int value) {
        return new TrainingConfig(checkpoints, value, maxSamplers, maxRank, sessionTimeout, memory);
    }

    /** The same with another limit of samplers. */
    public TrainingConfig withMaxSamplers(int value) {
        return new TrainingConfig(checkpoints, maxModels, value, maxRank, sessionTimeout, memory);
    }

    /** The same with another patience with sessions. */
    public TrainingConfig withSessionTimeout(Duration value) {
        return new TrainingConfig(checkpoints, maxModels, maxSamplers, maxRank, value, memory);
    }
}
