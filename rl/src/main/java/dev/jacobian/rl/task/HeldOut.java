// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.HexFormat;

/**
 * Decides by its content alone whether a problem belongs to evaluation: one in {@value #ONE_IN}, by a hash of what
 * makes the problem itself. So the two sets cannot share a problem, whatever the seed, the order or the size of a run.
 */
public final class HeldOut {
    static final int ONE_IN = 10;

    private HeldOut() {}

    /** Whether the problem with this canonical text is held out of training. */
    public static boolean contains(String canonical) {
        return Long.remainderUnsigned(hash(canonical), ONE_IN) == 0;
    }

    /** A short text for a long canonical one: 16 hexadecimal digits. */
    public static String fingerprint(String canonical) {
        return HexFormat.of().toHexDigits(hash(canonical));
    }

    /** Which of several problems is held out where the rule above holds out none or all: the first in this order. */
    static Comparator<String> order() {
        return (a, b) -> Long.compareUnsigned(hash(a), hash(b));
    }

    /** FNV-1a over UTF-8, 64 bits, then the finaliser of SplitMix64, because FNV's low bits mix poorly. */
    static long hash(String text) {
        long hash = 0xcbf29ce484222325L;
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xFF)) * 0x100000001b3L;
        }
        hash = (hash ^ (hash >>> 30)) * 0xbf58476d1ce4e5b9L;
        hash = (hash ^ (hash >>> 27)) * 0x94d049bb133111ebL;
        return hash ^ (hash >>> 31);
    }
}
