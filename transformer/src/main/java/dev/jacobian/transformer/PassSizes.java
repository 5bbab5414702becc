// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.transformer.SizeTape.Node;
import dev.jacobian.transformer.WorkspaceLedger.Block;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.HeadNorm;
import dev.jacobian.transformer.plan.LayerPlan;
import java.util.Arrays;

/**
 * The arrays that a decoder's passes take, pass by pass in the order of a run: {@link Backbone}, {@link DecoderLayer} and the
 * head once more, with sizes in place of numbers. Whoever changes what an operation keeps changes it here too; {@code
 * MemoryPlanTest} compares the two.
 */
final class PassSizes {
    private static final int PAGE = KvCache.PAGE;

    /** Logits at a time in {@link dev.jacobian.autograd.TokenLogProbs}. */
    private static final long TRAINING_LOGITS = 1 << 21;

    /** Logits at a time in {@link dev.jacobian.transformer.generation.Generator}. */
    private static final long SAMPLING_LOGITS = 1 << 22;

    private final DecoderConfig config;
    private final Attention.Grouped attention; // of all layers, as in all families so far
    private final FeedForward feedForward;
    private final WorkspaceLedger ledger;
    private final long d;
    private final long queries; // floats of a row of queries
    private final long keys; // floats of a row of keys, or of values
    private int longest;

    PassSizes(DecoderConfig config, WorkspaceLedger ledger) {
        this.config = config;
        this.ledger = ledger;
        this.d = config.hiddenSize();
        LayerPlan layer = config.plan().layers().getFirst();
        this.attention = switch (layer.attention()) {
            case Attention.Grouped grouped -> grouped;
        };
        this.feedForward = layer.feedForward();
        this.queries = (long) attention.heads() * attention.headDim();
        this.keys = (long) attention.kvHeads() * attention.headDim();
    }

    /** Tokens of the longest sequence so far. */
    int longest() {
        return longest;
    }

    /** Forward and backward over one packed batch with {@code targets} predicted tokens. */
    void training(Segments segments, long targets, boolean checkpointing) {
        ledger.enter();
        SizeTape tape = new SizeTape(ledger, true);
        Node h = hidden(tape, segments, checkpointing); // [N, D]
        logProbs(tape, h, segments.rows(), targets);
        tape.backward(null);
        ledger.exit(null);
    }

    /** A forward pass over one packed batch, without gradient. */
    void scoring(Segments segments, long targets) {
        ledger.enter();
        SizeTape tape = new SizeTape(ledger, false);
        logProbs(tape, hidden(tape, segments, false), segments.rows(), targets);
        ledger.exit(null);
    }

    /**
     * Generation with a KV cache, all prompts together.
     *
     * @param endEarly whether sequences may end before the limit: then passes get smaller, and a workspace holds arrays of
     *     several sizes
     */
    void generation(long prompts, int samples, int promptTokens, int newTokens, boolean endEarly) {
        longest = Math.max(longest, promptTokens + newTokens);
        long running = prompts * samples;
        int owner = ledger.enter();
        // Start: the prompts at once, then the last row of each as often as it has samples.
        ledger.enter();
        pages(prompts * pageCount(promptTokens) * config.layers(), owner);
        cachedPass(prompts * promptTokens);
        choose(running);
        ledger.exit(null);
        // Every sample writes to pages of its own from the end of the prompt on; its last token is never attended to.
        long own = pageCount(promptTokens + newTokens - 1) - promptTokens / PAGE;
        pages(newTokens == 1 ? 0 : running * own * config.layers(), owner);
        long n = newTokens == 1 ? 0 : running;
        while (n > 0) {
            ledger.enter();
            cachedPass(n);
            choose(n);
            ledger.exit(null);
            n = endEarly ? n * 2 / 3 : 0;
        }
        ledger.exit(null);
    }

    /** Tokens to logits of every row, as {@code CausalLM.logits(int[])}. */
    void logits(int tokens) {
        ledger.enter();
        SizeTape tape = new SizeTape(ledger, false);
        hidden(tape, Segments.of(tokens), false);
        head(tokens);
        ledger.exit(null);
    }

    // The decoder

    private Node hidden(SizeTape tape, Segments segments, boolean checkpointing) {
        long n = segments.rows();
        for (int s = 0; s < segments.count(); s++) {
            longest = Math.max(longest, segments.history(s) + segments.length(s));
        }
        Node h = tape.result(n * d, ledger.take(n * d), dOut -> {}); // the embedding's gradient is a parameter's
        for (int layer = 0; layer < config.layers(); layer++) {
            h = !tape.records()
                    ? alone(h, n, segments)
                    : checkpointing ? checkpointed(tape, h, segments) : layer(tape, h, n, segments);
        }
        return norm(tape, h, n, d);
    }

    /** One pass of a few tokens of each sequence over the cache. */
    private void cachedPass(long n) {
        Node h = SizeTape.constant(n * d, ledger.take(n * d));
        for (int layer = 0; layer < config.layers(); layer++) {
            h = alone(h, n, null);
        }
        norm(new SizeTape(ledger, false), h, n, d);
    }

    /** A layer without gradient keeps only its result. */
    private Node alone(Node h, long n, Segments segments) {
        Block next = kept(h, n, segments);
        ledger.release(h.value());
        return SizeTape.constant(n * d, next);
    }

