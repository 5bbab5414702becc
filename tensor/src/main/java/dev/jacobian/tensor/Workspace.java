// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * Recycles the arrays of intermediate results, so that a training or decoding loop allocates almost nothing after its
 * first turn and the garbage collector has nothing to do.
 *
 * <pre>{@code
 * Workspace workspace = new Workspace();
 * for (List<int[]> batch : batches) {
 *     workspace.run(() -> {
 *         model.loss(batch, batch).backward();
 *         optimizer.step(1e-4);
 *         optimizer.zeroGrad();
 *     });
 * }
 * }</pre>
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>It is explicit. Outside of {@link #run} and {@link #compute} every tensor is an ordinary garbage-collected array;
 *       inside, results of differentiable operations belong to the workspace. Values of parameters, their gradients and
 *       whatever the user allocates never do.
 *   <li>An array comes back as soon as nobody can need it: a value when backward has passed the operation that made it, a
 *       gradient when it has been handed on, everything else when the scope ends. <b>So a tensor that shall outlive the
 *       scope must be copied inside it</b> ({@link Tensor#copy}, {@link Tensor#toFloatArray}, {@link Tensor#item}).
 *   <li>Scopes nest; an inner one gives back its own arrays only.
 *   <li>Arrays are kept by rounded size, because ragged batches are never twice the same, and are let go when no scope has
 *       wanted them for a while.
 *   <li>Recycled arrays are handed out as they are: whoever takes one overwrites all of it.
 *   <li>A device's memory is leased in the same way; what comes back is closed, because the device caches it itself.
 * </ul>
 *
 * <p>Not thread-safe: a workspace serves one thread at a time, and only that thread's scopes use it.
 */
public final class Workspace {
    /** Shorter arrays are left to the garbage collector. */
    private static final int MIN_LENGTH = 512;

    /** Outermost scopes after which an unused array is let go. */
    private static final int MAX_IDLE_SCOPES = 4;

    private static final ThreadLocal<Workspace> CURRENT = new ThreadLocal<>();

    private final boolean poisons;
    private final TreeMap<Integer, Deque<Idle>> free = new TreeMap<>();
    private final CountedArrays counted = new CountedArrays();
    private final Map<Object, Lease> leases = new IdentityHashMap<>();
    private final List<List<Lease>> takenIn = new ArrayList<>(); // by depth of the scope, the outermost at 1
    private int depth;
    private long scopes;

    /** An empty workspace. */
    public Workspace() {
        this(false);
    }

    private Workspace(boolean poisons) {
        this.poisons = poisons;
    }

    /** A workspace that fills what comes back with NaN, so that a use after the end is seen: for tests. */
    public static Workspace poisoning() {
        return new Workspace(true);
    }

    /** An array that waits, and when it last worked. */
    private record Idle(float[] array, long scope) {}

    /** Who still needs an array, a {@code float[]} or a {@link DeviceArray}; or an action for the end, which nobody shares. */
    private static final class Lease {
        final Object array;
        int claims = 1;

        Lease(Object array) {
            this.array = array;
        }
    }

    /**
     * A scope's claim on the workspace it runs in, for objects that live as long as the scope but are filled in inner ones,
     * such as a KV cache.
     */
    public static final class Scope {
        private final Workspace workspace;
        private final int depth;

        private Scope(Workspace workspace, int depth) {
            this.workspace = workspace;
            this.depth = depth;
        }

        /** An array of exactly {@code length} zeros that is given back when this scope ends, or earlier. */
        public float[] zeros(int length) {
            if (workspace == null || length < MIN_LENGTH) {
                return new float[length];
            }
            float[] array = workspace.takeExactly(length, depth);
            Arrays.fill(array, 0f);
            return array;
        }

        /**
         * A device's memory with unspecified contents that is given back when this scope ends, or earlier; outside of any
         * scope, when the garbage collector finds it.
         */
        public DeviceArray array(Backend device, DType dtype, int length) {
            DeviceArray array = device.memory().allocate(dtype, length, workspace != null);
            if (workspace != null) {
                workspace.lease(array, depth);
            }
            return array;
        }

        /** {@link #array} as a tensor. */
        public Tensor tensor(Device device, DType dtype, Shape shape) {
            return Tensor.of(array(Backends.of(device), dtype, shape.elements()), shape);
        }

        /**
         * Runs an action when this scope ends, for what lives as long as the scope and is no array.
         *
         * @return whether there is a scope; without one the action never runs
         */
        public boolean atEnd(Runnable action) {
            if (workspace != null) {
                workspace.lease(action, depth);
            }
            return workspace != null;
        }

        /**
         * Counts so many arrays of exactly {@code length} floats that are given back when this scope ends: the pages of a
         * cache on {@link Device#COUNTED}.
         */
        public void countPages(int length, long count) {
            if (workspace != null && length >= MIN_LENGTH && count > 0) {
                workspace.lease(workspace.counted.takePages(length, count), depth);
            }
        }

        /** Counts bytes of a cache on {@link Device#COUNTED} that no workspace would recycle. */
        public void countBytes(long bytes) {
            if (workspace != null) {
                workspace.counted.addPages(bytes);
            }
        }

        /** Gives an array of this scope back early. */
        public void release(float[] array) {
            if (workspace != null) {
                workspace.giveUp(array);
            }
        }

        /** Gives a device's memory back early. */
        public void release(DeviceArray array) {
            if (workspace == null || !workspace.leases.containsKey(array)) {
                array.close();
            } else {
                workspace.giveUp(array);
            }
        }
    }

    /** Runs {@code body} in a scope of this workspace. */
    public void run(Runnable body) {
        compute(() -> {
            body.run();
            return null;
        });
    }

    /**
     * Computes a value in a scope of this workspace; it must not be, or hold, a tensor made by an operation inside.
     *
     * @throws IllegalStateException if the workspace is at work on another thread
     */
    public <T> T compute(Supplier<T> body) {
        Workspace outer = CURRENT.get();
        if (depth > 0 && outer != this) {
            throw new IllegalStateException(
                    "this workspace is at work in another scope or thread; give every thread a workspace of its own");
        }
        CURRENT.set(this);
        depth++;
        try {
            return body.get();
        } finally {
            try {
                endScope(null);
                if (depth == 0) {
                    scopes++;
                    dropIdle();
                }
            } finally {
                if (outer == null) {
                    CURRENT.remove();
                } else {
                    CURRENT.set(outer);
                }
            }
        }
    }

    /**
     * Computes one tensor in an inner scope of the current workspace and keeps only that: everything else that the
     * computation needed is recycled. Without a current workspace just computes.
     */
    public static Tensor keepResult(Supplier<Tensor> body) {
        Workspace workspace = CURRENT.get();
        if (workspace == null) {
            return body.get();
        }
        Tensor result = null;
        workspace.depth++;
        try {
            result = body.get();
        } finally {
            workspace.endScope(result);
        }
        return result;
    }

    /** Runs {@code body} in an inner scope of the current workspace, or just runs it. */
    public static void inner(Runnable body) {
        keepResult(() -> {
            body.run();
            return null;
        });
    }

    /** The current workspace, or a new one if the thread is in no scope. */
    public static Workspace currentOrNew() {
        Workspace workspace = CURRENT.get();
        return workspace == null ? new Workspace() : workspace;
    }

    /** Whether the calling thread is in a scope. */
    public static boolean isActive() {
        return CURRENT.get() != null;
    }

    /** The innermost scope of the calling thread; outside of any, one that allocates ordinary arrays. */
    public static Scope scope() {
        Workspace workspace = CURRENT.get();
        return new Scope(workspace, workspace == null ? 0 : workspace.depth);
    }

    /** An F32 tensor with unspecified contents for an operation's result; zeros outside of a scope. */
    public static Tensor tensor(int... extents) {
        return tensor(Shape.of(extents));
    }

    /** An F32 tensor with unspecified contents for an operation's result; zeros outside of a scope. */
    public static Tensor tensor(Shape shape) {
        Workspace workspace = CURRENT.get();
        if (workspace == null || shape.elements() < MIN_LENGTH) {
            return Tensor.zeros(DType.F32, shape);
        }
        return Tensor.prefix(workspace.take(shape.elements(), workspace.depth), shape);
    }

    /** A tensor with unspecified contents for an operation's result, on any device. */
    public static Tensor tensor(Device device, DType dtype, Shape shape) {
        return switch (device.kind()) {
            case CPU -> dtype == DType.F32 ? tensor(shape) : Tensor.zeros(dtype, shape);
            case COUNTED -> counted(dtype, shape);
            case CUDA -> scope().tensor(device, dtype, shape);
        };
    }

    /** What {@link #tensor(Shape)} does, on arrays that are only counted. */
    private static Tensor counted(DType dtype, Shape shape) {
        Workspace workspace = CURRENT.get();
        if (workspace == null || dtype != DType.F32 || shape.elements() < MIN_LENGTH) {
            return Tensor.zeros(Device.COUNTED, dtype, shape);
        }
        CountedArrays arrays = workspace.counted;
        CountedArray array = arrays.take(fitting(arrays.waiting(), roundUp(shape.elements())), shape);
        return Tensor.of(workspace.lease(array, workspace.depth), shape);
    }

    /** A tensor with unspecified contents on the device of another one and of its type. */
    public static Tensor like(Tensor other, int... extents) {
        return tensor(other.device(), other.dtype(), Shape.of(extents));
    }

    /** A tensor with unspecified contents on the device of another one, of its type and shape. */
    public static Tensor like(Tensor other) {
        return tensor(other.device(), other.dtype(), other.shape());
    }

    /** An F32 tensor with unspecified contents on the device of another one. */
    public static Tensor floatsBeside(Tensor other, int... extents) {
        return tensor(other.device(), DType.F32, Shape.of(extents));
    }

    /** One more owner of a tensor's array: it comes back only when all have released it. */
    public static void retain(Tensor tensor) {
        Workspace workspace = CURRENT.get();
        Lease lease = workspace == null ? null : workspace.leases.get(tensor.storage());
        if (lease != null) {
            lease.claims++;
        }
    }

    /**
     * Gives up one claim on a tensor's array; the last one recycles it. Arrays that are not of the current workspace are
     * left alone.
     *
     * @return whether the array is recycled, so that nobody may look at it any more
     */
    public static boolean release(Tensor tensor) {
        Workspace workspace = CURRENT.get();
        return workspace != null && workspace.giveUp(tensor.storage());
    }

    /** Whether the tensor's array belongs to the current workspace. */
    public static boolean owns(Tensor tensor) {
        Workspace workspace = CURRENT.get();
        return workspace != null && workspace.leases.containsKey(tensor.storage());
    }

    /** Bytes of all Java arrays, in use and waiting. */
    public long bytes() {
        long floats = 0;
        for (Object array : leases.keySet()) {
            floats += array instanceof float[] here ? here.length : 0;
        }
        for (Deque<Idle> idle : free.values()) {
            for (Idle one : idle) {
                floats += one.array.length;
            }
        }
        return Float.BYTES * floats;
    }

    /** What was made on {@link Device#COUNTED}. */
    public CountedBytes counted() {
        return counted.bytes();
    }

    /** At least {@code length} floats. */
    private float[] take(int length, int owner) {
        return takeExactly(fitting(free, roundUp(length)), owner);
    }

    /** The length to take where {@code rounded} floats are wanted: of an array that waits and is at most half as long again. */
    private static int fitting(NavigableMap<Integer, ?> waiting, int rounded) {
        Integer found = waiting.ceilingKey(rounded);
        return found != null && found <= rounded + (long) rounded / 2 ? found : rounded;
    }

    private float[] takeExactly(int length, int owner) {
        Deque<Idle> idle = free.get(length);
        return lease(idle == null ? new float[length] : pop(length, idle), owner);
    }

    private float[] pop(int length, Deque<Idle> idle) {
        float[] array = idle.pop().array;
        if (idle.isEmpty()) {
            free.remove(length);
        }
        return array;
    }

    private <T> T lease(T array, int owner) {
        Lease lease = new Lease(array);
        leases.put(array, lease);
        while (takenIn.size() <= owner) {
            takenIn.add(new ArrayList<>());
        }
        takenIn.get(owner).add(lease);
        return array;
    }

    private boolean giveUp(Object array) {
        Lease lease = leases.get(array);
        if (lease == null || --lease.claims > 0) {
            return false;
        }
        leases.remove(array);
        recycle(array);
        return true;
    }

    private void recycle(Object storage) {
        if (storage instanceof CountedArray array) {
            counted.giveBack(array);
            return;
        }
        if (storage instanceof DeviceArray there) {
            there.close();
            return;
        }
        if (storage instanceof Runnable action) {
            action.run();
            return;
        }
        float[] array = (float[]) storage;
        if (poisons) {
            Arrays.fill(array, Float.NaN);
        }
        free.computeIfAbsent(array.length, length -> new ArrayDeque<>()).push(new Idle(array, scopes));
    }

    /** Recycles what the innermost scope took, but for {@code kept}, which the next one inherits. */
    private void endScope(@Nullable Tensor kept) {
        List<Lease> taken = depth < takenIn.size() ? takenIn.get(depth) : List.of();
        depth--;
        Object keptArray = kept == null ? null : kept.storage();
        boolean inherits = false;
        for (Lease lease : taken) {
            if (leases.get(lease.array) != lease) {
                continue; // given back before
            }
            leases.remove(lease.array);
            if (lease.array == keptArray) {
                inherits = true;
            } else {
                recycle(lease.array);
            }
        }
        if (!taken.isEmpty()) {
            taken.clear();
        }
        if (inherits && keptArray != null) {
            lease(keptArray, depth);
        }
    }

    private void dropIdle() {
        free.values().removeIf(idle -> {
            idle.removeIf(one -> one.scope + MAX_IDLE_SCOPES < scopes);
            return idle.isEmpty();
        });
    }

    /** Up to the next of eight steps between powers of two, so that similar sizes share arrays. */
    private static int roundUp(int length) {
        int step = Math.max(1, Integer.highestOneBit(length) >> 3);
        return (int) Math.min(Integer.MAX_VALUE - 8, ((long) length + step - 1) / step * step);
    }
}
