// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Device;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.MemoryPlan;
import dev.jacobian.transformer.MemoryPlan.Part;
import dev.jacobian.transformer.MemoryPlanner;

/** What keys, values and states may take where an engine's limits do not say it: the model's own limit, or what the memory plan leaves. */
final class Budget {
    /** New tokens of the batch that is planned; its decoding steps need no less than longer ones but for the cache. */
    private static final int PLANNED_TOKENS = 8;

    private Budget() {}

    /**
     * Bytes for the cache of an engine.
     *
     * @param sequences that run together at most
     * @param least what the heap is used to the brim for: the longest sequence of those that are wanted
     */
    static long bytes(CausalLM model, int sequences, int prefillTokens, long least) {
        if (model.kvCacheBytes().isPresent()) {
            return model.kvCacheBytes().getAsLong();
        }
        if (!model.device().equals(Device.CPU)) {
            return withoutPlan(
                    model); // a pool that is full is replaced by one of twice the size, and both are there meanwhile
        }
        int positions = model.config().maxPositions();
        int prompt = Math.clamp(prefillTokens / sequences, 1, Math.max(1, positions - PLANNED_TOKENS));
        MemoryPlan plan = MemoryPlanner.inference(model)
                .generation(sequences, 1, prompt, Math.min(PLANNED_TOKENS, positions - prompt))
                .plan();
        // batches of many sizes leave arrays of many sizes behind
        long others = plan.bytes() - plan.bytes(Part.KV_CACHE) + plan.bytes(Part.ACTIVATIONS) + plan.bytes(Part.LOGITS);
        long heap = Runtime.getRuntime().maxMemory();
        return Math.max(heap / 4 * 3 - others, Math.min(least, heap - others)); // the caller holds something too
    }

    /** What is safe without a plan, which takes longer than a short generation. */
    static long withoutPlan(CausalLM model) {
        if (model.kvCacheBytes().isPresent()) {
            return model.kvCacheBytes().getAsLong();
        }
        return Backends.of(model.device()).memory().availableMemory() / 4;
    }
}
