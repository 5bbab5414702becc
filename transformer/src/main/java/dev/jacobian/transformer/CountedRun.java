// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.CountedBytes;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.TokenChoice;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.lora.LoraPlan;
import java.util.Arrays;
import java.util.Optional;

/**
 * A model of counted weights, and what a run does with it: the passes are those of the product, so what they take is what a run
 * will take.
 *
 * <p>Decision: what comes again is done once. Of generation there are the prompts, a few passes in which sequences end, and the
 * last pass, before which the cache has grown to its full length.
 */
final class CountedRun {
    /** Rows whose next token is drawn with one number each. */
    private static final int COORDINATES = 4;

    /** Sequences and prompt tokens whose cache no heap holds: planning them would take memory itself. */
    private static final long MOST_ROWS = 1 << 24;

    private final CausalLM model;
    private final CountedWeights weights;
    private final Workspace workspace = new Workspace();

    /**
     * A model that has done nothing yet.
     *
     * @param options how it is loaded, and for which device
     * @throws Shape.TooLargeException if a weight is larger than any tensor
     */
    CountedRun(DecoderConfig config, ModelOptions options, Optional<LoraPlan> adapter) {
        WeightFormats formats = options.weights();
        Device device = options.device();
        weights = adapter.isPresent() ? CountedWeights.frozen(formats, device) : new CountedWeights(formats, device);
        model = new CausalLM(
                config,
                CheckpointFiles.none(),
                adapter.<Weights>map(lora -> adapted(lora, config)).orElse(weights),
                ModelOptions.DEFAULT.on(Device.COUNTED).weights(formats).kvCache(options.kvCache()));
        new Workspace()
                .run(
                        () -> { // makes the copies that products read
                            if (model.labels() > 0) {
                                NoGrad.run(() -> read(Segments.of(1), 1));
                            } else {
                                model.logits(new int[1]);
                            }
                        });
    }

    private Weights adapted(LoraPlan adapter, DecoderConfig config) {
        AdapterTensors values = spec -> Optional.of(Tensor.zeros(Device.COUNTED, DType.F32, Shape.of(spec.shape())));
        return new LoraWeights(weights, adapter, LoraPlan.tiedHead(config.plan()), values, Device.COUNTED, 0);
    }

    /** Bytes of an adapter. */
    long adapterBytes() {
        return model.adapter()
                .map(adapter -> Float.BYTES * adapter.plan().parameters())
                .orElse(0L);
    }

    CountedWeights weights() {
        return weights;
    }

    /** Bytes of the copies of trainable weights that products read. */
    long packedBytes() {
        return model.parameters().stream().mapToLong(Parameter::copiedBytes).sum();
    }

    /** What the passes so far have made. */
    CountedBytes made() {
        return workspace.counted();
    }

    /** Forward and backward over one packed batch with {@code targets} predicted tokens. */
    void training(Segments segments, int targets, boolean checkpointing) {
        model.gradientCheckpointing(checkpointing);
        workspace.run(() -> {
            Var read = read(segments, targets);
            read.backward(Tensor.zeros(Device.COUNTED, DType.F32, read.value().shape()));
        });
    }

    /** A forward pass over one packed batch, without gradient. */
    void scoring(Segments segments, int targets) {
        workspace.run(() -> NoGrad.run(() -> read(segments, targets)));
    }

    private Var read(Segments segments, int targets) {
        if (segments.rows() > MOST_ROWS || targets > MOST_ROWS) {
            throw new ArithmeticException(segments.rows() + " tokens at once");
        }
        Var hidden = model.hidden(new int[segments.rows()], segments); // [N, D]
        return read(hidden, targets);
    }

    /** What the head makes of as many rows. */
    private Var read(Var hidden, int targets) {
        return model.labels() > 0
                ? model.scores(hidden, new int[targets])
                : model.logProbs(hidden, new int[targets], new int[targets], 1f).logProbs();
    }

    /**
     * Generation with a KV cache, all prompts together.
     *
     * @param endEarly whether sequences may end before the limit: then passes get smaller, and a workspace holds arrays of
     *     several sizes
     * @throws ArithmeticException if that is more than anything could hold
     */
    void generation(int prompts, int samples, int promptTokens, int newTokens, boolean endEarly) {
        if (prompts == 0 || samples == 0) {
            return;
        }
        if ((long) prompts * Math.max(samples, promptTokens) > MOST_ROWS) {
            throw new ArithmeticException(prompts + " prompts with " + samples + " samples at once");
        }
        workspace.run(() -> NoGrad.run(() -> generate(prompts, samples, promptTokens, newTokens, endEarly)));
    }

    private void generate(int prompts, int samples, int promptTokens, int newTokens, boolean endEarly) {
        KvCache cache = model.newKvCache();
        DecodingPass pass = new DecodingPass(model, cache); // with nothing to close
        int[] parents = new int[prompts];
        Arrays.setAll(parents, p -> cache.add());
        int[] sequences = new int[prompts * samples];
        prefill(cache, parents, promptTokens, samples);
        if (newTokens == 1) {
            return;
        }
        Arrays.setAll(sequences, i -> cache.fork(parents[i / samples], promptTokens));
        int taken = 0; // steps of decoding by the sequences that still run
        for (int n = sequences.length * 2 / 3; endEarly && n > 0 && taken < newTokens - 2; n = n * 2 / 3) {
            decode(pass, Arrays.copyOf(sequences, n));
            taken++;
        }
        int[] missing = new int[sequences.length]; // tokens until all but the last two are in the cache
        Arrays.setAll(missing, i -> promptTokens + newTokens - 2 - cache.length(sequences[i]));
        cache.advance(sequences, Segments.of(missing));
        decode(pass, sequences);
    }

    /** Prompts, in the pieces in which generation computes them. */
    private void prefill(KvCache cache, int[] prompts, int promptTokens, int samples) {
        long all = (long) prompts.length * promptTokens;
        for (long from = 0; from < all; ) {
            long to = Math.min(all, from + MemoryPlanner.PREFILL_TOKENS);
            int first = (int) (from / promptTokens);
            int[] lengths = new int[(int) ((to - 1) / promptTokens) - first + 1];
            for (int p = 0; p < lengths.length; p++) {
                long begin = Math.max(from, (long) (first + p) * promptTokens);
                lengths[p] = (int) (Math.min(to, (long) (first + p + 1) * promptTokens) - begin);
            }
            int complete = (int) (to / promptTokens - from / promptTokens);
            int[] sequences = Arrays.copyOfRange(prompts, first, first + lengths.length);
            int[] tokens = new int[(int) (to - from)];
            Workspace.inner(() -> {
                Var hidden = model.hidden(tokens, Segments.of(lengths), cache, sequences); // [N, D]
                choose(hidden, complete * samples);
            });
            from = to;
        }
    }

    private void decode(DecodingPass pass, int[] sequences) {
        Workspace.inner(() -> choose(pass.run(new int[sequences.length], sequences), sequences.length));
    }

    private void choose(Var hidden, int count) {
        int chunk = model.logitRows();
        for (int from = 0; from < count; from += chunk) {
            int n = Math.min(chunk, count - from);
            Tensor logits = model.logits(hidden, new int[n]); // [n, V]
            TokenChoice.Rule rule = new TokenChoice.Rule(false, 1f, Optional.empty(), 0, new int[COORDINATES * n]);
            Backends.of(Device.COUNTED).sampling().choose(logits, logits, rule);
        }
    }
}
