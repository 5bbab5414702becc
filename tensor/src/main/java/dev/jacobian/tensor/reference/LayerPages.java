// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import java.util.Arrays;
import java.util.function.UnaryOperator;

/**
 * The pages of one sequence in one layer by number, and beside them their arrays, as kernels read them. Pages that have left a window
 * are null.
 */
final class LayerPages {
    KvPage[] pages;
    float[][] keys;
    float[][] values;
    int[][] keyCodes;
    int[][] valueCodes;
    int first; // the first page that is there
    int count; // pages, those that are not there any more too

    LayerPages(int room) {
        pages = new KvPage[room];
        keys = new float[room][];
        values = new float[room][];
        keyCodes = new int[room][];
        valueCodes = new int[room][];
    }

    /** Puts a page at a number below the count or at it. */
    void set(int number, KvPage page) {
        if (number == pages.length) {
            int room = number + 1 + number / 8;
            pages = Arrays.copyOf(pages, room);
            keys = Arrays.copyOf(keys, room);
            values = Arrays.copyOf(values, room);
            keyCodes = Arrays.copyOf(keyCodes, room);
            valueCodes = Arrays.copyOf(valueCodes, room);
        }
        pages[number] = page;
        keys[number] = page.keys;
        values[number] = page.values;
        keyCodes[number] = page.keyCodes;
        valueCodes[number] = page.valueCodes;
        count = Math.max(count, number + 1);
    }

    /** The same numbers with a copy of each page. */
    LayerPages copy(UnaryOperator<KvPage> ofPage) {
        LayerPages copy = new LayerPages(count);
        copy.first = first;
        for (int p = first; p < count; p++) {
            copy.set(p, ofPage.apply(pages[p]));
        }
        return copy;
    }

    /** Pages that no other sequence shares. */
    int own() {
        int own = 0;
        for (int p = first; p < count; p++) {
            own += pages[p].users == 1 ? 1 : 0;
        }
        return own;
    }

    /** Takes the first page out. */
    KvPage removeFirst() {
        KvPage page = pages[first];
        pages[first] = null;
        keys[first] = null;
        values[first] = null;
        keyCodes[first] = null;
        valueCodes[first] = null;
        first++;
        return page;
    }
}
