// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * Keys and values of sequences that grow, per layer, in pages of {@link #PAGE} tokens.
 *
 * <p>Decisions: a fork shares the full pages of its parent and copies only the page it will write to, so the prompt of a
 * group is stored (and computed) once. Attention always reads its keys from such a cache, also when a whole batch is
 * scored in one pass: one path, so decoding and scoring give the same bits.
 *
 * <p>Not thread-safe; one cache belongs to one generation or one forward pass.
 */
public interface KvCache {
    /** Tokens per page. */
    int PAGE = 16;

    /** Begins an empty sequence and returns its handle. */
    int add();

    /**
     * Begins a sequence that continues the first {@code length} tokens of {@code parent}. The parent's tokens may still
     * be missing; they must be there, layer by layer, before the fork is appended to.
     */
    int fork(int parent, int length);

    /** Forgets a sequence; pages that no other sequence shares can be reclaimed. */
    void release(int sequence);

    /** Number of tokens that a sequence holds, counting its parent's. */
    int length(int sequence);

    /**
     * Writes keys and values of new tokens of one layer. Segment s of the batch continues {@code sequences[s]}. Lengths do
     * not change until {@link #advance}: every layer writes at the same positions.
     *
     * @param layer layer index
     * @param sequences one handle per segment
     * @param segments rows of {@code keys} and {@code values}
     * @param keys [N, kvHeads · headDim], contiguous
     * @param values [N, kvHeads · headDim], contiguous
     */
    void append(int layer, int[] sequences, Segments segments, Tensor keys, Tensor values);

    /** Makes the tokens appended to all layers count. */
    void advance(int[] sequences, Segments segments);

    /**
     * Computes one new token for each of several sequences, which are one longer afterwards.
     *
     * <p>A cache may compute a larger batch, of which the sequences are the first, and it may replay on a device what an
     * earlier pass did there, without calling this one. So a pass does the same for every batch, on tensors alone: what it
     * reads beside the arrays it is handed must be weights or belong to {@code constants}.
     *
     * @param tokens [n] ids, checked by the caller
     * @param sequences [n] handles, each once
     * @param constants what passes read beside weights; if it equals that of the step before, so does what it stands for
     * @param pass appends to every layer, and does not {@link #advance}
     * @return [n, D], what the pass computed; good until the next call
     */
    default Tensor decode(int[] tokens, int[] sequences, Object constants, DecodePass pass) {
        int[] positions = new int[sequences.length]; // [n]
        int[] ones = new int[sequences.length];
        for (int i = 0; i < sequences.length; i++) {
            positions[i] = length(sequences[i]);
            ones[i] = 1;
        }
        Tensor result = pass.compute(tokens, positions, sequences); // [n, D]
        advance(sequences, Segments.of(ones));
        return result;
    }

    /** A forward pass over one token of each sequence. */
    @FunctionalInterface
    interface DecodePass {
        /**
         * Computes.
         *
         * @param tokens [n] ids
         * @param positions [n] of the tokens in their sequences
         * @param sequences [n] handles for this cache's {@link KvCache#append} and for attention over it
         * @return [n, D]
         */
        Tensor compute(int[] tokens, int[] positions, int[] sequences);
    }

    /** Bytes held by all pages. */
    long bytes();
}
