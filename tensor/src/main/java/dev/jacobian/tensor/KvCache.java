// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.List;

/**
 * What the layers of a model keep of sequences that grow: of each layer what its {@link CacheSpec} says, keys and values in pages
 * of {@link #PAGE} tokens. It holds, and does not compute: a pass over it is the model's, and what captures and replays the pass is
 * {@link Replays}.
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
     * be missing; they must be there, layer by layer, before the fork is appended to. If they are there, the parent may be
     * released before its fork.
     */
    int fork(int parent, int length);

    /** Forgets a sequence, whose handle may be another's next; pages that no other sequence shares can be reclaimed. */
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

    /**
     * What a layer carries from token to token, for operations that bring it up to date in place ({@link RecurrentKernels}). A
     * sequence begins with zeros; a fork begins with a copy, so only a sequence's end can be forked where layers keep states.
     *
     * @param layer of {@link CarriedStates}
     * @param number which of its states
     * @return one for each sequence
     */
    default List<Tensor> states(int layer, int number, int[] sequences) {
        throw new UnsupportedOperationException("this cache holds keys and values alone");
    }

    /** Makes the tokens appended to all layers count. */
    void advance(int[] sequences, Segments segments);

    /**
     * Makes room in every layer for one new token of each of several sequences. Until {@link #advance} the {@linkplain
     * DecodeStep#sequences() step's own array} stands for them in {@link #append} and attention, whose work is then a matter of
     * tensors and of the step's integers alone.
     *
     * @param sequences [n] handles, each once
     */
    default DecodeStep step(int[] sequences) {
        int[] positions = new int[sequences.length]; // [n]
        for (int i = 0; i < sequences.length; i++) {
            positions[i] = length(sequences[i]);
        }
        return new DecodeStep(sequences, positions, List.of(positions), new Object(), this);
    }

    /** Bytes held by all pages, those that wait for a sequence too. */
    long bytes();

    /** Bytes of what sequences hold; a page that several share counts once. */
    long usedBytes();

    /** Bytes of a sequence of so many tokens that shares nothing with others. */
    long bytesOf(int tokens);
}
