// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.DecodingPass;
import dev.jacobian.transformer.MemoryPlan;
import dev.jacobian.transformer.generation.StepPlan.Piece;
import dev.jacobian.transformer.generation.StepPlan.Start;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;

/**
 * Generation with continuous batching: requests join and leave between any two steps, and a step advances all who run by one
 * token.
 *
 * <pre>{@code
 * try (Engine engine = new Engine(model, EngineConfig.DEFAULT)) {
 *     Submission one = engine.submit(new GenerationRequest(prompt, GenerationConfig.sampling(64, 0.7f, 1)));
 *     while (engine.step()) {
 *         // submit more, cancel some
 *     }
 *     List<Generation> answers = one.result().join();
 * }
 * }</pre>
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>What is generated for a request does not depend on what else runs, on who joined, left, was set aside or shared its
 *       beginning, nor on any limit of {@link EngineConfig}: each row of a pass has the bits that it has alone, and each draw
 *       the number of its (seed, key, sample, position).
 *   <li>A step gives one token to each who runs ({@link DecodingPass}), and computes the next pieces of prompts, from whose last
 *       rows first tokens are chosen: in one pass of the model if that is few rows, otherwise in two. Who does what when is the
 *       {@link Scheduler}'s.
 *   <li>The cache has a budget. Who finds no memory is set aside and computed again, or copied out of it and back where there is
 *       memory for that; who could never fit is refused at once.
 *   <li>The failure of a listener or of a processor, and logits that are no numbers, fail their own request. The failure of a pass
 *       fails everybody and ends the engine, because nobody knows what the cache holds then.
 *   <li>Made and used inside one scope of a {@link Workspace}, it recycles that one's arrays; otherwise each step has a scope of the
 *       engine's own and pages are ordinary arrays, so that it can run for ever.
 *   <li>When weights have changed, kept beginnings are forgotten, but who runs goes on with what it has in the cache.
 * </ul>
 *
 * <p>Not thread-safe, but for what a {@link Submission} offers; {@link AsyncEngine} serves many threads.
 */
public final class Engine implements AutoCloseable {
    /** Steps in a row in which those who leave or make room may be all that happens. */
    private static final int MOST_EMPTY_STEPS = 100;

    private final CausalLM model;
    private final EngineConfig config;
    private final long budget;
    private final KvCache cache;
    private final DecodingPass decoding;
    private final Scheduler scheduler;
    private final TokenChooser chooser;
    private final BitSet withoutToken; // ids that stand for no token
    private final Deque<PromptScore> scores = new ArrayDeque<>();
    private final Workspace workspace = new Workspace();
    private long weights; // changes that what is in the cache has seen
    private long submissions;
    private long steps;
    private int emptySteps; // in a row
    private long busySlots;
    private long generatedTokens;
    private long prefilledTokens;
    private @Nullable Throwable failure;

    /** An engine that has nothing to do yet. */
    public Engine(CausalLM model, EngineConfig config) {
        this.model = model;
        this.config = config;
        this.budget = config.kvCacheBytes()
                .orElseGet(() -> Budget.bytes(model, config.maxSequences(), config.maxPrefillTokens(), 0));
        this.cache = model.newKvCache();
        this.decoding = new DecodingPass(model, cache);
        this.scheduler = new Scheduler(
                cache,
                model.config().plan(),
                config,
                budget,
                new SwapSpace(cache, config.swapBytes().orElse(model.kvSwapBytes())));
        this.withoutToken = model.idsWithoutToken();
        this.chooser = new TokenChooser(model, withoutToken);
        this.weights = model.weightChanges();
    }

    /** The limits. */
    public EngineConfig config() {
        return config;
    }

    /**
     * Takes a request on, behind all others; nothing is computed yet.
     *
     * @throws IllegalArgumentException if the model cannot do it
     * @throws NeverFitsException if it would not fit into the cache even alone
     * @throws IllegalStateException if the engine has failed
     */
    public Submission submit(GenerationRequest request) {
        Submission submission = submission(request, submissions);
        check(submission);
        take(submission);
        return submission;
    }

