// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.List;

/**
 * What the layers of a model keep of sequences that grow: of each layer what its {@link CacheSpec} says, keys and values in pages
 * of {@link #PAGE} tokens. It holds, and does not compute: a pass over it is the model's, and what captures and replays the pass is
 * {@link Replays}.
 *
 * <p>A layer may keep no more than a window of tokens ({@link KvShape}); what it has let go of comes back only by computing it again.
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
     *
     * @throws IllegalArgumentException if the parent has let go of what is needed ({@link #shortestFork})
     */
    int fork(int parent, int length);

    /**
     * The fewest tokens at which a sequence can be forked, but for none at all, which always works: 0 where all of it is kept, its
     * end where layers carry states, and where layers have windows, what the first page that is still there allows.
     */
    default int shortestFork(int sequence) {
        return 0;
    }

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

    /** What a cache held of a sequence, copied out of it. */
    interface Stored {
        /** Bytes that it takes where it is, and in the cache when it comes back. */
        long bytes();
    }

    /** Whether sequences can be stored. */
    default boolean canStore() {
        return false;
    }

    /** Bytes of what {@link #store} would copy. */
    default long storedBytes(int sequence) {
        throw new UnsupportedOperationException("this cache does not store sequences");
    }

    /** Copies what is held of a sequence to memory of the host that is not the cache's. The sequence stays, until it is released. */
    default Stored store(int sequence) {
        throw new UnsupportedOperationException("this cache does not store sequences");
    }

    /**
     * Begins a sequence with what was stored of one, to the bit. It shares nothing with others.
     *
     * @param stored by this cache
     */
    default int restore(Stored stored) {
        throw new UnsupportedOperationException("this cache does not store sequences");
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
    default long bytesOf(int tokens) {
        return bytesOf(tokens, tokens);
    }

    /**
     * Bytes that a sequence takes at most on its way to so many tokens, where it shares nothing with others.
     *
     * @param atOnce tokens that are appended at a time, at most: where layers have windows, what is appended together is there
     *     together
     */
    long bytesOf(int tokens, int atOnce);

    /**
     * Bytes that a sequence takes at most for more tokens, where it shares all that it has.
     *
     * @param tokens that it has
     * @param atOnce tokens that are appended at a time, at most
     */
    default long growth(int tokens, int more, int atOnce) {
        return bytesOf(tokens + more) - bytesOf(tokens);
    }

    /**
     * Bytes that the cache comes to hold more, at most, when more tokens are appended to a sequence; where layers have windows, what others
     * share with it now counts as theirs.
     *
     * @param atOnce tokens that are appended at a time, at most
     */
    default long growthOf(int sequence, int more, int atOnce) {
        int length = length(sequence);
        return growth(length, more, atOnce) + (length == 0 ? bytesOf(0) : 0);
    }
}
