// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.transformer.CausalLM;
import java.util.List;

/** Batches that are sampled from the model itself, on the trainer's thread, when they are wanted. */
final class BatchesInTurn implements Batches {
    private final Collector collector;
    private final CausalLM model;
    private int learned;

    /** @param learned rollouts that the model has been trained on */
    BatchesInTurn(Collector collector, CausalLM model, int learned) {
        this.collector = collector;
        this.model = model;
        this.learned = learned;
    }

    @Override
    public Batch next() {
        return collector.collect(learned + 1, learned);
    }

    @Override
    public void stepped(long version) {
        collector.publish(model, version);
    }

    /** What kernels read of the weights is made again here, which the first pass of the sampler would do otherwise: so it is known what it costs. */
    @Override
    public void learned(int rollouts) {
        model.parameters().forEach(Parameter::refreshCopies);
        learned = rollouts;
    }

    @Override
    public List<Batch> settle() {
        return List.of();
    }

    @Override
    public void close() {
        // nothing is under way
    }
}
