// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/**
 * A backend that writes a {@link KernelEvent} about every call of another one's kernels. {@link Backends} answers with it while
 * a flight recording wants these events, with the same one for all of them, and with the plain backend otherwise.
 *
 * <p>Each family is a dynamic proxy, so that no kernel has code for this and a new kernel is recorded without a line here. It
 * costs about a microsecond per call, which the recording's reader may subtract from the smallest kernels; the results are the
 * same bits.
 */
record RecordedBackend(
        Backend plain,
        MatrixKernels matrices,
        ElementwiseKernels elementwise,
        NormKernels norms,
        ActivationKernels activations,
        PositionKernels positions,
        RowKernels rows,
        AttentionKernels attention,
        RecurrentKernels recurrent,
        ExpertKernels experts,
        FusedKernels fused,
        SoftmaxKernels softmax,
        SamplingKernels sampling,
        OptimizerKernels optimizer)
        implements Backend {
    static RecordedBackend of(Backend plain) {
        return new RecordedBackend(
                plain,
                recorded(MatrixKernels.class, plain.matrices(), KernelEvent::describeProduct),
                recorded(ElementwiseKernels.class, plain.elementwise(), KernelEvent::describeRows),
                recorded(NormKernels.class, plain.norms(), KernelEvent::describeRows),
                recorded(ActivationKernels.class, plain.activations(), KernelEvent::describeRows),
                recorded(PositionKernels.class, plain.positions(), KernelEvent::describeRows),
                recorded(RowKernels.class, plain.rows(), KernelEvent::describeRows),
                recorded(AttentionKernels.class, plain.attention(), KernelEvent::describeRows),
                recorded(RecurrentKernels.class, plain.recurrent(), KernelEvent::describeRows),
                recorded(ExpertKernels.class, plain.experts(), KernelEvent::describeRows),
                recorded(FusedKernels.class, plain.fused(), KernelEvent::describeRows),
                recorded(SoftmaxKernels.class, plain.softmax(), KernelEvent::describeRows),
                recorded(SamplingKernels.class, plain.sampling(), KernelEvent::describeRows),
                recorded(OptimizerKernels.class, plain.optimizer(), KernelEvent::describeRows));
    }

    @Override
    public String name() {
        return plain.name();
    }

    @Override
    public BackendMemory memory() {
        return plain.memory();
    }

    @Override
    public Replaying replaying() {
        return plain.replaying();
    }

    @Override
    public void synchronize() {
        plain.synchronize();
    }

    /** Fills in the sizes of a call. */
    @FunctionalInterface
    private interface Description {
        /** False for a call without a tensor to describe, which is no kernel: its event is dropped. */
        boolean of(KernelEvent event, Object[] arguments);
    }

    private static <K> K recorded(Class<K> family, K kernels, Description description) {
        Object proxy =
                Proxy.newProxyInstance(family.getClassLoader(), new Class<?>[] {family}, (self, method, arguments) -> {
                    KernelEvent event = new KernelEvent();
                    event.begin();
                    try {
                        return method.invoke(kernels, arguments);
                    } catch (InvocationTargetException failure) {
                        throw failure.getCause();
                    } finally {
                        event.end();
                        if (arguments != null && event.shouldCommit() && description.of(event, arguments)) {
                            event.kernel = method.getName();
                            event.commit();
                        }
                    }
                });
        return family.cast(proxy);
    }
}
