// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.config.DecoderConfig;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * The heap that a run will need at its worst moment, known before anything is allocated.
 *
 * <p>What is predicted is the bytes of live objects at that moment. It is measured as the smallest {@code -Xmx} in which the
 * run completes under a collector that can use nearly the whole heap (serial, with a tiny young generation); a test holds
 * the two within 10 % of each other. Other collectors cannot fill their heap: 21 million parameters needed 12 % more under
 * the parallel one and 40 % more under G1, which is why the advice asks for a fifth more than the plan. The process takes
 * more than the heap: class metadata, compiled code and threads.
 *
 * <p>Made by {@link MemoryPlanner}; the two shortcuts here count only what does not depend on batches.
 *
 * @param parts bytes by what they are for
 */
public record MemoryPlan(Map<Part, Long> parts) {
    /** What a part has whose arrays are longer than Java's can be: more than any memory. */
    static final long UNBOUNDED = 1L << 60;

    /** What memory is for. */
    public enum Part {
        WEIGHTS("weights"),
        PACKED("their packed copies"),
        REFERENCE("reference model"),
        VALUE_MODEL("value model with its gradients and moments"),
        AHEAD("copies of the weights for sampling ahead"),
        GRADIENTS("gradients"),
        MOMENTS("AdamW moments"),
        ACTIVATIONS("activations"),
        LOGITS("logits"),
        KV_CACHE("KV cache"),
        RESULTS("chosen tokens and their log-probabilities"),
        LOADING("the tensor being converted while loading"),
        OTHER("tokenizer, tables, kernels' working memory and the JVM");

        private final String label;

        Part(String label) {
            this.label = label;
        }

        /** In words. */
        public String label() {
            return label;
        }
    }

    public MemoryPlan {
        Map<Part, Long> sorted = new EnumMap<>(Part.class);
        parts.forEach((part, bytes) -> {
            if (bytes > 0) {
                sorted.put(part, bytes);
            }
        });
        parts = Collections.unmodifiableMap(sorted);
    }

    /** F32 weights, as loaded for inference. */
    public static MemoryPlan inference(DecoderConfig config) {
        return inference(config, WeightFormat.F32);
    }

    /** Weights in a format, with the copies that kernels read where the format keeps both. */
    public static MemoryPlan inference(DecoderConfig config, WeightFormat format) {
        return MemoryPlanner.inference(config, format).plan();
    }

    /** Weights, packed copies, gradients and two moments; activations come on top. */
    public static MemoryPlan training(DecoderConfig config) {
        return MemoryPlanner.training(config).plan();
    }

