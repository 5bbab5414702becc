// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Qkv;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import java.util.Arrays;

/**
 * Gradients of attention.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>One task per family (a segment without parent and all that continue it, at any depth) and kv head: all rows that add
 *       to the gradient of a key are in one task, which visits them in order.
 *   <li>The gradients of the keys that a segment sees lie side by side while it is visited. What the next segment does not see
 *       is written out, and read in again when it is seen once more: numbers keep their bits on the way.
 *   <li>Probabilities are recomputed from the scores and the saved maximum and sum, {@linkplain AttentionBackwardBlock block by
 *       block} of query rows: memory is linear in the length.
 *   <li>Masked pairs are left out by range, never multiplied by zero.
 * </ul>
 */
final class VectorAttentionBackward {
    /** Multiply-adds from which threads pay off. */
    private static final long PARALLEL = 1 << 19;

    private VectorAttentionBackward() {}

    static void attentionBackward(
            Tensor dOut, Qkv in, Tensor out, Tensor stats, Segments segments, AttentionForm form, Qkv gradients) {
        Tensor q = in.q(); // [N, H · headDim]
        int headDim = form.headDim();
        int kvHeads = in.k().extent(1) / headDim;
        int[] roots = new int[segments.count()];
        int families = 0;
        long work = 0;
        for (int s = 0; s < segments.count(); s++) {
            if (segments.parent(s) < 0) {
                roots[families++] = s;
            }
            int length = segments.length(s);
            work += (long) length * (segments.history(s) + length / 2 + 1) * 5 * q.extent(1);
        }
        Problem problem = new Problem(
                dOut,
                q,
                in.k(),
                in.v(),
                out,
                stats,
                segments,
                headDim,
                (headDim + 15) / 16 * 16,
                q.extent(1) / headDim,
                kvHeads,
                form.scale(),
                form.softCap(),
                form.window(),
                gradients.q(),
                gradients.k(),
                gradients.v());
        if (work < PARALLEL) {
            for (int family = 0; family < families; family++) {
                for (int kvHead = 0; kvHead < kvHeads; kvHead++) {
                    problem.family(roots[family], kvHead);
                }
            }
        } else {
            ComputePool.run(families * kvHeads, task -> problem.family(roots[task / kvHeads], task % kvHeads));
        }
    }

    /** All that is asked for. */
    record Problem(
            Tensor dOut,
            Tensor q,
            Tensor k,
            Tensor v,
            Tensor out,
            Tensor stats,
            Segments segments,
            int headDim,
            int width, // headDim rounded up to a multiple of 16
            int heads,
            int kvHeads,
            float scale,
            float softCap,
            int window,
            Tensor dQ,
            Tensor dK,
            Tensor dV) {

        void family(int root, int kvHead) {
            int longest = 0;
            for (int s = root; s < segments.count(); s++) {
                if (isIn(root, s)) {
                    longest = Math.max(longest, segments.history(s) + segments.length(s));
                }
            }
            Scratch scratch = Scratch.current();
            float[] keyGradient = scratch.get(Slot.KEY_GRADIENT, longest * width);
            float[] valueGradient = scratch.get(Slot.VALUE_GRADIENT, longest * width);
            AttentionBackwardBlock block =
                    new AttentionBackwardBlock(this, scratch, longest, kvHead, keyGradient, valueGradient);
            int[] held = {};
            for (int s = root; s < segments.count(); s++) {
                if (!isIn(root, s)) {
                    continue;
                }
                int[] path = segments.path(s);
                int common = Math.max(0, Arrays.mismatch(held, path));
                for (int i = common; i < held.length; i++) {
                    writeKeys(keyGradient, held[i], kvHead, dK);
                    writeKeys(valueGradient, held[i], kvHead, dV);
                }
                for (int i = common; i < path.length - 1; i++) {
                    readKeys(keyGradient, path[i], kvHead, dK);
                    readKeys(valueGradient, path[i], kvHead, dV);
                }
                int own = segments.history(s) * width;
                int end = own + segments.length(s) * width;
                Arrays.fill(keyGradient, own, end, 0f);
                Arrays.fill(valueGradient, own, end, 0f);
                block.segment(s);
                held = path;
            }
            for (int s : held) {
                writeKeys(keyGradient, s, kvHead, dK);
                writeKeys(valueGradient, s, kvHead, dV);
            }
        }

        private boolean isIn(int root, int segment) {
            int s = segment;
            while (s > root) {
                s = segments.parent(s);
            }
            return s == root;
        }

        /** Writes the gradients of a segment's keys to where they belong. */
        private void writeKeys(float[] from, int segment, int kvHead, Tensor to) {
            int position = segments.history(segment);
            int row = segments.start(segment);
            for (int i = 0; i < segments.length(segment); i++) {
                System.arraycopy(from, (position + i) * width, to.floats(), at(to, row + i, kvHead), headDim);
            }
        }

        /** Reads what {@link #writeKeys} wrote. */
        private void readKeys(float[] into, int segment, int kvHead, Tensor from) {
            int position = segments.history(segment);
            int row = segments.start(segment);
            for (int i = 0; i < segments.length(segment); i++) {
                System.arraycopy(from.floats(), at(from, row + i, kvHead), into, (position + i) * width, headDim);
            }
        }

        private int at(Tensor gradient, int row, int kvHead) {
            return gradient.offset() + (row * kvHeads + kvHead) * headDim;
        }
    }
}
