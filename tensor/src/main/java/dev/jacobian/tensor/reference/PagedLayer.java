// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.KvShape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.util.ArrayDeque;

/** The pages of one layer of a cache: made, written row by row, copied, and taken back to be others' pages. */
public final class PagedLayer {
    private static final int PAGE = KvCache.PAGE;

    private final KvShape shape;
    private final Workspace.Scope memory;
    private final ArrayDeque<int[]> freeKeyCodes = new ArrayDeque<>(); // a workspace recycles floats alone
    private final ArrayDeque<int[]> freeValueCodes = new ArrayDeque<>();

    PagedLayer(KvShape shape, Workspace.Scope memory) {
        this.shape = shape;
        this.memory = memory;
    }

    KvShape shape() {
        return shape;
    }

    /** Elements between the values of neighbouring keys. */
    static int valueWidth(KvShape shape) {
        return (shape.headDim() + 15) / 16 * 16;
    }

    /** Floats of the keys of a page, or of their scales. */
    public static int keyFloats(KvShape shape) {
        int perHead = shape.type().isRounded() ? KvRounding.blocks(shape.headDim()) : shape.headDim();
        return Math.multiplyExact(shape.heads() * PAGE, perHead);
    }

    /** Floats of the values of a page, or of their scales. */
    public static int valueFloats(KvShape shape) {
        int perHead = shape.type().isRounded() ? KvRounding.blocks(shape.headDim()) : valueWidth(shape);
        return Math.multiplyExact(shape.heads() * PAGE, perHead);
    }

    /** Words of the integers of a page's keys, 0 where numbers are as they were. */
    public static int keyWords(KvShape shape) {
        return shape.type().isRounded() ? Math.multiplyExact(shape.heads() * PAGE, wordsPerKey(shape)) : 0;
    }

    /** Words of the integers of a page's values, 0 where numbers are as they were. */
    public static int valueWords(KvShape shape) {
        return shape.type().isRounded() ? Math.multiplyExact(shape.heads() * PAGE / 4, valueWidth(shape)) : 0;
    }

    private static int wordsPerKey(KvShape shape) {
        return (shape.headDim() + 3) / 4;
    }

    /** Bytes of a page of keys and values. */
    public static long pageBytes(KvShape shape) {
        return (long) Float.BYTES * (keyFloats(shape) + valueFloats(shape))
                + (long) Integer.BYTES * (keyWords(shape) + valueWords(shape));
    }

    KvPage newPage() {
        return new KvPage(
                memory.zeros(keyFloats(shape)),
                memory.zeros(valueFloats(shape)),
                codes(freeKeyCodes, keyWords(shape)),
                codes(freeValueCodes, valueWords(shape)));
    }

    /** Integers that stand for 0 as long as their scales are 0. */
    private static int[] codes(ArrayDeque<int[]> free, int words) {
        if (words == 0) {
            return KvPage.NO_CODES;
        }
        int[] waiting = free.poll();
        return waiting == null ? new int[words] : waiting;
    }

    KvPage copy(KvPage page) {
        KvPage copy = newPage();
        System.arraycopy(page.keys, 0, copy.keys, 0, page.keys.length);
        System.arraycopy(page.values, 0, copy.values, 0, page.values.length);
        System.arraycopy(page.keyCodes, 0, copy.keyCodes, 0, page.keyCodes.length);
        System.arraycopy(page.valueCodes, 0, copy.valueCodes, 0, page.valueCodes.length);
        return copy;
    }

    /** Takes a page back that nobody reads any more. */
    void giveBack(KvPage page) {
        memory.release(page.keys);
        memory.release(page.values);
        if (page.keyCodes.length > 0) {
            freeKeyCodes.push(page.keyCodes);
            freeValueCodes.push(page.valueCodes);
        }
    }

    /** Bytes of what waits here to be a page again. */
    long waitingBytes() {
        return (long) Integer.BYTES
                * (freeKeyCodes.size() * (long) keyWords(shape) + freeValueCodes.size() * (long) valueWords(shape));
    }

