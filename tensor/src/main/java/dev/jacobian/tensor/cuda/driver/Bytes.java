// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import java.util.Locale;

/** Sizes of memory for people. */
public final class Bytes {
    private Bytes() {}

    /** Such as {@code 512 B}, {@code 1.5 KiB}, {@code 2.50 GiB}. */
    public static String text(long bytes) {
        if (bytes < 1L << 10) {
            return bytes + " B";
        }
        if (bytes < 1L << 20) {
            return String.format(Locale.ROOT, "%.1f KiB", bytes / 0x1p10);
        }
        if (bytes < 1L << 30) {
            return String.format(Locale.ROOT, "%.1f MiB", bytes / 0x1p20);
        }
        return String.format(Locale.ROOT, "%.2f GiB", bytes / 0x1p30);
    }
}
