// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Changes;
import dev.jacobian.autograd.Checkpoint;
import dev.jacobian.autograd.Elementwise;
import dev.jacobian.autograd.LoadBalance;
import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Rows;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.CacheSpec;
import dev.jacobian.tensor.CarriedStates;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.DecodeStep;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.KvCacheType;
import dev.jacobian.tensor.KvShape;
import dev.jacobian.tensor.Replays;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Role;
import dev.jacobian.transformer.plan.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Tokens to hidden states: embedding, layers and final norm; a head reads them. One code path serves training, scoring and
 * decoding; the only difference is whether keys and values of earlier tokens come from a cache.
 *
 * <p>Decision: {@linkplain #embed embedding} and {@linkplain #hidden(Var, Segments) layers} are two steps, so that rows that are
 * not tokens (an image's patches) can be put among those that are.
 */
public final class Backbone {
    private final DecoderPlan plan;
    private final Var embedding; // [V, D]
    private final Optional<LowRankRows> embeddingRows; // of an adapter
    private final Optional<Var> positionTable; // [P, D]
    private final List<DecoderLayer> layers = new ArrayList<>();
    private final RowNorm finalNorm;
    private final RotaryTables rotary;
    private final DType computeType;
    private final Changes changes; // of the weights
    private boolean checkpoints;
    private RoutingListener routing = RoutingListener.NONE;

    Backbone(DecoderPlan plan, ModelWeights weights, DType computeType) {
        this.plan = plan;
        this.computeType = computeType;
        changes = weights.changes();
        embedding = weights.embedding();
        embeddingRows = weights.embeddingRows();
        positionTable = plan.embedding().learnedPositions() > 0
                ? Optional.of(weights.table(Role.POSITION_EMBEDDING))
                : Optional.empty();
        for (int layer = 0; layer < plan.layers().size(); layer++) {
            LayerPlan layerPlan = plan.layers().get(layer);
            layers.add(FusedLayer.over(new ResidualLayer(layerPlan, layer, weights), layerPlan, layer, weights));
        }
        finalNorm = RowNorm.of(plan.finalNorm(), Role.FINAL_NORM, TensorSpec.NO_LAYER, weights);
        rotary = new RotaryTables(plan, embedding.value().device());
    }

    /** An empty cache for what the layers keep. */
    KvCache newKvCache(KvCacheType type) {
        List<CacheSpec> specs = plan.layers().stream()
                .map(layer -> switch (layer.mixer().cached()) {
                    case KvShape shape -> shape.in(type);
                    case CarriedStates carried -> carried;
                })
                .map(CacheSpec.class::cast)
                .toList();
        return Backends.of(embedding.value().device()).attention().newKvCache(specs, computeType);
    }

    /** How often weights have changed: what was computed before a change is not what it would be now. */
    long weightChanges() {
        return changes.count();
    }

    /** Whether layers are computed again in backward instead of keeping what they computed. */
    void checkpointLayers(boolean value) {
        checkpoints = value;
    }

    /** Shows a listener from now on where routers send rows. */
    void listenToRouting(RoutingListener listener) {
        routing = listener;
    }

    /**
     * Rows that enter the first layer.
     *
     * @param tokens [N] token ids
     * @return [N, D]
     * @throws IndexOutOfBoundsException if an id is not in the vocabulary
     */
    public Var embed(int[] tokens) {
        Var rows = Rows.gather(embedding, tokens, computeType); // [N, D]
        if (embeddingRows.isPresent()) {
            rows = embeddingRows.get().addedTo(rows, tokens, computeType);
        }
        float scale = plan.embedding().scale();
        return scale == 1 ? rows : Elementwise.scale(rows, scale);
    }

    /**
     * Hidden states after the final norm of a packed batch. Inside {@link NoGrad} the rows are used up.
     *
     * @param rows [N, D] from {@link #embed} or elsewhere
     * @param segments how they divide into sequences
     * @return [N, D]
     */
    public Var hidden(Var rows, Segments segments) {
        return hidden(rows, segments, segments.positions());
    }

    /**
     * The same at positions of one's own.
     *
     * @param positions [N] that rotations go by; which rows see each other is the segments' affair
     */
    public Var hidden(Var rows, Segments segments, int[] positions) {
        return hidden(rows, uncached(segments, positions, Optional.empty()), state -> {});
    }

    /** Hidden states of rows that continue cached sequences; extends the cache. Only inside {@link NoGrad}. */
    public Var hidden(Var rows, Segments segments, KvCache cache, int[] sequences) {
        return hidden(rows, segments, cache, sequences, state -> {});
    }

    /**
     * Hidden states after the final norm.
     *
     * @param tokens [N] packed token ids
     * @param listener is shown the embeddings and every layer's raw output, in order
     * @param balance where routers count what they choose
     * @return [N, D]
     */
    Var hidden(int[] tokens, Segments segments, Consumer<Var> listener, Optional<LoadBalance> balance) {
        requireRows(tokens.length, segments);
        return hidden(embed(tokens), uncached(segments, segments.positions(), balance), listener);
    }

    /** The same of tokens that continue cached sequences. */
    Var hidden(int[] tokens, Segments segments, KvCache cache, int[] sequences) {
        requireRows(tokens.length, segments);
        return hidden(embed(tokens), segments, cache, sequences, state -> {});
    }

    /**
     * Where the routers of one forward pass count what they choose.
     *
     * @throws IllegalArgumentException if the layers have no experts, or choose them by sigmoids, whose balance is kept by the
     *     correction and not by a loss
     */
    LoadBalance newLoadBalance() {
        int experts = plan.balancedExperts()
                .orElseThrow(() -> new IllegalArgumentException(
                        "a load-balancing loss is of routers that choose experts by a softmax, and the model has none;"
                                + " leave router_aux_loss_coef at 0"));
        return new LoadBalance(embedding.value().device(), experts);
    }

    private Var hidden(Var rows, Segments segments, KvCache cache, int[] sequences, Consumer<Var> listener) {
        requireFitsCache(segments, sequences);
        int[] positions = segments.positions(); // [N]
        int[] lengths = new int[segments.rows()]; // [N]
        for (int s = 0; s < segments.count(); s++) {
            int before = cache.length(sequences[s]);
            int after = before + segments.length(s);
            requireRotatesAlike(before, after);
            Arrays.fill(lengths, segments.start(s), segments.start(s) + segments.length(s), after);
            for (int row = segments.start(s); row < segments.start(s) + segments.length(s); row++) {
                positions[row] += cache.length(sequences[s]);
            }
        }
        Var h = layers(
                rows,
                pass(segments, positions, lengths, Optional.of(cache), sequences, 0, Optional.empty()),
                listener); // [N, D]
        cache.advance(sequences, segments);
        return finalNorm.apply(h);
    }

    /**
     * Hidden states of one more token of each of some cached sequences, and of onlookers at places of their own behind it. An
     * onlooker sees what its sequence holds with that token, and neither itself nor other onlookers. Only inside {@link NoGrad}.
     *
     * @param tokens [N] first those of the sequences, then the onlookers
     * @param positions [N] that rotations go by
     * @param sequences [N] handles, of onlookers too
     * @param length of the longest sequence with its onlookers
     * @return [N, D]
     * @throws IllegalArgumentException if a layer carries a state from token to token, which nobody can look at from aside
     */
    Var watched(int[] tokens, int[] positions, KvCache cache, int[] sequences, int onlookers, int length) {
        for (LayerPlan layer : plan.layers()) {
            if (layer.mixer().cached() instanceof CarriedStates) {
                throw new IllegalArgumentException("a layer carries a state from token to token; nothing can look on");
            }
        }
        int[] lengths = new int[tokens.length]; // [N]
        Arrays.fill(lengths, length);
        int[] kept = Arrays.copyOf(sequences, sequences.length - onlookers);
        ForwardPass pass = pass(
                Segments.of(ones(tokens.length)),
                positions,
                lengths,
                Optional.of(cache),
                sequences,
                onlookers,
                Optional.empty());
        Var h = layers(embed(tokens), pass, state -> {}); // [N, D]
        cache.advance(kept, Segments.of(ones(kept.length)));
        return finalNorm.apply(h);
    }

    private Var hidden(Var rows, ForwardPass pass, Consumer<Var> listener) {
        return finalNorm.apply(layers(rows, pass, listener));
    }

    private ForwardPass pass(
            Segments segments,
            int[] positions,
            int[] lengths,
            Optional<KvCache> cache,
            int[] sequences,
            int onlookers,
            Optional<LoadBalance> balance) {
        requireRows(positions.length, segments);
        rotary.ensure(Arrays.stream(positions).max().orElse(0) + 1);
        return new ForwardPass(
                segments,
                positions,
                rotary.at(positions, row -> lengths[row]),
                cache,
                sequences,
                onlookers,
                balance,
                routing);
    }

    private ForwardPass uncached(Segments segments, int[] positions, Optional<LoadBalance> balance) {
        return pass(segments, positions, lengths(segments), Optional.empty(), new int[0], 0, balance);
    }

    private void requireRotatesAlike(int before, int after) {
        if (before > 0 && !plan.rotatesAlike(before, after)) {
            throw new IllegalArgumentException("a cached sequence of " + before + " tokens cannot grow to " + after
                    + ": longer sequences go by other rotations, also at their first positions; compute it anew");
        }
    }

    /**
     * The length of the sequence of each row, [N], where rotations depend on it. Rows that several sequences have in common are
     * those of the longest.
     *
     * @throws IllegalArgumentException if sequences with rows in common go by different rotations
     */
    private int[] lengths(Segments segments) {
        int[] lengths = new int[segments.rows()];
        if (!plan.rotationsDependOnLength()) {
            return lengths;
        }
        int[] whole = new int[segments.count()];
        for (int s = segments.count() - 1; s >= 0; s--) { // what continues a segment comes after it
            whole[s] = Math.max(whole[s], segments.history(s) + segments.length(s));
            int parent = segments.parent(s);
            if (parent >= 0) {
                whole[parent] = Math.max(whole[parent], whole[s]);
            }
            Arrays.fill(lengths, segments.start(s), segments.start(s) + segments.length(s), whole[s]);
        }
        for (int s = 0; s < segments.count(); s++) {
            int parent = segments.parent(s);
            if (parent >= 0 && !plan.rotatesAlike(whole[s], whole[parent])) {
                throw new IllegalArgumentException("sequences of " + whole[s] + " and of " + whole[parent]
                        + " tokens share their beginning but go by different rotations; give each all of its tokens");
            }
        }
        return lengths;
    }

    private static void requireRows(int rows, Segments segments) {
        if (rows != segments.rows()) {
            throw new IllegalArgumentException(rows + " tokens for segments of " + segments.rows() + " rows");
        }
    }

    private Var layers(Var rows, ForwardPass pass, Consumer<Var> listener) {
        requireRows(rows.value().extent(0), pass.segments());
        Var h = placed(rows, pass.positions()); // [N, D]
        for (DecoderLayer layer : layers) {
            listener.accept(h);
            h = apply(layer, h, pass);
        }
        listener.accept(h);
        return h;
    }

    /** Rows with what their positions add, where there is a table of them. */
    private Var placed(Var rows, int[] positions) {
        return positionTable.isEmpty()
                ? rows
                : Elementwise.add(rows, Rows.gather(positionTable.get(), positions, computeType));
    }

    /** What a replayed forward and backward pass over a batch was captured with, beside the weights and their gradients. */
    Object passConstants(Segments segments) {
        int last = 0;
        for (int s = 0; s < segments.count(); s++) {
            last = Math.max(last, segments.history(s) + segments.length(s));
        }
        rotary.ensure(last);
        return List.of(rotary.memory(), checkpoints);
    }

    /**
     * What a replayed step was captured with: memory of the rotary tables and of the cache, and weights whose rounded copies are
     * those of now.
     */
    private record StepConstants(List<Tensor> rotary, Object cached, long changes) {}

    /**
     * Hidden states after the final norm of one new token of each sequence, by a step that a device may replay instead of calling
     * the layers.
     *
     * @param tokens [n] ids
     * @param listener is shown the embeddings and every layer's raw output, in order, but nothing of a step that is replayed
     * @return [n, D]
     */
    Var decoded(int[] tokens, KvCache cache, int[] sequences, Replays replays, Consumer<Var> listener) {
        requireReplayable(tokens, cache, sequences);
        DecodeStep step = cache.step(sequences);
        int[] ids = Arrays.copyOf(tokens, step.rows()); // [N], N ≥ n
        List<int[]> integers = new ArrayList<>(step.integers());
        integers.add(ids);
        Tensor h = replays.run(
                step.shape(), new StepConstants(rotary.memory(), step.memory(), changes.count()), integers, () -> {
                    Segments rows = Segments.of(ones(step.rows()));
                    int[] positions = step.positions(); // [N]
                    ForwardPass pass = new ForwardPass(
                            rows,
                            positions,
                            rotary.at(positions, row -> positions[row] + 1),
                            Optional.of(cache),
                            step.sequences(),
                            0,
                            Optional.empty(),
                            routing);
                    return layers(embed(ids), pass, listener).value();
                }); // [N, D]
        cache.advance(sequences, Segments.of(ones(tokens.length)));
        return finalNorm.apply(Var.constant(h.slice(0, 0, tokens.length)));
    }

    /** Checks what a replayed step does not look at, and makes the tables long enough before it. */
    private void requireReplayable(int[] tokens, KvCache cache, int[] sequences) {
        int longest = 0;
        for (int i = 0; i < tokens.length; i++) {
            requireToken(tokens[i]);
            int length = cache.length(sequences[i]);
            requireRotatesAlike(length, length + 1);
            longest = Math.max(longest, length);
        }
        int learned = plan.embedding().learnedPositions();
        if (learned > 0 && longest >= learned) {
            throw new IndexOutOfBoundsException(
                    "position " + longest + " is outside of the " + learned + " that the model has learned");
        }
        rotary.ensure(longest + 1);
    }

    /** Refuses an id outside of the vocabulary: a replayed pass does not look at it. */
    void requireToken(int token) {
        int size = embedding.value().extent(0);
        if (token < 0 || token >= size) {
            throw new IndexOutOfBoundsException("token id " + token + " is outside of the vocabulary of " + size);
        }
    }

    private static int[] ones(int count) {
        int[] ones = new int[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    private Var apply(DecoderLayer layer, Var h, ForwardPass pass) {
        if (NoGrad.isActive()) {
            Var next =
                    Var.constant(Workspace.keepResult(() -> layer.apply(h, pass).value())); // [N, D]
            h.recycleValue();
            return next;
        }
        return checkpoints ? Checkpoint.checkpoint(h, x -> layer.apply(x, pass)) : layer.apply(h, pass);
    }

    private static void requireFitsCache(Segments segments, int[] sequences) {
        if (sequences.length != segments.count()) {
            throw new IllegalArgumentException(
                    sequences.length + " cache sequences for " + segments.count() + " segments; give one for each");
        }
        for (int s = 0; s < segments.count(); s++) {
            if (segments.parent(s) >= 0) {
                throw new IllegalArgumentException("segment " + s + " has a parent, but with a cache it is the cache"
                        + " that knows what came before; fork the parent's sequence in the cache instead");
            }
        }
    }
}
