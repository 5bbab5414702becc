// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import java.util.Arrays;

/**
 * Where sequences are in a cache and how long they are, as kernels of attention read it.
 *
 * @param table page numbers, [S, pages]
 * @param before [S] tokens before this pass
 * @param after [S] tokens with one more
 * @param longest no sequence is longer after
 */
record CachedPages(int[] table, int pages, int[] before, int[] after, int longest) {
    /** Of sequences of such lengths. */
    static CachedPages of(int[] lengths, int[] table, int pages) {
        int[] after = Arrays.stream(lengths).map(length -> length + 1).toArray(); // [S]
        return new CachedPages(
                table, pages, lengths, after, Arrays.stream(after).max().orElse(1));
    }

    /** The same where a launch is to fit sequences that grow to another length. */
    CachedPages upTo(int length) {
        return new CachedPages(table, pages, before, after, length);
    }
}
