// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.weights;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.CausalLM;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;

/**
 * Which tensors the weights are, in order, and how they are cut into pieces. It follows from a model's configuration, so it is never sent:
 * whoever has the configuration knows how many pieces to expect, and of what size.
 *
 * @param entries the tensors
 */
public record WeightLayout(List<Entry> entries) {
    /** The most bytes of a piece: few enough to be sent again without regret, many enough to be worth a hash. */
    public static final int PIECE_BYTES = 1 << 20;

    /**
     * One tensor.
     *
     * @param name within the model
     * @param dtype of its elements
     * @param elements how many
     */
    public record Entry(String name, DType dtype, int elements) {
        long bytes() {
            return (long) elements * dtype.bytes();
        }

        int pieces() {
            return Math.toIntExact((bytes() + PIECE_BYTES - 1) / PIECE_BYTES);
        }

        /** Where its pieces lie. */
        List<Place> places() {
            List<Place> places = new ArrayList<>();
            for (long from = 0; from < bytes(); from += PIECE_BYTES) {
                places.add(new Place(this, from, (int) Math.min(PIECE_BYTES, bytes() - from)));
            }
            return places;
        }
    }

    /**
     * A piece of a tensor.
     *
     * @param entry which tensor
     * @param from its first byte there
     * @param bytes how many
     */
    record Place(Entry entry, long from, int bytes) {
        /** Bytes of what is compared and counted as one number: those of an element, at most 4. */
        int width() {
            return Math.min(Integer.BYTES, entry.dtype().bytes());
        }
    }

    public WeightLayout {
        entries = List.copyOf(entries);
    }

    /** What a model computes with: its parameters, and what belongs to it but is not trained, which others would not know. */
    public static WeightLayout of(CausalLM model) {
        List<Entry> entries = new ArrayList<>();
        for (Parameter parameter : model.parameters()) {
            entries.add(entry(parameter.name(), parameter.value()));
        }
        model.buffers().forEach((name, tensor) -> entries.add(entry(name, tensor)));
        return new WeightLayout(entries);
    }

    private static Entry entry(String name, Tensor tensor) {
        return new Entry(name, tensor.dtype(), tensor.elements());
    }

    /** Bytes of all tensors. */
    public long bytes() {
        return entries.stream().mapToLong(Entry::bytes).sum();
    }

    /** Where each piece lies. */
    List<Place> places() {
        return entries.stream().flatMap(entry -> entry.places().stream()).toList();
    }

    /** How many pieces there are. */
    public int pieces() {
        return entries.stream().mapToInt(Entry::pieces).sum();
    }

    /** What this layout is known by. */
    public ContentHash hash() {
        MessageDigest digest = ContentHash.sha256();
        for (Entry entry : entries) {
            String line = entry.name() + "\0" + entry.dtype() + "\0" + entry.elements() + "\n";
            digest.update(line.getBytes(StandardCharsets.UTF_8));
        }
        return ContentHash.of(digest);
    }
}
