// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.Nullable;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** A request that an {@link Engine} has taken on, and what became of it. Can be asked and cancelled from any thread. */
public final class Submission {
    private final GenerationRequest request;
    private final long number;
    private final Continuation.Rules rules;
    private final TokenChooser.Rule rule;
    private final CompletableFuture<List<Generation>> result = new CompletableFuture<>();
    private final @Nullable Generation[] finished; // by sample
    private int left;
    private int begun; // samples that were taken from the queue
    private @Nullable HeldPrompt prompt; // for samples that have not begun
    private volatile boolean cancelled;

    Submission(GenerationRequest request, long number, Continuation.Rules rules) {
        this.request = request;
        this.number = number;
        this.rules = rules;
        this.rule = TokenChooser.Rule.of(rules);
        this.finished = new Generation[request.samples()];
        this.left = request.samples();
    }

    /** What was asked for. */
    public GenerationRequest request() {
        return request;
    }

    /** How many requests the engine took on before this one. */
    public long number() {
        return number;
    }

    /**
     * The continuations in order, when all have ended. Fails with what went wrong with this request or with the engine. Completed
     * on the thread that drives the engine: what depends on it and takes long goes elsewhere ({@code thenAcceptAsync}).
     */
    public CompletableFuture<List<Generation>> result() {
        return result;
    }

    /** What its continuations share. */
    Continuation.Rules rules() {
        return rules;
    }

    /** What rows must have in common with its own to be chosen from together. */
    TokenChooser.Rule rule() {
        return rule;
    }

    /** Tokens after which a continuation ends or pauses. */
    int limit() {
        return Math.min(request.maxNewTokens() - request.prefix().continued(), request.pauseAfter());
    }

    /** Whether there is a result, or a failure. */
    public boolean isDone() {
        return result.isDone();
    }

    /**
     * Gives up what has not ended: before the engine's next step these continuations end as they are, with {@link
     * FinishReason#CANCELLED}. Does nothing when all have ended.
     */
    public void cancel() {
        cancelled = true;
    }

    /** Whether nothing of it is to be computed any more. */
    boolean isOver() {
        return cancelled || isDone();
    }

    /** Whether there are samples that nobody has begun. */
    boolean hasUnbegun() {
        return begun < request.samples();
    }

    int unbegun() {
        return request.samples() - begun;
    }

    /** The number of the next sample, which is begun by that. */
    int begin() {
        return begun++;
    }

    /** The prompt, where it is held in the cache for samples that have not begun. */
    Optional<HeldPrompt> prompt() {
        return Optional.ofNullable(prompt);
    }

    void hold(HeldPrompt computed) {
        prompt = computed;
    }

    void letGo() {
        prompt = null;
    }

    /** A sample has ended. */
    void finish(int sample, Generation generation) {
        if (isDone()) {
            return;
        }
        finished[sample] = generation;
        left--;
        try {
            request.listener().onFinish(sample, generation);
        } catch (RuntimeException broken) {
            fail(broken);
        }
        if (left == 0) {
            result.complete(Arrays.asList(finished).stream().toList());
        }
    }

    void fail(Throwable reason) {
        result.completeExceptionally(reason);
    }

    @Override
    public String toString() {
        return "request " + number + " (" + request.samples() + " x "
                + request.prefix().tokens().length + " tokens)";
    }
}
