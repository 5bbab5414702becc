// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import java.util.List;

/** Where a trainer's batches come from: made when they are wanted ({@link BatchesInTurn}), or ahead of time ({@link BatchesAhead}). */
interface Batches extends AutoCloseable {
    /** The next batch, in order; waits for it. */
    Batch next();

    /**
     * Tells that the model's weights are those after an optimizer step, perhaps within a rollout.
     *
     * @param version optimizer steps that they have seen
     */
    default void stepped(long version) {}

    /**
     * Tells that a rollout has been learned from: the model's weights are those that later batches are sampled with. They are copied where
     * they are needed longer than until the next step.
     *
     * @param rollouts that the weights have been trained on; 0 before the first
     */
    void learned(int rollouts);

    /**
     * Waits until nothing is under way.
     *
     * @return the batches that are made and not yet learned from, in order
     */
    List<Batch> settle();

    /** Ends what is under way. */
    @Override
    void close();
}
