// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import dev.jacobian.jmh.harness.Unit;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.util.List;
import java.util.Optional;

/** What it costs to ask for work: operations so small that the device does them faster than they can be asked for. */
final class GpuLaunch {
    private static final String PLAIN = "add, into a given tensor";
    private static final String ALLOCATING = "add, into a new tensor";
    private static final String WAITING = "add, and wait";

    /** Calls that make one measured one. */
    private static final int REPEATS = 1000;

    static final GpuSuite SUITE = new GpuSuite(
            "gpu-launch",
            "the time to ask for one operation on 256 numbers",
            Unit.SECONDS,
            List.of(PLAIN, ALLOCATING, WAITING),
            label -> 1,
            Optional.empty(),
            "Wall time of one of 1000 operations in a row; the last case waits after each.",
            GpuLaunch::measure);

    private GpuLaunch() {}

    private static void measure(GpuRun run) {
        Tensor x = Tensor.zeros(run.device(), DType.F32, Shape.of(256)); // [256]
        Tensor out = Tensor.zeros(run.device(), DType.F32, Shape.of(256)); // [256]
        Workspace workspace = new Workspace();
        measure(run, PLAIN, () -> run.backend().elementwise().add(x, x, out));
        measure(
                run,
                ALLOCATING,
                () -> workspace.run(() -> run.backend().elementwise().add(x, x, Workspace.like(x))));
        measure(run, WAITING, () -> {
            run.backend().elementwise().add(x, x, out);
            run.backend().synchronize();
        });
        x.close();
        out.close();
    }

    private static void measure(GpuRun run, String label, Runnable one) {
        if (!run.wants(label)) {
            return;
        }
        int repeats = run.pick(REPEATS, 3);
        double[] seconds = run.seconds(20, () -> {
            for (int i = 0; i < repeats; i++) {
                one.run();
            }
        });
        for (int i = 0; i < seconds.length; i++) {
            seconds[i] /= repeats;
        }
        run.add(label, seconds, (row, score) -> {});
    }
}
