// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.MemoryPlan.Part;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.TensorSpec;
import dev.jacobian.transformer.plan.TensorSpec.Kind;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

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
 * <p>Decision: what is named one after the other shares one {@link dev.jacobian.tensor.Workspace}, as in the trainers, so an
 * array that one pass leaves behind serves the next if its size is right, and stays if it is not. The passes are not
 * approximated by formulas but gone through, with sizes in place of numbers ({@link PassSizes}): which moment is the worst,
 * and what lies idle then, comes out by itself.
 *
 * <p>Limits: batches of varying sizes keep arrays of several sizes, of which only the described ones are counted.
 */
public final class MemoryPlanner {
    /** Live objects of a JVM that has loaded Jacobian and done nothing yet. */
    private static final long JVM_BYTES = 4L << 20;

    /** What a tokenizer holds per entry of its vocabulary: its string, its id and about one merge. */
    private static final long TOKENIZER_BYTES = 400;

    /** Floats of the strips that a product packs for itself, at most. */
    private static final long PRODUCT_STRIPS = 1 << 20;

    /** Floats of the rows that a product packs for itself, per thread. */
    private static final long PRODUCT_ROWS = 96 * 256;

    /** Query rows that attention's backward works on at a time. */
    private static final long ATTENTION_ROWS = 32;

    private final DecoderConfig config;
    private final boolean trains;
    private final WorkspaceLedger ledger = new WorkspaceLedger();
    private final PassSizes passes;
    private final Map<Part, Long> parts = new EnumMap<>(Part.class);
    private long strips;
    private long loading;

    private MemoryPlanner(DecoderConfig config, boolean trains) {
        this.config = config;
        this.trains = trains;
        this.passes = new PassSizes(config, ledger);
    }

    /** A run that does not train; weights are held in {@code format}. */
    public static MemoryPlanner inference(DecoderConfig config, WeightFormat format) {
        MemoryPlanner planner = new MemoryPlanner(config, false);
        planner.weights(Part.WEIGHTS, Part.PACKED, format);
        return planner;
    }

    /** A run that trains with AdamW; weights are F32. */
    public static MemoryPlanner training(DecoderConfig config) {
        MemoryPlanner planner = new MemoryPlanner(config, true);
        planner.weights(Part.WEIGHTS, Part.PACKED, WeightFormat.F32);
        planner.parts.put(Part.GRADIENTS, Float.BYTES * config.parameters());
        planner.parts.put(Part.MOMENTS, 2L * Float.BYTES * config.parameters());
        return planner;
    }

    /** A second model with F32 weights of the same shape, such as the initial one that a run is compared with. */
    public MemoryPlanner reference() {
        weights(Part.REFERENCE, Part.REFERENCE, WeightFormat.F32);
        return this;
    }

    /** The same on a GPU, which multiplies by weights as they are. */
    public MemoryPlanner referenceOnDevice() {
        parts.merge(Part.REFERENCE, Float.BYTES * config.parameters(), Long::sum);
        return this;
    }

    /** Generation by {@link Generator}, all prompts in one batch, sequences ending when they like. */
    public MemoryPlanner generation(int prompts, int samples, int promptTokens, int newTokens) {
        return generation(prompts, samples, promptTokens, newTokens, true);
    }

    /** The same; {@code endEarly}: whether sequences may end before the limit. */
    public MemoryPlanner generation(int prompts, int samples, int promptTokens, int newTokens, boolean endEarly) {
        passes.generation(prompts, samples, promptTokens, newTokens, endEarly);
        return this;
    }

    /** Log-probabilities of {@code targets} tokens of a packed batch, without gradient. */
    public MemoryPlanner scoring(Segments segments, int targets) {
        passes.scoring(segments, targets);
        return this;
    }

    /**
     * Forward and backward over one packed batch.
     *
     * @param targets tokens whose log-probability is in the loss
     * @param checkpointing whether layers are computed again in backward
     */
    public MemoryPlanner step(Segments segments, int targets, boolean checkpointing) {
        passes.training(segments, targets, checkpointing);
        long inner = config.plan().layers().stream()
                .mapToLong(layer -> layer.feedForward().inner())
                .max()
                .orElse(0);
        long rows = Math.max(segments.rows(), Math.max(config.vocabularySize(), inner));
        long columns = Math.max(config.hiddenSize(), inner);
        strips = Math.max(strips, Math.min(PRODUCT_STRIPS, rows * columns));
        return this;
    }

    /** The plan of all that was described. */
    public MemoryPlan plan() {
        Map<Part, Long> all = new EnumMap<>(parts);
        ledger.bytes().forEach((part, bytes) -> all.merge(part, bytes, Long::sum));
        long made = ledger.bytes().values().stream().mapToLong(Long::longValue).sum();
        all.put(Part.LOADING, Math.max(0, loading - made)); // over before anything is computed
        all.put(Part.OTHER, JVM_BYTES + TOKENIZER_BYTES * config.vocabularySize() + tables() + workingMemory());
        return new MemoryPlan(all);
    }

    private long tables() {
        return 2L * Float.BYTES * passes.longest() * config.plan().widestHead(); // grown by doubling
    }

    private long workingMemory() {
        long width = (config.plan().widestHead() + 15) / 16 * 16;
        long scores = passes.longest() + 16;
        long attention = trains ? 5 * passes.longest() * width + 2 * ATTENTION_ROWS * scores : 4 * scores;
        long perThread = attention + (trains ? PRODUCT_ROWS : 0);
        return Float.BYTES * (strips + ComputePool.threads() * perThread);
    }

    // Weights

    private void weights(Part weights, Part packed, WeightFormat format) {
        DecoderPlan plan = config.plan();
        List<TensorSpec> tensors = plan.tensors();
        long table = elements(tensors, Kind.TABLE);
        long vectors = elements(tensors, Kind.GAIN) + elements(tensors, Kind.BIAS);
        // a tied head is packed beside the table
        List<TensorSpec> products = plan.head() instanceof Head.TiedTokens
                ? plan.withHead(new Head.Tokens()).tensors()
                : tensors;
        long padded = products.stream()
                .filter(spec -> spec.kind() == Kind.MATRIX)
                .mapToLong(spec ->
                        roundUp(spec.extents().get(0), 16) * spec.extents().get(1))
                .sum();
        if (format == WeightFormat.F32) {
            parts.merge(weights, Float.BYTES * config.parameters(), Long::sum);
            parts.merge(packed, Float.BYTES * padded, Long::sum);
        } else {
            // The packed form is the only one; the embedding's rows stay apart, in 16 bits.
            parts.merge(weights, format.bytes(padded) + Short.BYTES * table + Float.BYTES * vectors, Long::sum);
            loading = tensors.stream()
                    .mapToLong(spec -> Float.BYTES * spec.elements())
                    .max()
                    .orElse(0);
        }
    }

    private static long elements(List<TensorSpec> tensors, Kind kind) {
        return tensors.stream()
                .filter(spec -> spec.kind() == kind)
                .mapToLong(TensorSpec::elements)
                .sum();
    }

    private static long roundUp(long value, long multiple) {
        return (value + multiple - 1) / multiple * multiple;
    }
}
