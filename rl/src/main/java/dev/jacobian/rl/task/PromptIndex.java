// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import java.util.List;

/** Whether a list has a text: a hash table of places, so that the texts themselves may lie on disk. */
final class PromptIndex {
    private final List<String> texts;
    private final int[] table; // place + 1; 0 for none
    private final long[] hashes; // by place

    PromptIndex(List<String> texts) {
        this.texts = texts;
        this.table = new int[Integer.highestOneBit(Math.max(1, Math.min(texts.size(), 1 << 28))) << 2];
        this.hashes = new long[texts.size()];
        for (int place = 0; place < hashes.length; place++) {
            String text = texts.get(place);
            hashes[place] = HeldOut.hash(text);
            int slot = slot(hashes[place], text);
            if (table[slot] == 0) {
                table[slot] = place + 1;
            }
        }
    }

    /** Where a text is, or would be. */
    private int slot(long hash, String text) {
        int slot = (int) hash & table.length - 1;
        while (table[slot] != 0
                && !(hashes[table[slot] - 1] == hash
                        && texts.get(table[slot] - 1).equals(text))) {
            slot = slot + 1 & table.length - 1;
        }
        return slot;
    }

    boolean contains(String text) {
        return table[slot(HeldOut.hash(text), text)] != 0;
    }
}
