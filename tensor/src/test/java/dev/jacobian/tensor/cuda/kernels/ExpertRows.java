// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelEmulator;

/** Pairs of tokens and experts sorted by expert on the emulated device. */
record ExpertRows(
        EmulatedMemory offsets,
        EmulatedMemory tiles,
        int maxTiles,
        EmulatedMemory rowOfPair,
        EmulatedMemory tokenOfRow) {
    static ExpertRows of(KernelEmulator device, int[] chosen, int experts, int k) {
        int pairs = chosen.length;
        int chunks = (pairs + 1023) / 1024;
        int maxTiles = pairs / 64 + experts;
        EmulatedMemory deviceChosen = device.copy(chosen);
        EmulatedMemory counts = device.copy(new int[chunks * experts]);
        EmulatedMemory offsets = device.copy(new int[experts + 1]);
        EmulatedMemory tiles = device.copy(new int[2 * maxTiles]);
        EmulatedMemory rowOfPair = device.copy(new int[pairs]);
        EmulatedMemory tokenOfRow = device.copy(new int[pairs]);
        device.launch("moe_count", chunks, 1, 256, deviceChosen, pairs, experts, counts);
        device.launch("moe_offsets", 1, 1, 256, counts, chunks, experts, offsets, tiles, maxTiles);
        device.launch("moe_order", chunks, 1, 256, deviceChosen, counts, pairs, experts, k, rowOfPair, tokenOfRow);
        return new ExpertRows(offsets, tiles, maxTiles, rowOfPair, tokenOfRow);
    }
}