    /**
     * The log-probabilities of all tokens of a prompt but the first, computed in the steps to come beside what is generated.
     *
     * @param temperature that logits are divided by
     * @param top how many of the likeliest tokens are told in the place of each
     * @throws IllegalArgumentException if the model cannot do it
     * @throws NeverFitsException if it would not fit into the cache even alone
     * @throws IllegalStateException if the engine has failed
     */
    public CompletableFuture<List<TokenScore>> score(int[] prompt, float temperature, int top) {
        PromptScore score = new PromptScore(prompt, temperature, top);
        check(prompt);
        take(score);
        return score.result();
    }

    /** Refuses a prompt that can never be scored. Reads nothing that changes. */
    void check(int[] prompt) {
        PromptCheck.requireTokens(model, prompt, "the prompt");
        if (prompt.length > model.config().maxPositions()) {
            throw new IllegalArgumentException("the prompt has " + prompt.length + " tokens, but the model is made for "
                    + model.config().maxPositions() + " positions");
        }
        long needed = bytesOf(prompt.length);
        if (needed > budget) {
            throw neverFits("the prompt has " + prompt.length + " tokens", needed, "a shorter prompt");
        }
    }

    void take(PromptScore score) {
        requireWhole();
        scores.add(score);
    }

    /** Takes a request on that was {@linkplain #check checked}. */
    void take(Submission submission) {
        requireWhole();
        submissions = Math.max(submissions, submission.number()) + 1;
        scheduler.add(submission);
    }

    private void requireWhole() {
        if (failure != null) {
            throw new IllegalStateException("the engine has failed; make another one", failure);
        }
    }

    /**
     * A request as it is taken on. Reads nothing that changes.
     *
     * @throws IllegalArgumentException if its settings do not go with the model
     */
    Submission submission(GenerationRequest request, long number) {
        return new Submission(request, number, Continuation.Rules.of(model, request.config(), withoutToken));
    }

    /** Refuses what can never be done. Reads nothing that changes. */
    void check(Submission submission) {
        Prefix prefix = submission.request().prefix();
        int limit = submission.request().maxNewTokens();
        String name = "prompt " + submission.number();
        PromptCheck.require(model, prefix, limit, name);
        int longest = (int) submission.request().longest();
        long needed = bytesOf(longest);
        if (needed > budget) {
            throw neverFits(
                    name + " has " + prefix.tokens().length + " tokens and " + limit + " new ones are asked for",
                    needed,
                    "fewer new tokens");
        }
    }

    /** The most that a sequence takes on its way to so many tokens; where rotations depend on its length it may come at once. */
    private long bytesOf(int tokens) {
        boolean isDivided = !model.config().plan().rotationsDependOnLength();
        return cache.bytesOf(tokens, isDivided ? config.maxPrefillTokens() : tokens);
    }

    private NeverFitsException neverFits(String what, long needed, String first) {
        return new NeverFitsException(
                what + ", whose KV cache is " + MemoryPlan.size(needed) + "; there are "
                        + MemoryPlan.size(Math.max(0, budget)) + " for it",
                first + ", weights in a narrower format, " + narrowerCache() + "a larger kv_cache_gb, a larger heap"
                        + " (JACOBIAN_JAVA_OPTS=-Xmx...)");
    }

    private String narrowerCache() {
        boolean helps = !model.kvCacheType().isRounded() && model.device().equals(Device.CPU);
        return helps ? "kv_cache_type q8_0, " : "";
    }

