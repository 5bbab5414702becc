// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import dev.jacobian.tensor.reference.HeapKvCache;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A device's kernels behind the CPU's tensors: every call moves what is behind its tensors there and back, so that tests
 * written for Java arrays hold for a device too. Views go as views, so strides are tested as well; arguments that share an
 * array share it there.
 */
final class OffloadedBackend {
    private final Device device;

    private OffloadedBackend(Device device) {
        this.device = device;
    }

    /** Kernels of all families: new ones need no line here. */
    static Backend of(Device device) {
        OffloadedBackend offloaded = new OffloadedBackend(device);
        return proxy(Backend.class, (self, method, arguments) -> {
            Object answer = invoke(method, offloaded.kernels(), arguments);
            return method.getReturnType().isInterface() ? offloaded.family(method.getReturnType(), answer) : answer;
        });
    }

    private Backend kernels() {
        return Backends.of(device);
    }

    private <K> K family(Class<K> type, Object kernels) {
        return proxy(type, (self, method, arguments) -> new Call().of(method, kernels, arguments));
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private static Object invoke(Method method, Object target, Object... arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException failure) {
            throw failure.getCause();
        }
    }

    /** One call, and the arrays that it moved. */
    private final class Call {
        private final Map<Object, Tensor> moved = new IdentityHashMap<>();

        Object of(Method method, Object kernels, Object[] arguments) throws Throwable {
            if (arguments == null) {
                return invoke(method, kernels);
            }
            if (method.getReturnType() == KvCache.class) {
                return new TwinCache(specs(arguments));
            }
            Object answer = invoke(
                    method, kernels, Arrays.stream(arguments).map(this::there).toArray());
            moved.forEach((array, whole) -> {
                if (whole.elements() > 0) {
                    whole.deviceArray().read(0, array, 0, whole.elements());
                }
            });
            boolean packs =
                    method.getName().endsWith("pack") && !method.getName().equals("unpack");
            if (!packs) { // a packed matrix may be the matrix itself
                moved.values().forEach(Tensor::close);
            }
            return answer instanceof Tensor result ? result.to(Device.CPU) : answer;
        }

        /** The layers of a cache, however they were asked for. */
        private static List<CacheSpec> specs(Object[] arguments) {
            return arguments[0] instanceof List<?> specs
                    ? specs.stream().map(CacheSpec.class::cast).toList()
                    : Collections.nCopies((int) arguments[0], new KvShape((int) arguments[1], (int) arguments[2]));
        }

        private Object there(Object argument) {
            return switch (argument) {
                case null -> null;
                case Tensor tensor -> there(tensor);
                case TwinCache cache -> cache.there;
                case PackedMatrix packed -> packed;
                case List<?> list -> list.stream().map(this::there).toList();
                case Optional<?> optional -> optional.map(this::there);
                case Record row -> there(row);
                default -> argument;
            };
        }

        /** The same view of the same array, on the device. */
        Tensor there(Tensor x) {
            Tensor all = moved.computeIfAbsent(x.storage(), array -> {
                int length = Array.getLength(array);
                Tensor whole = Tensor.zeros(device, x.dtype(), Shape.of(length)); // [everything behind the view]
                if (length > 0) {
                    whole.deviceArray().write(0, array, 0, length);
                }
                return whole;
            });
            return x.on(all.deviceArray());
        }

        private Record there(Record row) {
            RecordComponent[] components = row.getClass().getRecordComponents();
            Class<?>[] types =
                    Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
            Object[] values = new Object[components.length];
            try {
                for (int i = 0; i < values.length; i++) {
                    values[i] = there(components[i].getAccessor().invoke(row));
                }
                return row.getClass().getDeclaredConstructor(types).newInstance(values);
            } catch (ReflectiveOperationException refused) {
                throw new AssertionError(refused);
            }
        }
    }

    /** A cache on the CPU whose every change is made on the device too. */
    private final class TwinCache extends HeapKvCache {
        final KvCache there;

        TwinCache(List<CacheSpec> layers) {
            super(layers, DType.F32);
            there = kernels().attention().newKvCache(layers, DType.F32);
        }

        @Override
        public int add() {
            there.add();
            return super.add();
        }

        @Override
        public int fork(int parent, int length) {
            there.fork(parent, length);
            return super.fork(parent, length);
        }

        @Override
        public void release(int sequence) {
            there.release(sequence);
            super.release(sequence);
        }

        @Override
        public void append(int layer, int[] sequences, Segments segments, Tensor keys, Tensor values) {
            Call call = new Call();
            there.append(layer, sequences, segments, call.there(keys), call.there(values));
            call.moved.values().forEach(Tensor::close);
            super.append(layer, sequences, segments, keys, values);
        }

        @Override
        public void advance(int[] sequences, Segments segments) {
            there.advance(sequences, segments);
            super.advance(sequences, segments);
        }
    }
}
