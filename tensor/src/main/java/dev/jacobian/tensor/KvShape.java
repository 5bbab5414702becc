// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * Keys and values of every token, or of those within a window, in pages that sequences with a common beginning share.
 *
 * <p>Decision: what has left the window is let go by whole pages when the next tokens are appended, not before; and one page more than
 * the window is kept. So a sequence can go back behind its last append, and be forked where its last full page ends.
 *
 * @param heads key heads, and as many value heads
 * @param headDim elements of a head
 * @param window distance at which keys are no longer seen, 0 for no limit; a cache may keep more
 * @param type how the numbers are held
 */
public record KvShape(int heads, int headDim, int window, KvCacheType type) implements CacheSpec {
    private static final int PAGE = KvCache.PAGE;

    /** Keys and values of all tokens, as they are. */
    public KvShape(int heads, int headDim) {
        this(heads, headDim, 0, KvCacheType.AUTO);
    }

    /** The same held in another type. */
    public KvShape in(KvCacheType other) {
        return new KvShape(heads, headDim, window, other);
    }

    @Override
    public long numbers(long tokens) {
        return 2L * heads * headDim * (window > 0 ? Math.min(window, tokens) : tokens);
    }

    /** The first page that the next token of a sequence of so many sees. */
    public int firstSeenPage(int tokens) {
        return window > 0 ? Math.max(0, tokens - window + 1) / PAGE : 0;
    }

    /** The first page that is kept when tokens are appended to so many. */
    public int firstKeptPage(int tokens) {
        return window > 0 ? Math.max(0, tokens - window + 1 - PAGE) / PAGE : 0;
    }

    /** The fewest tokens at which a sequence can be forked that has let go of the pages before one. */
    public int firstFork(int firstPage) {
        return firstPage == 0 ? 0 : firstPage * PAGE + window - 1;
    }

    /**
     * Pages that a sequence has at most on its way to so many tokens.
     *
     * @param atOnce tokens that are appended at a time, at most
     */
    public long pages(int tokens, int atOnce) {
        long all = Math.ceilDiv(tokens, PAGE);
        // from the first kept page up to the last new one: the window, a page, the tokens, and a page at each end that
        // is not full
        return window > 0 ? Math.min(all, ((long) window + Math.min(tokens, atOnce) + 3 * PAGE - 3) / PAGE) : all;
    }
}
