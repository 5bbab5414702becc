// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** One continuation of a request in an {@link Engine}, and where its keys and values are. */
final class Sequence {
    /** Those that arrived first come first, the samples of a request in order. */
    static final Comparator<Sequence> BY_ARRIVAL =
            Comparator.<Sequence>comparingLong(s -> s.owner.number()).thenComparingInt(s -> s.sample);

    private static final int NOWHERE = -1;

    private final Submission owner;
    private final int sample;
    private final Continuation continuation;
    private int handle = NOWHERE;

    Sequence(Submission owner, int sample) {
        this.owner = owner;
        this.sample = sample;
        this.continuation = new Continuation(owner.request().prefix(), owner.rules());
    }

    private Sequence(Sequence parent) {
        this.owner = parent.owner;
        this.sample = parent.sample;
        this.continuation = parent.continuation.fork();
    }

    /** A second one that goes on from the same tokens, with the same random numbers; nobody hears of its tokens. */
    Sequence fork() {
        return new Sequence(this);
    }

    Submission owner() {
        return owner;
    }

    int sample() {
        return sample;
    }

    /** Its tokens, what shapes its rows and what ends it. */
    Continuation continuation() {
        return continuation;
    }

    /** The prompt and everything that continues it. */
    int[] tokens() {
        return continuation.history().toArray();
    }

    /** Tokens of the prompt and of the continuation. */
    int length() {
        return continuation.history().length();
    }

    /** The last token, which is not in the cache yet. */
    int lastToken() {
        return continuation.history().get(length() - 1);
    }

    /** Whether a token was chosen since the request; until then all samples of it are the same tokens. */
    boolean hasBegun() {
        return continuation.chosen() > 0;
    }

    /** Its place in the cache. */
    int handle() {
        return handle;
    }

    /** Whether it is in the cache. */
    boolean isPlaced() {
        return handle != NOWHERE;
    }

    void place(int sequence) {
        handle = sequence;
    }

    /** It is in the cache no longer. */
    void displace() {
        handle = NOWHERE;
    }

    /** Which number the next token is drawn with: four integers into {@code coordinates}. */
    void coordinates(int[] coordinates, int at) {
        Prefix prefix = owner.request().prefix();
        coordinates[at] = (int) prefix.key();
        coordinates[at + 1] = (int) (prefix.key() >>> 32);
        coordinates[at + 2] = prefix.sample() + sample;
        coordinates[at + 3] = continuation.history().newTokens();
    }

    /**
     * Takes a token and tells the listener. What either throws is the request's failure.
     *
     * @return why it ends with that, if it does
     */
    Optional<FinishReason> accept(int token, float logProb, List<TokenLogProb> likeliest) {
        try {
            Optional<FinishReason> end = continuation.add(token, logProb, likeliest);
            owner.request().listener().onToken(sample, token, logProb, likeliest);
            return end.isEmpty() && continuation.chosen() == owner.request().pauseAfter()
                    ? Optional.of(FinishReason.PAUSED)
                    : end;
        } catch (RuntimeException broken) {
            owner.fail(broken);
            return Optional.of(FinishReason.CANCELLED);
        }
    }

    @Override
    public String toString() {
        return owner + ", sample " + sample + ", " + continuation.history().newTokens() + " new tokens";
    }
}
