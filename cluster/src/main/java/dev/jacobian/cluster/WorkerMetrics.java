// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import dev.jacobian.rl.observe.Measurements;
import dev.jacobian.rl.observe.StepObserver;
import dev.jacobian.rl.observe.TrainingStep;
import java.util.List;

/**
 * What workers did since the step before: {@code worker/live}, {@code worker/tokens_per_second} and {@code worker/idle} (the mean of all, each
 * since it was first heard), {@code worker/lost}, {@code worker/reassigned}, {@code worker/twice}, {@code worker/local}, {@code
 * worker/weight_bytes}, {@code worker/full_bytes}, {@code worker/publish_seconds}.
 */
public final class WorkerMetrics implements StepObserver {
    private final Workers workers;
    private Workers.Totals before = Workers.Totals.NONE;

    public WorkerMetrics(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void observe(TrainingStep step, Measurements measured) {
        List<WorkerStatus> all = workers.status();
        Workers.Totals now = workers.totals();
        Workers.Totals since = now.minus(before);
        before = now;
        measured.put("worker/live", (double)
                all.stream().filter(WorkerMetrics::isLive).count());
        measured.put(
                "worker/tokens_per_second",
                all.stream().mapToDouble(WorkerStatus::tokensPerSecond).sum());
        measured.put(
                "worker/idle",
                all.stream().mapToDouble(WorkerStatus::idle).average().orElse(0));
        measured.put("worker/lost", all.stream().mapToInt(WorkerStatus::losses).sum());
        measured.put("worker/reassigned", (double) since.reassigned());
        measured.put("worker/twice", (double) since.dropped());
        measured.put("worker/local", (double) since.local());
        measured.put("worker/weight_bytes", (double) since.weightBytes());
        measured.put("worker/full_bytes", (double) since.fullBytes());
        measured.put("worker/publish_seconds", since.publishSeconds());
    }

    private static boolean isLive(WorkerStatus status) {
        return status.state() != WorkerStatus.State.LOST && status.state() != WorkerStatus.State.REFUSED;
    }
}
