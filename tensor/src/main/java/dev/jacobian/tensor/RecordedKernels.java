// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/**
 * A backend that writes a {@link KernelEvent} about every call of another one. {@link Backends#cpu()} answers with it while a
 * flight recording wants these events, and with the plain backend otherwise.
 *
 * <p>A dynamic proxy, so that no kernel has code for this and a new kernel is recorded without a line here. It costs about a
 * microsecond per call, which the recording's reader may subtract from the smallest kernels; the results are the same bits.
 */
final class RecordedKernels implements InvocationHandler {
    private final Backend kernels;

    private RecordedKernels(Backend kernels) {
        this.kernels = kernels;
    }

    static Backend of(Backend kernels) {
        return (Backend) Proxy.newProxyInstance(
                Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, new RecordedKernels(kernels));
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
        KernelEvent event = new KernelEvent();
        event.begin();
        try {
            return method.invoke(kernels, arguments);
        } catch (InvocationTargetException failure) {
            throw failure.getCause();
        } finally {
            event.end();
            if (arguments != null && event.shouldCommit() && describe(event, method.getName(), arguments)) {
                event.commit();
            }
        }
    }

    /** Fills in the event; false for a method that has no tensor and so is no kernel. */
    private static boolean describe(KernelEvent event, String name, Object[] arguments) {
        Object subject = arguments[0] instanceof Backend.Qkv qkv ? qkv.q() : arguments[0];
        if (!(subject instanceof Tensor first)) {
            return false;
        }
        event.kernel = name;
        event.rows = first.rank() == 0 ? 1 : first.extent(0);
        event.columns = first.shape().elements() / Math.max(1, event.rows);
        if (name.equals("matmul")) {
            event.inner = first.extent(1);
            event.columns =
                    arguments[1] instanceof PackedMatrix packed ? packed.columns() : ((Tensor) arguments[1]).extent(1);
            event.operations = 2 * event.rows * event.inner * event.columns;
        } else if (name.equals("batchedMatmul")) {
            event.rows = (long) first.extent(0) * first.extent(1);
            event.inner = first.extent(2);
            event.columns = ((Tensor) arguments[1]).extent(2);
            event.operations = 2 * event.rows * event.inner * event.columns;
        }
        return true;
    }
}
