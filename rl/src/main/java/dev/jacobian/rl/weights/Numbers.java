// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.weights;

/**
 * Little-endian bytes as whole numbers of 1, 2 or 4 bytes, and the differences between such.
 *
 * <p>Decision: the bits of two floating-point numbers are subtracted as if they were whole ones. Where a weight has moved by little, that is
 * little; their exclusive-or is not, when a digit carries. The sign goes to the lowest bit, so that small steps down have the same zeros in
 * front as small steps up. All of it wraps around, so nothing is lost, whatever the numbers mean.
 */
final class Numbers {
    private Numbers() {}

    private static int at(byte[] bytes, int from, int width) {
        int value = 0;
        for (int b = width - 1; b >= 0; b--) {
            value = value << 8 | bytes[from + b] & 0xFF;
        }
        return value;
    }

    private static void put(int value, byte[] bytes, int from, int width) {
        for (int b = 0; b < width; b++) {
            bytes[from + b] = (byte) (value >>> 8 * b);
        }
    }

    static int[] of(byte[] bytes, int width) {
        int[] numbers = new int[bytes.length / width];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = at(bytes, i * width, width);
        }
        return numbers;
    }

    static byte[] bytes(int[] numbers, int width) {
        byte[] bytes = new byte[numbers.length * width];
        for (int i = 0; i < numbers.length; i++) {
            put(numbers[i], bytes, i * width, width);
        }
        return bytes;
    }

    /** What {@link #applied} makes {@code now} of {@code old} with. */
    static int[] difference(byte[] old, byte[] now, int width) {
        int unused = Integer.SIZE - 8 * width;
        int[] differences = new int[now.length / width];
        for (int i = 0; i < differences.length; i++) {
            int step = at(now, i * width, width) - at(old, i * width, width) << unused >> unused;
            differences[i] = step << 1 ^ step >> Integer.SIZE - 1;
        }
        return differences;
    }

    static byte[] applied(int[] differences, byte[] old, int width) {
        byte[] now = new byte[old.length];
        for (int i = 0; i < differences.length; i++) {
            int step = differences[i] >>> 1 ^ -(differences[i] & 1);
            put(at(old, i * width, width) + step, now, i * width, width);
        }
        return now;
    }
}
