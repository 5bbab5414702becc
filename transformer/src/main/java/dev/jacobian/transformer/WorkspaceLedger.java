// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A {@link dev.jacobian.tensor.Workspace} that counts arrays instead of making them: the same rounding, the same reuse of
 * what came back, the same nested scopes. What it has made in the end is what a real one would hold.
 *
 * <p>Arrays too short for a workspace are counted as nothing ({@code null}): they are garbage within the operation or too
 * small to matter.
 */
final class WorkspaceLedger {
    /** Lengths below this are no business of a workspace, as in {@code Workspace.MIN_LENGTH}. */
    private static final long MIN_LENGTH = 512;

    private final TreeMap<Long, Long> idle = new TreeMap<>(); // arrays that wait, by length
    private final Set<Block> leased = new LinkedHashSet<>();
    private final Map<MemoryPlan.Part, Long> bytes = new EnumMap<>(MemoryPlan.Part.class);
    private MemoryPlan.Part charged = MemoryPlan.Part.ACTIVATIONS;
    private int depth = 1;

    /** Arrays of one length that are taken and given back together; mostly a single one. */
    static final class Block {
        private final long length;
        private final long count;
        private int depth;
        private int claims = 1;

        private Block(long length, long count, int depth) {
            this.length = length;
            this.count = count;
            this.depth = depth;
        }
    }

    /** What new arrays are written down as from here on; returns what it was. */
    MemoryPlan.Part charge(MemoryPlan.Part part) {
        MemoryPlan.Part before = charged;
        charged = part;
        return before;
    }

    /** {@code Workspace.tensor}: an array of at least that length, for the innermost scope. */
    Block take(long length) {
        if (length < MIN_LENGTH) {
            return null;
        }
        long step = Math.max(1, Long.highestOneBit(length) >> 3);
        long rounded = (length + step - 1) / step * step;
        Long found = idle.ceilingKey(rounded);
        boolean reuses = found != null && found <= rounded + rounded / 2;
        return lease(reuses ? found : rounded, 1, depth);
    }

    /** {@code Workspace.Scope.zeros}, so many times: arrays of exactly that length that live as long as a scope. */
    Block takeExactly(long length, long count, int owner) {
        return length < MIN_LENGTH || count == 0 ? null : lease(length, count, owner);
    }

    private Block lease(long length, long count, int owner) {
        long waiting = idle.getOrDefault(length, 0L);
        long reused = Math.min(waiting, count);
        if (reused == waiting) {
            idle.remove(length);
        } else {
            idle.put(length, waiting - reused);
        }
        bytes.merge(charged, Float.BYTES * length * (count - reused), Long::sum);
        Block block = new Block(length, count, owner);
        leased.add(block);
        return block;
    }

    /** One more owner. */
    void retain(Block block) {
        if (block != null) {
            block.claims++;
        }
    }

    /** One owner less; the last one gives back. */
    void release(Block block) {
        if (block != null && --block.claims == 0 && leased.remove(block)) {
            idle.merge(block.length, block.count, Long::sum);
        }
    }

    /** Begins a scope and returns its depth. */
    int enter() {
        return ++depth;
    }

    /** Ends the innermost scope; only {@code kept} (or {@code null}) goes on, as the outer one's. */
    void exit(Block kept) {
        depth--;
        leased.removeIf(block -> {
            if (block.depth <= depth) {
                return false;
            }
            if (block == kept) {
                block.depth = depth;
                block.claims = 1;
                return false;
            }
            idle.merge(block.length, block.count, Long::sum);
            return true;
        });
    }

    /** Bytes made so far, in use and waiting, by what they were first taken for. */
    Map<MemoryPlan.Part, Long> bytes() {
        return bytes;
    }
}