    private Block kept(Node h, long n, Segments segments) {
        ledger.enter();
        Block next = layer(new SizeTape(ledger, false), h, n, segments).value();
        ledger.exit(next);
        return next;
    }

    /** {@link dev.jacobian.autograd.Checkpoint}. */
    private Node checkpointed(SizeTape tape, Node h, Segments segments) {
        long n = segments.rows();
        Block out = kept(SizeTape.constant(n * d, h.value()), n, segments);
        return tape.result(n * d, out, dOut -> {
            SizeTape again = new SizeTape(ledger, true);
            ledger.retain(h.value());
            Node entrance = again.result(n * d, h.value(), dIn -> tape.accumulate(h, dIn, false));
            Node result = layer(again, entrance, n, segments);
            again.backward(dOut);
            ledger.release(result.value());
        });
    }

    /** {@link DecoderLayer}; without segments over a cache. */
    private Node layer(SizeTape tape, Node h, long n, Segments segments) {
        Node mixed = attention(tape, norm(tape, h, n, d), n, segments);
        Node afterAttention = tape.add(h, mixed);
        Node normed = norm(tape, afterAttention, n, d);
        Node gate = tape.operation(n * feedForward.inner(), 0, normed);
        Node up = tape.operation(n * feedForward.inner(), 0, normed);
        Node activated = tape.operation(n * feedForward.inner(), 0, gate, up);
        return tape.add(afterAttention, tape.operation(n * d, 0, activated));
    }

    /** {@link SelfAttention}. */
    private Node attention(SizeTape tape, Node x, long n, Segments segments) {
        Node q = tape.operation(n * queries, 0, x);
        Node k = tape.operation(n * keys, 0, x);
        Node v = tape.operation(n * keys, 0, x);
        if (attention.headNorm() instanceof HeadNorm.PerHead) {
            q = norm(tape, q, n * attention.heads(), attention.headDim());
            k = norm(tape, k, n * attention.kvHeads(), attention.headDim());
        }
        q = tape.operation(n * queries, 0, q); // rotated
        k = tape.operation(n * keys, 0, k);
        Node mixed = tape.operation(n * queries, tape.records() ? 2 * n * attention.heads() : 0, q, k, v);
        if (segments != null) {
            int scope = ledger.enter();
            pages(ownPages(segments), scope); // keys and values of this layer in the layout of a cache
            ledger.exit(null);
        }
        return tape.operation(n * d, 0, mixed);
    }

    private Node norm(SizeTape tape, Node x, long rows, long width) {
        return tape.operation(rows * width, rows, x);
    }

    // The head

    /** {@link dev.jacobian.autograd.TokenLogProbs}. */
    private void logProbs(SizeTape tape, Node hidden, long n, long targets) {
        long vocabulary = config.vocabularySize();
        long chunk = Math.max(1, Math.min(Math.max(1, targets), TRAINING_LOGITS / vocabulary));
        Block logProbs = ledger.take(targets);
        ledger.take(targets); // entropies
        Block stats = ledger.take(2 * targets);
        releaseAll(chunkArrays(chunk, false));
        tape.result(targets, logProbs, dOut -> {
            Block[] arrays = chunkArrays(chunk, true);
            tape.accumulate(hidden, ledger.take(n * d), true);
            releaseAll(arrays);
            ledger.release(stats);
        });
    }

    private Block[] chunkArrays(long chunk, boolean backward) {
        Block rows = ledger.take(chunk * d);
        Block gradients = backward ? ledger.take(chunk * d) : null;
        MemoryPlan.Part before = ledger.charge(MemoryPlan.Part.LOGITS);
        Block logits = ledger.take(chunk * config.vocabularySize());
        ledger.charge(before);
        return new Block[] {rows, gradients, logits};
    }

    private void releaseAll(Block[] arrays) {
        Arrays.stream(arrays).forEach(ledger::release);
    }

    /** Choosing the next token of {@code n} sequences: logits and probabilities, by chunks. */
    private void choose(long n) {
        long chunk = Math.max(1, SAMPLING_LOGITS / config.vocabularySize());
        for (long from = 0; from < n; from += chunk) {
            long rows = Math.min(chunk, n - from);
            head(rows);
            MemoryPlan.Part before = ledger.charge(MemoryPlan.Part.LOGITS);
            ledger.take(rows * config.vocabularySize());
            ledger.charge(before);
        }
    }

    /** Rows of hidden states and their logits. */
    private void head(long rows) {
        ledger.take(rows * d);
        MemoryPlan.Part before = ledger.charge(MemoryPlan.Part.LOGITS);
        ledger.take(rows * config.vocabularySize());
        ledger.charge(before);
    }

    // Cache pages

    private static long pageCount(long tokens) {
        return (tokens + PAGE - 1) / PAGE;
    }

    /** Pages of one layer that the segments do not share with the prompt that they continue. */
    private static long ownPages(Segments segments) {
        long pages = 0;
        for (int s = 0; s < segments.count(); s++) {
            int history = segments.history(s);
            pages += pageCount(history + segments.length(s)) - history / PAGE;
        }
        return pages;
    }

    private void pages(long count, int owner) {
        long valueWidth = (attention.headDim() + 15) / 16 * 16;
        MemoryPlan.Part before = ledger.charge(MemoryPlan.Part.KV_CACHE);
        ledger.takeExactly(keys * PAGE, count, owner);
        ledger.takeExactly(attention.kvHeads() * valueWidth * PAGE, count, owner);
        ledger.charge(before);
    }
}
