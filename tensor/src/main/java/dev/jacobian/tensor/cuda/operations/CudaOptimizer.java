// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.AdamWStep;
import dev.jacobian.tensor.AdamWTensors;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.OptimizerKernels;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** The optimizer's kernels: all tensors of a step in one launch. */
public final class CudaOptimizer implements OptimizerKernels {
    private final CudaEngine engine;
    private @Nullable OffloadedMoments
            moments; // null before the first step that needs it; touched on the dispatcher's thread only

    public CudaOptimizer(CudaEngine engine) {
        this.engine = engine;
    }

    @Override
    public void adamW(Tensor parameter, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
        adamW(List.of(new AdamWTensors(parameter, gradient, m, v)), step);
    }

    /** Waits for tensors whose moments are on the CPU, for no others. */
    @Override
    public void adamW(List<AdamWTensors> all, AdamWStep step) {
        List<AdamWTensors> resident = new ArrayList<>();
        List<AdamWTensors> offloaded = new ArrayList<>();
        for (AdamWTensors one : all) {
            if (one.parameter().elements() > 0) {
                (isOnCpu(one.m()) && isOnCpu(one.v()) ? offloaded : resident).add(one);
            }
        }
        if (!resident.isEmpty()) {
            List<Supplier<AdamWLaunch.Run>> runs =
                    resident.stream().map(this::placed).toList();
            engine.post(() ->
                    AdamWLaunch.launch(engine, runs.stream().map(Supplier::get).toList(), step));
        }
        if (!offloaded.isEmpty()) {
            engine.run(() -> moments().step(offloaded, step));
        }
    }

    private OffloadedMoments moments() {
        if (moments == null) {
            moments = new OffloadedMoments(engine);
            engine.beforeClosing(moments::close);
        }
        return moments;
    }

    private static boolean isOnCpu(Tensor tensor) {
        return tensor.device().equals(Device.CPU);
    }

    /** A whole tensor; checked now, its addresses asked for when it runs. */
    private Supplier<AdamWLaunch.Run> placed(AdamWTensors one) {
        View parameter = View.of(engine, one.parameter());
        View gradient = View.of(engine, one.gradient());
        View m = View.of(engine, one.m());
        View v = View.of(engine, one.v());
        long elements = one.parameter().elements();
        return () -> new AdamWLaunch.Run(parameter.address(), gradient.address(), m.address(), v.address(), elements);
    }
}