    /**
     * Advances all who run by one token, and prompts by a piece.
     *
     * @return whether anybody is left
     */
    public boolean step() {
        requireWhole();
        if (scheduler.isIdle() && scores.isEmpty()) {
            return false;
        }
        try {
            if (Workspace.isActive()) {
                NoGrad.run(this::advance);
            } else {
                workspace.run(() -> NoGrad.run(this::advance));
            }
        } catch (Throwable broken) {
            failure = broken;
            failAll(broken);
            throw broken;
        }
        return !scheduler.isIdle() || !scores.isEmpty();
    }

    private void advance() {
        if (weights != model.weightChanges()) {
            weights = model.weightChanges();
            scheduler.forget();
        }
        StepPlan step = scheduler.next();
        steps++;
        busySlots += step.sequences();
        requireProgress(step);
        if (isOnePass(step)) {
            Workspace.inner(() -> compute(step.decoded(), step.pieces()));
        } else {
            Workspace.inner(() -> decode(step.decoded()));
            Workspace.inner(() -> compute(List.of(), step.pieces()));
        }
        for (Start start : step.starts()) {
            Workspace.inner(() -> start(start));
        }
        Workspace.inner(this::score);
    }

    /** Computes a piece of the first prompt that is to be scored, if there is one and room for it. */
    private void score() {
        while (!scores.isEmpty() && scores.element().isOver()) {
            scores.remove().release(cache);
        }
        if (scores.isEmpty()) {
            return;
        }
        PromptScore score = scores.element();
        boolean fits = score.hasBegun() || cache.usedBytes() + bytesOf(score.length()) <= budget;
        if (!fits && scheduler.isIdle()) {
            scheduler.forget(); // what is only kept makes room, and alone it fits
            fits = true;
        }
        if (fits) {
            score.advance(model, cache, config.maxPrefillTokens());
            emptySteps = 0;
        }
    }

    /** Ends an engine in which nobody can go on, which the limits do not allow: better than a loop without an end. */
    private void requireProgress(StepPlan step) {
        emptySteps = step.sequences() > 0 || scheduler.isIdle() ? 0 : emptySteps + 1;
        if (emptySteps > MOST_EMPTY_STEPS) {
            throw new IllegalStateException("nobody can go on: " + metrics() + "; this is a fault of the engine, and a"
                    + " larger kv_cache_gb may avoid it");
        }
    }

    /**
     * Whether those who run and prompts go through the layers together, so that weights are read once: if all of it is no more than a
     * pass may have, and where steps are not replayed.
     */
    private boolean isOnePass(StepPlan step) {
        int rows = step.decoded().size()
                + step.pieces().stream().mapToInt(Piece::count).sum();
        return model.device().equals(Device.CPU)
                && !step.decoded().isEmpty()
                && !step.pieces().isEmpty()
                && rows <= config.maxPrefillTokens();
    }

    private void decode(List<Sequence> running) {
        if (running.isEmpty()) {
            return;
        }
        int n = running.size();
        int[] tokens = new int[n];
        int[] sequences = new int[n];
        int[] rows = new int[n];
        for (int i = 0; i < n; i++) {
            tokens[i] = running.get(i).lastToken();
            sequences[i] = running.get(i).handle();
            rows[i] = i;
        }
        choose(running, decoding.run(tokens, sequences), rows);
    }

