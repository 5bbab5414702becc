// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.serve.training.TrainingConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Whether clients may train the model that is served, and what they may take. */
final class TrainingOptions {
    /** What a client sends at a time may be a batch of long sequences. */
    static final int BODY_BYTES = 64 << 20;

    @Option(
            names = "--train",
            description = {
                "Let clients train adapters of the model, by the routes of Tinker's protocol under /api/v1;"
                        + " /openapi.json describes them. The weights of the model itself do not change."
            })
    private boolean train;

    @Option(
            names = "--checkpoints",
            paramLabel = "DIR",
            description = "With --train: where clients save what they train (default: out/training).")
    private Optional<Path> checkpoints = Optional.empty();

    @Option(
            names = "--max-models",
            paramLabel = "N",
            description = "With --train: models that are trained at a time, of all clients (default: 8).")
    private Optional<Integer> maxModels = Optional.empty();

    @Option(
            names = "--max-samplers",
            paramLabel = "N",
            description =
                    "With --train: sampling sessions that are held at a time; the one that was asked longest ago makes"
                            + " room (default: 16).")
    private Optional<Integer> maxSamplers = Optional.empty();

    @Option(
            names = "--session-timeout",
            paramLabel = "SECONDS",
            description = "With --train: how long a client's session stays of which nothing is heard (default: 300).")
    private Optional<Integer> sessionTimeout = Optional.empty();

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    /** Whether clients may train. */
    boolean isAsked() {
        return train;
    }

    /** @throws ParameterException if something is asked for that has no effect or makes no sense */
    void check() {
        boolean others = checkpoints.isPresent()
                || maxModels.isPresent()
                || maxSamplers.isPresent()
                || sessionTimeout.isPresent();
        if (others && !train) {
            throw new ParameterException(
                    command.commandLine(),
                    "--checkpoints, --max-models, --max-samplers and --session-timeout are for --train; give that too");
        }
        try {
            config();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command.commandLine(), String.valueOf(e.getMessage()));
        }
    }

    TrainingConfig config() {
        TrainingConfig usual = TrainingConfig.in(checkpoints.orElse(Path.of("out", "training")));
        return usual.withMaxModels(maxModels.orElse(usual.maxModels()))
                .withMaxSamplers(maxSamplers.orElse(usual.maxSamplers()))
                .withSessionTimeout(sessionTimeout
                        .map(seconds -> Duration.ofSeconds(seconds))
                        .orElse(usual.sessionTimeout()));
    }
}
