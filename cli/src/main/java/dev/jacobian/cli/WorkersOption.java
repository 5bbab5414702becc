// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.jacobian.cluster.Secret;
import dev.jacobian.cluster.Tls;
import dev.jacobian.cluster.WorkerMetrics;
import dev.jacobian.cluster.Workers;
import dev.jacobian.io.Json;
import dev.jacobian.rl.RlTrainer;
import dev.jacobian.rl.observe.Activity;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.report.RunReport;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** Workers that sample for a run. Where samples are drawn is no part of what a run is, so a run is resumed with others, or without. */
final class WorkersOption {
    @Option(
            names = "--workers",
            paramLabel = "URL",
            split = ",",
            description = "Have samples drawn by workers ('jacobian worker'), http://HOST:PORT or https://HOST:PORT, in"
                    + " the place of this process. Results do not depend on it.")
    private List<String> addresses = new ArrayList<>();

    @Option(
            names = "--secret-file",
            paramLabel = "FILE",
            description = "File with the secret of the workers, if they have one.")
    private Optional<Path> secretFile = Optional.empty();

    @Option(
            names = "--worker-trust",
            paramLabel = "FILE",
            description = "Certificates of workers with TLS, in PEM form; nobody else is believed then.")
    private Optional<Path> trust = Optional.empty();

    @Option(
            names = "--worker-timeout",
            paramLabel = "SECONDS",
            defaultValue = "15",
            description =
                    "How long a worker may be silent before its samples go to others (default: ${DEFAULT-VALUE}).")
    private double timeout;

    boolean isGiven() {
        return !addresses.isEmpty();
    }

    /** Refuses what makes no sense, before anything begins. */
    void check(CliCommand command) {
        if (!isGiven() && (secretFile.isPresent() || trust.isPresent())) {
            throw command.usage("--secret-file and --worker-trust are about workers; name them with --workers");
        }
        if (!(timeout >= 0.1 && timeout <= 86_400)) {
            throw command.usage("--worker-timeout must lie between 0.1 and 86400 seconds, found " + timeout);
        }
    }

    /**
     * Connects the workers of a run and makes its trainer sample with them; empty if there are none.
     *
     * @param checkpoint that the model was loaded from
     * @param say is told what happens to workers
     */
    Optional<Workers> connect(RlTrainer trainer, CausalLM policy, Path checkpoint, Task task, Consumer<String> say) {
        if (!isGiven()) {
            return Optional.empty();
        }
        try {
            Workers.Builder builder = Workers.builder(
                            addresses.stream().map(WorkersOption::address).toList(),
                            secretFile.map(Secret::read).orElse(Secret.NONE),
                            checkpoint)
                    .timeout(Duration.ofMillis(Math.round(1000 * timeout)))
                    .log(say);
            trust.ifPresent(file -> builder.trust(Tls.trusting(file)));
            Workers workers = builder.connect(policy);
            trainer.rollouts(Rollouts.carried(policy, task, workers)).observer(new WorkerMetrics(workers));
            trainer.listener(new TrainingListener() {
                @Override
                public void onStart(Activity activity) {
                    activity.beside(() -> workers.status().stream()
                            .map(status -> "worker " + status.line())
                            .toList());
                }
            });
            return Optional.of(workers);
        } catch (IllegalArgumentException e) {
            throw new CliException(String.valueOf(e.getMessage()), e);
        }
    }

    private static URI address(String text) {
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(
                    "a worker's address is http://HOST:PORT or https://HOST:PORT, not '" + text + "'", e);
        }
    }

    /** Leaves in a run's folder what its workers did, for the report. */
    static void writeTable(Workers workers, Path run) {
        ArrayNode table = Json.object().putArray("workers");
        workers.status().forEach(status -> table.add(status.toJson()));
        Json.write(run.resolve(RunReport.WORKERS), table);
    }
}