    /** Computes the next token of those who run and pieces of prompts, some of which end with that. */
    private void compute(List<Sequence> running, List<Piece> pieces) {
        if (pieces.isEmpty()) {
            return;
        }
        int n = running.size();
        int[] lengths = new int[n + pieces.size()];
        Arrays.fill(lengths, 0, n, 1);
        for (int i = 0; i < pieces.size(); i++) {
            lengths[n + i] = pieces.get(i).count();
        }
        Segments segments = Segments.of(lengths);
        int[] tokens = new int[segments.rows()]; // [N]
        int[] sequences = new int[lengths.length];
        List<Sequence> chosen = new ArrayList<>(running);
        List<Integer> rows = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            tokens[i] = running.get(i).lastToken();
            sequences[i] = running.get(i).handle();
            rows.add(i);
        }
        for (int i = 0; i < pieces.size(); i++) {
            Prefill prefill = pieces.get(i).prefill();
            int start = segments.start(n + i);
            System.arraycopy(
                    prefill.tokens(),
                    prefill.done(),
                    tokens,
                    start,
                    pieces.get(i).count());
            sequences[n + i] = prefill.handle();
            prefill.advance(pieces.get(i).count());
            for (Sequence sequence : prefill.isComplete() ? prefill.sequences() : List.<Sequence>of()) {
                chosen.add(sequence);
                rows.add(lastRow(segments, n + i));
            }
        }
        prefilledTokens += tokens.length - n;
        Var hidden = model.hidden(tokens, segments, cache, sequences); // [N, D]
        Set<Sequence> goOn = Set.copyOf(
                choose(chosen, hidden, rows.stream().mapToInt(Integer::intValue).toArray()));
        for (int i = 0; i < pieces.size(); i++) {
            Prefill prefill = pieces.get(i).prefill();
            int last = lastRow(segments, n + i);
            if (prefill.isComplete()) {
                List<Sequence> placed =
                        prefill.sequences().stream().filter(goOn::contains).toList();
                scheduler.join(prefill, placed, () -> onHost(hidden.value().slice(0, last, last + 1)));
            }
        }
    }

    private static int lastRow(Segments segments, int s) {
        return segments.start(s) + segments.length(s) - 1;
    }

    /** A copy that the scope's end does not take. */
    private static Tensor onHost(Tensor row) {
        return row.contiguous().to(Device.CPU).copy();
    }

    private void start(Start start) {
        Var hidden = Var.constant(start.prompt().hidden().to(model.device())); // [1, D]
        scheduler.join(
                start,
                choose(start.sequences(), hidden, new int[start.sequences().size()]));
    }

    /** Chooses the next token of each sequence from the hidden state of its row; returns those that go on. */
    private List<Sequence> choose(List<Sequence> sequences, Var hidden, int[] rows) {
        TokenChooser.Choices choices = chooser.choose(sequences, hidden, rows);
        List<Sequence> goOn = new ArrayList<>(sequences.size());
        for (int i = 0; i < sequences.size(); i++) {
            Sequence sequence = sequences.get(i);
            float logProb = choices.logProbs()[i];
            if (!Float.isFinite(logProb) && !sequence.owner().isDone()) {
                sequence.owner().fail(notFinite(sequence));
            }
            if (sequence.owner().isDone()) { // failed, by another sample perhaps
                scheduler.finish(sequence, FinishReason.CANCELLED);
                continue;
            }
            generatedTokens++;
            sequence.accept(choices.tokens()[i], logProb, choices.likeliest().get(i))
                    .ifPresentOrElse(reason -> scheduler.finish(sequence, reason), () -> goOn.add(sequence));
        }
        return goOn;
    }

    IllegalStateException notFinite(Sequence sequence) {
        return FiniteLogits.failure(
                model,
                sequence.continuation().chosen() + 1,
                sequence.owner().number(),
                sequence.owner().request().config().temperature());
    }

    /** Cancels all requests. */
    void cancelAll() {
        scheduler.all().forEach(Submission::cancel);
        scores.forEach(score -> score.fail(new CancellationException("the engine ends")));
    }

    /** Requests with samples that have not begun. */
    int waitingRequests() {
        return scheduler.waitingRequests();
    }

    /** Ends all requests with a failure. */
    void failAll(Throwable reason) {
        scheduler.all().forEach(submission -> submission.fail(reason));
        scores.forEach(score -> score.fail(reason));
    }

    /** What it is doing and has done. */
    public EngineMetrics metrics() {
        return scheduler.metrics(steps, busySlots, generatedTokens, prefilledTokens);
    }

    /** Gives back what a device kept for replaying. Requests that have not ended never will. */
    @Override
    public void close() {
        decoding.close();
    }
}
