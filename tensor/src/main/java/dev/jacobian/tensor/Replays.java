// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Computations that come again in the same shape with other numbers, which a device may capture once and replay with one
 * call: the micro-batches of a training run whose lengths repeat, and the steps of decoding.
 *
 * <pre>{@code
 * try (Replays replays = Backends.of(device).newReplays(Replays.Use.TRAINING)) {
 *     workspace.run(() -> {
 *         Tensor y = replays.run(ids.length, constants, List.of(ids), weights, w -> compute(ids, w));
 *         ...
 *     });
 * }
 * }</pre>
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>A shape that is seen for the first time is just computed, so data that never repeats costs a look into a small table.
 *       When it comes again it is captured, and from then on replayed: the body is not called any more.
 *   <li>Captured or not, the bits are the same.
 *   <li>A graph keeps the memory of everything between its inputs and its results, so few shapes have one; a shape that
 *       is not used any more loses its own. When the device's memory is short those of training are given up, and such shapes
 *       are computed as they come from then on.
 * </ul>
 *
 * <p>Not thread-safe.
 */
public interface Replays extends AutoCloseable {
    /** What is replayed, which decides how many shapes are kept and what else they make room for. */
    enum Use {
        /** Passes that hold their activations: large, and wanted less than the memory they take. */
        TRAINING,
        /** Steps of a few rows: small, and every one waited for. */
        DECODING
    }

    /**
     * Computes the body, or replays what it did before.
     *
     * <p>A body works on tensors of the device alone and does the same whenever the shape is the same. It must not read
     * anything back ({@link Replaying#readsBack}), nor copy from the host. What it writes beside its result, such as gradients,
     * lies in memory that is there before. Of integers it may use the arrays that are given here, <em>as these objects</em>, or
     * {@linkplain Replaying#part parts} of them; other arrays count as part of the shape.
     *
     * @param shape equal only if the body does the same: the numbers that fix it, with their arrays' contents
     * @param constants equal as long as the memory is the same that bodies read and write beside inputs and result; with
     *     others than before everything begins anew
     * @param integers change from call to call, each array given once; their lengths belong to the shape
     * @param numbers change too; the body is given them as a tensor [n] on the device
     * @param body is not called where it is replayed
     * @return what the body computed: of the current workspace, and good until the next call
     */
    Tensor run(Object shape, Object constants, List<int[]> integers, float[] numbers, UnaryOperator<Tensor> body);

    /** The same without numbers. */
    default Tensor run(Object shape, Object constants, List<int[]> integers, Supplier<Tensor> body) {
        return run(shape, constants, integers, new float[0], none -> body.get());
    }

    /** Gives up what was captured, and its memory. */
    @Override
    void close();
}
