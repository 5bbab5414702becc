// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.Arrays;

/** Some elements of an array. */
final class Picked {
    private Picked() {}

    static <T> T[] of(T[] all, int[] places) {
        T[] some = Arrays.copyOf(all, places.length);
        for (int i = 0; i < places.length; i++) {
            some[i] = all[places[i]];
        }
        return some;
    }
}
