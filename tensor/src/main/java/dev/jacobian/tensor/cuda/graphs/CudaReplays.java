// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.graphs;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Replays;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import dev.jacobian.tensor.cuda.engine.Places;
import dev.jacobian.tensor.cuda.engine.Switches;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Computations of repeated shapes as graphs: a training step of a small model is thousands of launches, a step of decoding
 * hundreds, which take the host longer than the device; as a graph it is one.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Its graphs are of the backend's arithmetic; models of others have replays of their own.
 *   <li>Shapes are taken as they are. Steps of decoding come rounded up ({@link RoundedShape}); for training padding would cost
 *       what it saves, and sums would have other orders.
 *   <li>A shape is computed when it first comes: that loads kernels, lets cuBLAS choose, converts weights, and is often all.
 *   <li>Few are kept ({@link ReplayPolicy}), because each graph holds its activations. A graph makes room for another shape
 *       only when it was not used for a while: where more shapes take turns, some are replayed and the others computed, and
 *       none captured for nothing.
 *   <li>A shape that found too little memory, or whose graph was closed because others did, is computed as it comes from then
 *       on: trying again at every step would cost more than graphs save.
 *   <li>Nothing is captured outside of a workspace: what the body leaves to the garbage collector would stay the graph's.
 * </ul>
 */
final class CudaReplays implements Replays {
    /** Runs after which a graph that none of them used makes room. */
    private static final int PATIENCE = 8;

    /** Shapes that are known again when they come. */
    private static final int REMEMBERED = 32;

    private final Backend backend;
    private final CudaEngine engine;
    private final ReplayPolicy policy;
    private final boolean wanted = Switches.isOn("jacobian.cuda.graphs");
    private final LinkedHashMap<Object, ReplayStep> steps = new LinkedHashMap<>(8, 0.75f, true); // the last used last
    private final LinkedHashMap<Object, Past> seen = new LinkedHashMap<>(REMEMBERED, 0.75f, true);
    private @Nullable Object constants; // what the graphs were captured with
    private long runs;
    private boolean closed;

    /** What became of a shape. */
    private enum Past {
        /** It was computed, and may be captured. */
        COMPUTED,
        /** There was too little memory for its graph. */
        TOO_LARGE
    }

    CudaReplays(Backend backend, CudaEngine engine, ReplayPolicy policy) {
        this.backend = backend;
        this.engine = engine;
        this.policy = policy;
    }

    @Override
    public Tensor run(
            Object shape, Object constants, List<int[]> integers, float[] numbers, UnaryOperator<Tensor> body) {
        if (closed) {
            throw new IllegalStateException("a computation is asked of replays that are closed");
        }
        if (!constants.equals(this.constants) || CapturedWork.isRefused()) {
            forget();
            this.constants = constants;
        }
        runs++;
        if (!areWanted() || CapturedWork.isRefused() || !Workspace.isActive()) {
            return compute(numbers, body);
        }
        ReplayStep step = step(shape, integers, numbers);
        if (step == null) {
            return compute(numbers, body);
        }
        Tensor result = step.run(integers, numbers, body);
        if (result == null) {
            step.close();
            steps.remove(shape);
            seen.put(shape, Past.TOO_LARGE);
            return compute(numbers, body);
        }
        return result;
    }

    /** Whether the process wants graphs: not while a flight recording is to see every kernel. */
    private boolean areWanted() {
        return wanted && Backends.of(engine.device()) == backend;
    }

    /** The graph, to be captured or captured already, of a shape that comes again; null for another. */
    private @Nullable ReplayStep step(Object shape, List<int[]> integers, float[] numbers) {
        Past past = seen.putIfAbsent(shape, Past.COMPUTED);
        if (past == null && seen.size() > REMEMBERED) {
            seen.pollFirstEntry();
        }
        ReplayStep step = steps.get(shape);
        if (step == null && past == Past.COMPUTED && hasRoom()) {
            Optional<ReplayInputs> inputs = ReplayInputs.allocated(engine, integers, numbers.length);
            if (inputs.isEmpty()) {
                seen.put(shape, Past.TOO_LARGE);
                return null;
            }
            step = new ReplayStep(engine, inputs.get(), policy);
            steps.put(shape, step);
        }
        if (step != null) {
            step.usedIn(runs);
        }
        return step;
    }

    /** Whether there is room for a graph more; drops the one that was not used for longest, if that is long. */
    private boolean hasRoom() {
        if (steps.size() == policy.kept()
                && runs - steps.firstEntry().getValue().lastRun() > PATIENCE) {
            steps.pollFirstEntry().getValue().close();
        }
        return steps.size() < policy.kept();
    }

    private Tensor compute(float[] numbers, UnaryOperator<Tensor> body) {
        return Workspace.keepResult(() -> {
            Tensor there = Workspace.tensor(engine.device(), DType.F32, Shape.of(numbers.length)); // [n]
            if (numbers.length > 0) {
                there.copyFrom(Tensor.of(numbers, numbers.length));
            }
            return engine.placed(new Places(), () -> body.apply(there));
        });
    }

    private void forget() {
        steps.values().forEach(ReplayStep::close);
        steps.clear();
        seen.clear();
    }

    @Override
    public void close() {
        closed = true;
        forget();
    }
}