    /** Writes a row of keys and values, [N, kvHeads · headDim], as token {@code slot} of a page. */
    void write(KvPage page, int slot, Tensor keys, Tensor values, int row) {
        int width = shape.heads() * shape.headDim();
        int keysAt = keys.offset() + row * width;
        int valuesAt = values.offset() + row * width;
        if (shape.type().isRounded()) {
            writeRounded(page, slot, keys.floats(), keysAt, values.floats(), valuesAt);
        } else {
            writeExact(page, slot, keys.floats(), keysAt, values.floats(), valuesAt);
        }
    }

    private void writeExact(KvPage page, int slot, float[] keys, int keysAt, float[] values, int valuesAt) {
        int headDim = shape.headDim();
        int valueWidth = valueWidth(shape);
        int width = shape.heads() * headDim;
        float[] keyPage = page.keys;
        for (int i = 0; i < width; i++) {
            keyPage[i * PAGE + slot] = keys[keysAt + i];
        }
        for (int head = 0; head < shape.heads(); head++) {
            System.arraycopy(
                    values, valuesAt + head * headDim, page.values, (head * PAGE + slot) * valueWidth, headDim);
        }
    }

    private void writeRounded(KvPage page, int slot, float[] keys, int keysAt, float[] values, int valuesAt) {
        int headDim = shape.headDim();
        int blocks = KvRounding.blocks(headDim);
        for (int head = 0; head < shape.heads(); head++) {
            int keyWord = head * wordsPerKey(shape) * PAGE + slot;
            int valueWord = (head * PAGE + slot) / 4 * valueWidth(shape);
            for (int block = 0; block < blocks; block++) {
                int first = block * KvRounding.BLOCK;
                int n = Math.min(KvRounding.BLOCK, headDim - first);
                int from = keysAt + head * headDim + first;
                float scale = KvRounding.scale(keys, from, n);
                float inverse = KvRounding.inverse(scale);
                page.keys[(head * blocks + block) * PAGE + slot] = scale;
                for (int i = 0; i < n; i++) {
                    int code = KvRounding.code(keys[from + i], inverse);
                    put(page.keyCodes, keyWord + (first + i) / 4 * PAGE, (first + i) % 4, code);
                }
                from = valuesAt + head * headDim + first;
                scale = KvRounding.scale(values, from, n);
                inverse = KvRounding.inverse(scale);
                page.values[(head * PAGE + slot) * blocks + block] = scale;
                for (int i = 0; i < n; i++) {
                    put(page.valueCodes, valueWord + first + i, slot % 4, KvRounding.code(values[from + i], inverse));
                }
            }
        }
    }

    private static void put(int[] words, int word, int place, int code) {
        int shift = 8 * place;
        words[word] = (words[word] & ~(0xFF << shift)) | ((code + 128) << shift);
    }

    /** Element d of the key of one head of token {@code slot}. */
    float key(KvPage page, int head, int d, int slot) {
        int headDim = shape.headDim();
        if (!shape.type().isRounded()) {
            return page.keys[(head * headDim + d) * PAGE + slot];
        }
        int word = page.keyCodes[(head * wordsPerKey(shape) + d / 4) * PAGE + slot];
        float scale = page.keys[(head * KvRounding.blocks(headDim) + d / KvRounding.BLOCK) * PAGE + slot];
        return KvRounding.value(code(word, d % 4), scale);
    }

    /** Element d of the value of one head of token {@code slot}. */
    float value(KvPage page, int head, int d, int slot) {
        if (!shape.type().isRounded()) {
            return page.values[(head * PAGE + slot) * valueWidth(shape) + d];
        }
        int word = page.valueCodes[(head * PAGE + slot) / 4 * valueWidth(shape) + d];
        int blocks = KvRounding.blocks(shape.headDim());
        return KvRounding.value(
                code(word, slot % 4), page.values[(head * PAGE + slot) * blocks + d / KvRounding.BLOCK]);
    }

    private static int code(int word, int place) {
        return (word >>> 8 * place & 0xFF) - 128;
    }
}
