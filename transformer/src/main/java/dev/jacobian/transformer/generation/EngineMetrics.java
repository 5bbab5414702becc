// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

/**
 * What an {@link Engine} is doing and has done, for servers and runs to show.
 *
 * @param running continuations that get a token in every step
 * @param prefilling continuations whose prompt is being computed
 * @param waiting continuations that wait for a place, preempted ones included
 * @param slots places, as many as may run
 * @param cacheBytesUsed what sequences and kept beginnings hold
 * @param cacheBytesFree what is left of the budget
 * @param steps steps so far
 * @param busySlots places that were taken, summed over steps
 * @param generatedTokens tokens chosen
 * @param prefilledTokens tokens of prompts computed, again after a preemption too
 * @param reusedTokens tokens of prompts that did not have to be computed, because they began like others
 * @param prefixLookups prompts that were looked up among kept beginnings
 * @param prefixHits those of them that began like one
 * @param preemptions continuations that were set aside for want of memory
 * @param swappedBack continuations that came back without being computed again, because what they had was copied out of the cache
 * @param finished continuations that have ended, whatever the reason
 */
public record EngineMetrics(
        int running,
        int prefilling,
        int waiting,
        int slots,
        long cacheBytesUsed,
        long cacheBytesFree,
        long steps,
        long busySlots,
        long generatedTokens,
        long prefilledTokens,
        long reusedTokens,
        long prefixLookups,
        long prefixHits,
        long preemptions,
        long swappedBack,
        long finished) {
    /** The share of places that were taken, over all steps; 0 before the first. */
    public double slotOccupancy() {
        return steps == 0 ? 0 : (double) busySlots / ((double) steps * slots);
    }
}
