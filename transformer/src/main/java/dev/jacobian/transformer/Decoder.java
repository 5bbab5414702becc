// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Checkpoint;
import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.RmsNorm;
import dev.jacobian.autograd.Rows;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.config.DecoderConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Embedding, layers and final norm: tokens to hidden states. One code path serves training, scoring and decoding; the only
 * difference is whether keys and values of earlier tokens come from a cache.
 */
final class Decoder {
    /** Checkpoint name of the embeddings. */
    static final String EMBEDDING = "model.embed_tokens.weight";

    private final DecoderConfig config;
    private final Var embedding; // [V, D]
    private final List<DecoderLayer> layers = new ArrayList<>();
    private final Var norm; // [D]
    private final RotaryTable rotary;
    private final DType computeType;
    private final List<Parameter> parameters = new ArrayList<>();
    private boolean checkpoints;

    Decoder(DecoderConfig config, Weights source, DType computeType) {
        Weights weights = new CollectingWeights(source, parameters);
        this.computeType = computeType;
        this.config = config;
        embedding = weights.embedding(EMBEDDING, config.vocabularySize(), config.hiddenSize());
        for (int layer = 0; layer < config.layers(); layer++) {
            layers.add(new DecoderLayer(config, layer, weights));
        }
        norm = weights.get("model.norm.weight", config.hiddenSize());
        rotary = new RotaryTable(config, embedding.value().device());
    }

    /** Whether layers are computed again in backward instead of keeping what they computed. */
    void checkpointLayers(boolean value) {
        checkpoints = value;
    }

    Var embedding() {
        return embedding;
    }

    /**
     * Hidden states after the final norm.
     *
     * @param tokens [N] packed token ids
     * @param listener is shown the embeddings and every layer's raw output, in order
     * @return [N, D]
     */
    Var hidden(int[] tokens, Segments segments, Optional<KvCache> cache, int[] sequences, Consumer<Var> listener) {
        if (tokens.length != segments.rows()) {
            throw new IllegalArgumentException(tokens.length + " tokens for segments of " + segments.rows() + " rows");
        }
        if (cache.isPresent()) {
            requireFitsCache(segments, sequences);
        }
        if (cache.isPresent() && isOneTokenEach(segments)) {
            return decoded(tokens, segments, cache.get(), sequences, listener);
        }
        int[] positions = segments.positions(); // [N]
        int last = 0;
        for (int s = 0; s < segments.count(); s++) {
            int before = cache.isPresent() ? cache.get().length(sequences[s]) : 0;
            for (int row = segments.start(s); row < segments.start(s) + segments.length(s); row++) {
                positions[row] += before;
                last = Math.max(last, positions[row]);
            }
        }
        rotary.ensure(last + 1);
        ForwardPass pass = new ForwardPass(segments, positions, rotary.cos(), rotary.sin(), cache, sequences);
        Var h = layers(tokens, pass, listener); // [N, D]
        cache.ifPresent(held -> held.advance(sequences, segments));
        return RmsNorm.rmsNorm(h, norm, config.normEpsilon());
    }

    private Var layers(int[] tokens, ForwardPass pass, Consumer<Var> listener) {
        Var h = Rows.gather(embedding, tokens, computeType); // [N, D]
        for (DecoderLayer layer : layers) {
            listener.accept(h);
            h = apply(layer, h, pass);
        }
        listener.accept(h);
        return h;
    }

    /** What a replayed forward and backward pass over a batch was captured with, beside the weights and their gradients. */
    Object passConstants(Segments segments) {
        int last = 0;
        for (int s = 0; s < segments.count(); s++) {
            last = Math.max(last, segments.history(s) + segments.length(s));
        }
        rotary.ensure(last);
        return List.of(rotary.cos(), checkpoints);
    }

    private static boolean isOneTokenEach(Segments segments) {
        for (int s = 0; s < segments.count(); s++) {
            if (segments.length(s) != 1) {
                return false;
            }
        }
        return segments.count() > 0;
    }

    /** What a replayed pass was captured with: the rotary table's memory, and weights whose rounded copies are those of now. */
    private record PassConstants(Tensor cos, long version) {}

    /** Rises whenever a weight changes, and only then. */
    private long version() {
        long sum = 0;
        for (Parameter parameter : parameters) {
            sum += parameter.version();
        }
        return sum;
    }

    /** {@link #hidden} of one token for each sequence, which the cache may replay instead of calling the layers. */
    private Var decoded(int[] tokens, Segments segments, KvCache cache, int[] sequences, Consumer<Var> listener) {
        int longest = 0;
        for (int i = 0; i < tokens.length; i++) {
            requireToken(tokens[i]);
            longest = Math.max(longest, cache.length(sequences[i]));
        }
        rotary.ensure(longest + 1);
        Tensor cos = rotary.cos(); // [P, headDim / 2]
        Tensor sin = rotary.sin(); // [P, headDim / 2]
        Tensor h = cache.decode(tokens, sequences, new PassConstants(cos, version()), (ids, positions, handles) -> {
            Segments rows = ids.length == tokens.length ? segments : Segments.of(ones(ids.length));
            return layers(ids, new ForwardPass(rows, positions, cos, sin, Optional.of(cache), handles), listener)
                    .value();
        }); // [N, D]
        return RmsNorm.rmsNorm(Var.constant(h), norm, config.normEpsilon());
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
