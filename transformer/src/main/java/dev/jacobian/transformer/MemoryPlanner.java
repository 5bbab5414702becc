// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.CountedBytes;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.RecurrentKernels;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.MemoryPlan.Part;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.lora.LoraPlan;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Describes a run to predict its memory:
 *
 * <pre>{@code
 * MemoryPlan plan = MemoryPlanner.training(config)
 *         .generation(32, 8, 100, 200)
 *         .step(Segments.of(2048, 2048), 4000, true)
 *         .plan();
 * }</pre>
 *
 * <p>Decision: a plan is not a formula but a run: the model is made of weights without elements ({@link
 * dev.jacobian.tensor.Device#COUNTED}), and the code of the product runs on them. What is named one after the other shares one {@link
 * dev.jacobian.tensor.Workspace}, as in the trainers, so an array that one pass leaves behind serves the next if its size is
 * right, and stays if it is not. Which moment is the worst, and what lies idle then, comes out by itself.
 *
 * <p>Sizes that no Java array can have make a plan that fits nowhere, before anything is allocated.
 *
 * <p>Limits: batches of varying sizes keep arrays of several sizes, of which only the described ones are counted.
 */
public final class MemoryPlanner {
    /** Tokens of prompts that a pass of generation computes: enough to keep a device busy, and memory does not grow with a prompt. */
    public static final int PREFILL_TOKENS = 4096;

    /** Live objects of a JVM that has loaded Jacobian and done nothing yet. */
    private static final long JVM_BYTES = 4L << 20;

    /** What a tokenizer holds per entry of its vocabulary: its string, its id and about one merge. */
    private static final long TOKENIZER_BYTES = 400;

    /** Times that the ids of a sequence are there: prompt, history, what is being computed, what is kept. */
    private static final long TOKEN_COPIES = 5;

    /** Bytes about a page of a layer: its object, the headers of its arrays, its places in tables. */
    private static final long PAGE_BYTES = 96;

    /** Floats of the strips that a product packs for itself, at most. */
    private static final long PRODUCT_STRIPS = 1 << 20;

    /** Floats of the rows that a product packs for itself, per thread. */
    private static final long PRODUCT_ROWS = 96 * 256;

    /** Query rows that attention works on at a time, over a long cache. */
    private static final long ATTENTION_ROWS = 16;

    /** The same of its backward. */
    private static final long BACKWARD_ROWS = 32;

    /** Scores of a row beside those of the keys that it sees: whole pages, the other rows' keys, what a tile writes past the end. */
    private static final long SCORES_BESIDE = 112;

    private final DecoderConfig config;
    private final boolean trains;
    private final boolean adapted;
    private final Map<Part, Long> parts = new EnumMap<>(Part.class);
    private final Map<Part, Long> beside = new EnumMap<>(Part.class); // of passes on another thread
    private CountedRun run; // null if a weight is too large for a tensor
    private boolean tooLarge;
    private int longest; // tokens of a sequence
    private int continued; // segments of a batch that others continue
    private long strips;

    private MemoryPlanner(DecoderConfig config, ModelOptions options, boolean trains, Optional<LoraPlan> adapter) {
        this.adapted = adapter.isPresent();
        this.config = config;
        this.trains = trains;
        count(() -> run = new CountedRun(config, options, adapter));
        if (run == null) {
            parts.put(Part.WEIGHTS, MemoryPlan.UNBOUNDED);
        } else {
            parts.put(Part.WEIGHTS, run.weights().bytes() + run.adapterBytes());
            parts.put(Part.PACKED, run.packedBytes());
            parts.put(
                    Part.LOADING,
                    options.weights().areTrainable() && !adapted
                            ? 0
                            : run.weights().largest());
        }
    }

    /** A run that does not train; weights are held in {@code format}. */
    public static MemoryPlanner inference(DecoderConfig config, WeightFormat format) {
        return inference(config, ModelOptions.DEFAULT.weights(format));
    }

    /** The same with weights held in several formats. */
    public static MemoryPlanner inference(DecoderConfig config, WeightFormats formats) {
        return inference(config, ModelOptions.DEFAULT.weights(formats));
    }

    /** A run of a model as it is loaded with options; it does not train. */
    public static MemoryPlanner inference(DecoderConfig config, ModelOptions options) {
        return inference(config, options, Optional.empty());
    }

    /** A run that does not train a model, with its adapter if it has one. */
    public static MemoryPlanner inference(CausalLM model) {
        return inference(model.config(), model.options(), model.adapter().map(LoraAdapter::plan));
    }

    /** The same of a model that may have an adapter. */
    static MemoryPlanner inference(DecoderConfig config, ModelOptions options, Optional<LoraPlan> adapter) {
        return new MemoryPlanner(config, options, false, adapter);
    }

    /** A run that trains with AdamW; weights are F32. */
    public static MemoryPlanner training(DecoderConfig config) {
        MemoryPlanner planner = new MemoryPlanner(config, ModelOptions.DEFAULT, true, Optional.empty());
        long weights = planner.weights();
        planner.parts.put(Part.GRADIENTS, weights);
        planner.parts.put(Part.MOMENTS, 2 * weights);
        return planner;
    }

    /** A run that trains a model with AdamW: its adapter alone, if it has one. */
    public static MemoryPlanner training(CausalLM model) {
        return model.adapter()
                .map(adapter -> training(model.config(), model.weightFormats(), adapter.plan()))
                .orElseGet(() -> training(model.config()));
    }

    /** A run that trains an adapter with AdamW, of a model whose weights are held in {@code format}. */
    public static MemoryPlanner training(DecoderConfig config, WeightFormat format, LoraPlan adapter) {
        return training(config, new WeightFormats.All(format), adapter);
    }

    private static MemoryPlanner training(DecoderConfig config, WeightFormats formats, LoraPlan adapter) {
        MemoryPlanner planner =
                new MemoryPlanner(config, ModelOptions.DEFAULT.weights(formats), true, Optional.of(adapter));
        planner.parts.put(Part.GRADIENTS, Float.BYTES * adapter.parameters());
        planner.parts.put(Part.MOMENTS, 2 * Float.BYTES * adapter.parameters());
        return planner;
    }

    private long weights() {
        return Objects.requireNonNull(parts.get(Part.WEIGHTS)); // the constructor counts them
    }

    /** Counts what something takes; what no array can hold is remembered as too large. */
    private void count(Runnable counted) {
        try {
            counted.run();
        } catch (Shape.TooLargeException | ArithmeticException beyondArrays) {
            tooLarge = true;
        }
    }

    /** The same for a pass; without a model there are none. */
    private void pass(Consumer<CountedRun> pass) {
        if (!tooLarge) {
            count(() -> pass.accept(run));
        }
    }

    /**
     * A second model with F32 weights of the same shape, such as the initial one that a run is compared with. Where an adapter is trained,
     * that is the model without it, which takes nothing.
     */
    public MemoryPlanner reference() {
        if (adapted) {
            return this;
        }
        parts.put(Part.REFERENCE, weights() + parts.getOrDefault(Part.PACKED, 0L));
        return this;
    }

    /** The same on a GPU, which multiplies by weights as they are. */
    public MemoryPlanner referenceOnDevice() {
        if (adapted) {
            return this;
        }
        parts.put(Part.REFERENCE, weights());
        return this;
    }

    /** Another model that is held beside the one that is trained, such as its teacher. */
    public MemoryPlanner beside(CausalLM other) {
        MemoryPlanner its = inference(other);
        parts.merge(Part.REFERENCE, its.weights() + its.parts.getOrDefault(Part.PACKED, 0L), Long::sum);
        return this;
    }

    /**
     * A second model that is trained beside with AdamW, of F32 weights: a value model. Its passes come after the first one's and take the
     * arrays that those leave, as long as it has the same sizes.
     */
    public MemoryPlanner trainedBeside(DecoderConfig other) {
        count(() -> {
            CountedRun beside = new CountedRun(other, ModelOptions.DEFAULT, Optional.empty());
            parts.put(Part.VALUE_MODEL, 4 * beside.weights().bytes() + beside.packedBytes());
        });
        return this;
    }

    /**
     * A second model of the same weights that samples on another thread while this one is trained; of an adapter's model the adapter alone
     * is there twice.
     *
     * @param sampling what that takes by itself
     * @param kept further copies of what is trained, which it will sample with later
     */
    public MemoryPlanner sampledAhead(MemoryPlan sampling, int kept) {
        long trained = parts.getOrDefault(Part.GRADIENTS, 0L);
        long packed = adapted ? 0 : sampling.bytes(Part.PACKED);
        long copies = 1L + kept;
        long all = trained > MemoryPlan.UNBOUNDED / copies ? MemoryPlan.UNBOUNDED : trained * copies;
        parts.merge(Part.AHEAD, all + packed, Long::sum);
        for (Part part : List.of(Part.ACTIVATIONS, Part.LOGITS, Part.KV_CACHE)) {
            beside.merge(part, sampling.bytes(part), Long::sum);
        }
        return this;
    }

    /** Copies of what sequences have in the cache, of so many bytes at most ({@link CausalLM#kvSwapBytes}). */
    public MemoryPlanner swapped(long bytes) {
        if (bytes > 0) {
            beside.merge(Part.KV_CACHE, bytes, Long::sum);
        }
        return this;
    }

    /** Generation by {@link Generator}, all prompts in one batch, sequences ending when they like. */
    public MemoryPlanner generation(int prompts, int samples, int promptTokens, int newTokens) {
        return generation(prompts, samples, promptTokens, newTokens, true);
    }

    /** The same; {@code endEarly}: whether sequences may end before the limit. */
    public MemoryPlanner generation(int prompts, int samples, int promptTokens, int newTokens, boolean endEarly) {
        longest = Math.max(longest, promptTokens + newTokens);
        pass(run -> run.generation(prompts, samples, promptTokens, newTokens, endEarly));
        return this;
    }

    /** Log-probabilities of {@code targets} tokens of a packed batch, without gradient. */
    public MemoryPlanner scoring(Segments segments, int targets) {
        seen(segments);
        pass(run -> run.scoring(segments, targets));
        return this;
    }

    /**
     * Forward and backward over one packed batch.
     *
     * @param targets tokens whose log-probability is in the loss
     * @param checkpointing whether layers are computed again in backward
     */
    public MemoryPlanner step(Segments segments, int targets, boolean checkpointing) {
        seen(segments);
        pass(run -> run.training(segments, targets, checkpointing));
        long rows = Math.max(segments.rows(), widest(0));
        long columns = widest(1);
        strips = Math.max(strips, Math.min(PRODUCT_STRIPS, rows * columns));
        return this;
    }

    /** The largest extent of a matrix or table. */
    private long widest(int dimension) {
        return config.plan().tensors().stream()
                .filter(spec -> spec.extents().size() == 2)
                .mapToLong(spec -> spec.extents().get(dimension))
                .max()
                .orElse(0);
    }

    private void seen(Segments segments) {
        for (int s = 0; s < segments.count(); s++) {
            longest = Math.max(longest, segments.history(s) + segments.length(s));
        }
        continued = Math.max(continued, segments.continued());
    }

    /** The plan of all that was described. */
    public MemoryPlan plan() {
        Map<Part, Long> all = new EnumMap<>(parts);
        long made = 0;
        if (run != null) {
            CountedBytes bytes = run.made();
            made = bytes.total();
            bytes.arrays().forEach((shape, one) -> all.merge(partOf(shape), one, Long::sum));
            all.put(Part.KV_CACHE, bytes.pages());
        }
        beside.forEach((part, bytes) -> all.merge(part, bytes, Long::sum));
        if (tooLarge) {
            all.put(Part.ACTIVATIONS, MemoryPlan.UNBOUNDED);
        }
        all.put(
                Part.LOADING,
                Math.max(0, all.getOrDefault(Part.LOADING, 0L) - made)); // over before anything is computed
        all.put(
                Part.OTHER,
                JVM_BYTES + TOKENIZER_BYTES * config.vocabularySize() + tables() + workingMemory() + bookkeeping());
        return new MemoryPlan(all);
    }

    private Part partOf(Shape shape) {
        boolean isLogits = shape.rank() == 2 && shape.extent(1) == config.vocabularySize();
        return isLogits ? Part.LOGITS : Part.ACTIVATIONS;
    }

    /** The ids of the longest sequence, wherever it is known by them, and what is kept about its pages. */
    private long bookkeeping() {
        return longest * (Integer.BYTES * TOKEN_COPIES + PAGE_BYTES / KvCache.PAGE * config.layers());
    }

    /** Tables that were grown by doubling, from what the first piece of a prompt needed. */
    private long tables() {
        long positions = Math.min(longest, PREFILL_TOKENS);
        while (positions < longest) {
            positions *= 2;
        }
        return RotaryTables.bytes(config.plan(), (int) Math.min(Integer.MAX_VALUE, positions))
                * (longest > PREFILL_TOKENS ? 1 : 2);
    }

    /** Numbers of the states that a thread keeps while a batch goes through a delta net. */
    private long states() {
        long ofContinued = continued + 1L;
        long ofBackward = ofContinued + Math.ceilDiv(longest, RecurrentKernels.KEPT) + RecurrentKernels.KEPT + 2;
        return config.plan().largestState() * (ofContinued + (trains ? ofBackward : 0));
    }

    private long workingMemory() {
        long width = (config.plan().widestHead() + 15L) / 16 * 16;
        long scores = config.plan().seen(longest) + SCORES_BESIDE;
        long forward = ATTENTION_ROWS * scores;
        long backward = trains ? 5L * longest * width + 2 * BACKWARD_ROWS * (longest + SCORES_BESIDE) : 0;
        long attention = Math.max(forward, backward);
        long perThread = attention + states() + (trains ? PRODUCT_ROWS : 0);
        return Float.BYTES * (strips + ComputePool.threads() * perThread);
    }
}
