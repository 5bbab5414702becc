// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which of a file's prompts are held out: those that {@link HeldOut} says; where that is none or all, the first one in its order. Prompts are
 * looked at one after the other and not kept.
 *
 * @param held places of prompts that are held out
 * @param isSingle whether there is one prompt only
 */
record HeldOutPrompts(BitSet held, boolean isSingle) {
    static HeldOutPrompts of(List<String> prompts) {
        BitSet held = new BitSet(prompts.size());
        Comparator<String> order = HeldOut.order();
        String first = "";
        String least = "";
        boolean single = !prompts.isEmpty();
        for (int i = 0; i < prompts.size(); i++) {
            String prompt = prompts.get(i);
            held.set(i, HeldOut.contains(prompt));
            first = i == 0 ? prompt : first;
            single &= prompt.equals(first);
            least = i == 0 || order.compare(prompt, least) < 0 ? prompt : least;
        }
        if (held.isEmpty() || held.cardinality() == prompts.size()) {
            for (int i = 0; i < prompts.size(); i++) {
                held.set(i, prompts.get(i).equals(least));
            }
        }
        return new HeldOutPrompts(held, single);
    }

    /** Those of some places, one for each prompt, that are held out, or are not. */
    int[] places(int[] places, boolean heldOut) {
        return IntStream.range(0, places.length)
                .filter(i -> held.get(i) == heldOut)
                .map(i -> places[i])
                .toArray();
    }
}