    /** Bytes in all. */
    public long bytes() {
        return parts.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Bytes of one part. */
    public long bytes(Part part) {
        return parts.getOrDefault(part, 0L);
    }

    /** Whether the heap may grow to that. */
    public boolean fits() {
        return bytes() <= Runtime.getRuntime().maxMemory();
    }

    /**
     * Refuses a plan that cannot work, advising a larger heap.
     *
     * @throws IllegalStateException naming the need, what there is and how to get more
     */
    public void require(String task) {
        require(task, List::of);
    }

    /**
     * Refuses a plan that cannot work.
     *
     * @param advice what would help, each with its figure; asked for only when the plan is refused
     * @throws IllegalStateException naming the need, what there is and what helps
     */
    public void require(String task, Supplier<List<String>> advice) {
        if (fits()) {
            return;
        }
        StringBuilder message = new StringBuilder(task)
                .append(bytes() < UNBOUNDED ? " needs about " : " needs ")
                .append(describe())
                .append(". The heap may grow to ")
                .append(size(Runtime.getRuntime().maxMemory()))
                .append(". What helps: ");
        advice.get().forEach(one -> message.append(one).append("; "));
        if (bytes() < UNBOUNDED) {
            long gibibytes = (long) Math.ceil(bytes() * 1.2 / 0x1p30);
            message.append("a larger heap: JACOBIAN_JAVA_OPTS=-Xmx")
                    .append(gibibytes)
                    .append("g ./jacobian ..., or java -Xmx")
                    .append(gibibytes)
                    .append('g');
        } else {
            message.append("smaller sizes; no Java array is that long, whatever -Xmx is");
        }
        throw new IllegalStateException(message.toString());
    }

    /**
     * Refuses weights that a GPU cannot hold; what comes on top its allocator refuses, with its own figures.
     *
     * @throws IllegalStateException naming the need, what there is and what helps
     */
    void requireWeights(Device device, String task) {
        long available = Backends.of(device).memory().availableMemory();
        if (bytes(Part.WEIGHTS) > available) {
            throw new IllegalStateException(task + " needs " + size(bytes(Part.WEIGHTS)) + " for weights, " + device
                    + " has " + size(available)
                    + " free. What helps: a narrower format (--weights bf16, q8_0 or q4_0; inference only), ending"
                    + " other processes on the device (nvidia-smi lists them), another device");
        }
    }

    /**
     * Refuses training that a GPU cannot hold beside the weights that it holds already, counting only what lasts from step to
     * step; what steps take on top its allocator refuses, with its own figures.
     *
     * @param offloaded whether AdamW's moments are in the host's memory
     * @throws IllegalStateException naming the need, what there is and what helps
     */
    public void requireTraining(Device device, boolean offloaded) {
        requireTraining(device, offloaded, false);
    }

    /**
     * The same for a run with a reference model, and what is offloaded must fit into the heap.
     *
     * @param offloaded whether AdamW's moments are in the host's memory
     * @param offloadedReference whether the reference model is, but for the moments in which it has the gradients' place
     * @throws IllegalStateException naming the need, what there is and what helps
     */
    public void requireTraining(Device device, boolean offloaded, boolean offloadedReference) {
        long gradients = bytes(Part.GRADIENTS);
        long moments = offloaded ? 0 : bytes(Part.MOMENTS);
        long reference = offloadedReference ? Math.max(0, bytes(Part.REFERENCE) - gradients) : bytes(Part.REFERENCE);
        long valueModel = bytes(Part.VALUE_MODEL);
        long needed = gradients + moments + reference + valueModel;
        long available = Backends.of(device).memory().availableMemory();
        if (needed > available) {
            throw new IllegalStateException("training needs " + size(needed) + " beside the weights ("
                    + size(gradients) + " gradients, " + size(moments) + " AdamW moments, " + size(reference)
                    + " reference model" + (valueModel > 0 ? ", " + size(valueModel) + " value model" : "") + "), "
                    + device + " has " + size(available) + " free. What helps: "
                    + (offloaded ? "" : "offload_optimizer=true, ")
                    + (offloadedReference || reference == 0 ? "" : "offload_reference=true, ")
                    + "a smaller model, ending other processes on the device (nvidia-smi lists"
                    + " them), another device");
        }
        requireHeap(offloaded ? bytes(Part.MOMENTS) : 0, offloadedReference ? bytes(Part.REFERENCE) : 0);
    }

    private static void requireHeap(long moments, long reference) {
        long heap = Runtime.getRuntime().maxMemory();
        if (moments + reference > heap) {
            long gibibytes = (long) Math.ceil((moments + reference) * 1.2 / 0x1p30) + 1;
            throw new IllegalStateException("training keeps " + size(moments + reference) + " in the host's memory ("
                    + size(moments) + " AdamW moments, " + size(reference) + " reference model), the heap may grow to "
                    + size(heap) + ". What helps: a larger heap: JACOBIAN_JAVA_OPTS=-Xmx" + gibibytes
                    + "g ./jacobian ..., or java -Xmx" + gibibytes + "g; or less in it: offload_optimizer=false,"
                    + " offload_reference=false");
        }
    }

    /** Such as {@code 1.50 GiB (0.90 GiB activations, 0.30 GiB weights, ...)}, the largest parts first. */
    public String describe() {
        String largest = parts.entrySet().stream()
                .sorted(Comparator.comparingLong((Map.Entry<Part, Long> part) -> part.getValue())
                        .reversed())
                .map(part -> size(part.getValue()) + " " + part.getKey().label())
                .collect(Collectors.joining(", "));
        return size(bytes()) + " (" + largest + ")";
    }

    /** Bytes in words: {@code 12.3 MiB}, {@code 1.50 GiB}. */
    public static String size(long bytes) {
        if (bytes >= UNBOUNDED) {
            return "more than any memory";
        }
        return bytes >= 1L << 30
                ? String.format(Locale.ROOT, "%.2f GiB", bytes / 0x1p30)
                : String.format(Locale.ROOT, "%.1f MiB", bytes / 0x1p20);
    }

    /** The largest number in [1, most] whose plan fits into the heap; plans must grow with the number. */
    public static OptionalInt largestThatFits(int most, IntFunction<MemoryPlan> plan) {
        return largestThatFits(most, Runtime.getRuntime().maxMemory(), plan);
    }

    /** The largest number in [1, most] whose plan needs at most {@code limit} bytes; plans must grow with the number. */
    public static OptionalInt largestThatFits(int most, long limit, IntFunction<MemoryPlan> plan) {
        int fits = 0;
        int above = most + 1;
        while (above - fits > 1) {
            int middle = fits + (above - fits) / 2;
            if (plan.apply(middle).bytes() <= limit) {
                fits = middle;
            } else {
                above = middle;
            }
        }
        return fits == 0 ? OptionalInt.empty() : OptionalInt.of(fits);
    }
}
