// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

/**
 * Where a device's memory went, exact to the byte. {@code held + cached} is what the driver gave.
 *
 * @param live bytes that open blocks asked for
 * @param held bytes that they occupy, rounding included
 * @param cached bytes of closed blocks kept for reuse
 * @param peak the most that the driver had given at any time
 * @param peakLive the most that open blocks had asked for at any time
 * @param blocks open blocks
 * @param leaked blocks that were never closed and that the garbage collector found
 */
public record MemoryAccount(long live, long held, long cached, long peak, long peakLive, long blocks, long leaked) {
    @Override
    public String toString() {
        return "open blocks: " + blocks + " with " + Bytes.text(live) + " (occupying " + Bytes.text(held) + "), "
                + Bytes.text(cached) + " cached, peak " + Bytes.text(peak) + ", " + leaked + " leaked";
    }
}
