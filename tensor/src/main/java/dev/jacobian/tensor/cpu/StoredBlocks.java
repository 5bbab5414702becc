// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.QuantizedMatrix;
import dev.jacobian.tensor.reference.ReferenceBlocks;
import dev.jacobian.tensor.reference.ReferenceQuantization;

/** Puts the blocks of a file into {@link NarrowPanels}: bits change their places, and none is lost. */
final class StoredBlocks {
    private static final int WIDTH = NarrowPanels.WIDTH;
    private static final int BLOCK = ReferenceQuantization.BLOCK;
    private static final int HALF = BLOCK / 2;
    private static final int SUPER = 256;

    private StoredBlocks() {}

    /** Fills panels that are all zero with the transpose of a matrix. */
    static void fill(NarrowPanels panels, QuantizedMatrix from) {
        ComputePool.run(panels.panels(), panel -> {
            int width = Math.min(WIDTH, panels.columns() - panel * WIDTH);
            // Blocks outside, columns inside: what is written for one k lies together.
            for (int p = 0; p < panels.rows(); p += from.format().block()) {
                for (int c = 0; c < width; c++) {
                    int at = from.blockAt(panel * WIDTH + c, p);
                    switch (from.format()) {
                        case Q8_0 -> q8(panels, panel, c, p, from.blocks(), at);
                        case Q4_0 -> q4(panels, panel, c, p, from.blocks(), at);
                        case Q4_K -> q4k(panels, panel, c, p, from.blocks(), at);
                        case Q6_K -> q6k(panels, panel, c, p, from.blocks(), at);
                        case F32, BF16 -> throw new AssertionError(from.format());
                    }
                }
            }
        });
    }

    private static void q8(NarrowPanels to, int panel, int c, int p, byte[] in, int at) {
        scale(to, panel, c, p, in, at);
        int word = to.wordsAt(panel) + p / 4 * WIDTH + c;
        for (int i = 0; i < BLOCK; i++) {
            to.words()[word + i / 4 * WIDTH] |= in[at + 2 + i] + 128 << i % 4 * 8;
        }
    }

    private static void q4(NarrowPanels to, int panel, int c, int p, byte[] in, int at) {
        scale(to, panel, c, p, in, at);
        int word = to.wordsAt(panel) + p / 8 * WIDTH + c;
        for (int i = 0; i < BLOCK; i++) {
            to.words()[word + i / 8 * WIDTH] |= (in[at + 2 + i % HALF] >> i / HALF * 4 & 0xF) << i % 8 * 4;
        }
    }

    private static void scale(NarrowPanels to, int panel, int c, int p, byte[] in, int at) {
        int pair = to.scalesAt(panel) + p / (2 * BLOCK) * WIDTH + c;
        to.scales()[pair] |= (ReferenceBlocks.bits(in, at) & 0xFFFF) << p / BLOCK % 2 * 16;
    }

    private static void q4k(NarrowPanels to, int panel, int c, int p, byte[] in, int at) {
        int scales = to.scalesAt(panel) + p / SUPER * SuperScales.Q4_WORDS * WIDTH + c;
        for (int i = 0; i < SuperScales.Q4_WORDS; i++) {
            to.scales()[scales + i * WIDTH] = word(in, at + 4 * i);
        }
        int words = to.wordsAt(panel) + p / 8 * WIDTH + c;
        for (int i = 0; i < SUPER; i++) {
            int q = in[at + 16 + i / 64 * 32 + i % 32] >> i / 32 % 2 * 4 & 0xF;
            to.words()[words + i / 8 * WIDTH] |= q << i % 8 * 4;
        }
    }

    private static void q6k(NarrowPanels to, int panel, int c, int p, byte[] in, int at) {
        int scales = to.scalesAt(panel) + p / SUPER * SuperScales.Q6_WORDS * WIDTH + c;
        to.scales()[scales] = ReferenceBlocks.bits(in, at + 208) & 0xFFFF;
        for (int i = 1; i < SuperScales.Q6_WORDS; i++) {
            to.scales()[scales + i * WIDTH] = word(in, at + 188 + 4 * i);
        }
        int words = to.wordsAt(panel) + p / 16 * 3 * WIDTH + c;
        for (int i = 0; i < SUPER; i++) {
            int u = ReferenceBlocks.sixBits(in, at, i);
            int group = words + i / 16 * 3 * WIDTH;
            to.words()[group + i % 16 / 8 * WIDTH] |= (u & 0xF) << i % 8 * 4;
            to.words()[group + 2 * WIDTH] |= u >> 4 << i % 16 * 2;
        }
    }

    /** The 32 bits at a byte. */
    private static int word(byte[] in, int at) {
        return ReferenceBlocks.bits(in, at) & 0xFFFF | ReferenceBlocks.bits(in, at + 2) << 16;
    }
}
