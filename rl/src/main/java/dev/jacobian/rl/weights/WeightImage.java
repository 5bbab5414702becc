// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.weights;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * The bits of a model's weights at one moment, little-endian, in pieces. It is a copy: training goes on without changing it.
 *
 * <p>Pieces of an image that was put together from another one are the other's own where they are equal.
 */
public final class WeightImage {
    private final WeightLayout layout;
    private final List<byte[]> pieces;
    private final WeightManifest manifest;

    private WeightImage(WeightLayout layout, List<byte[]> pieces, WeightManifest manifest) {
        this.layout = layout;
        this.pieces = pieces;
        this.manifest = manifest;
    }

    private static WeightImage ofPieces(WeightLayout layout, List<byte[]> pieces) {
        List<ContentHash> hashes = pieces.parallelStream().map(ContentHash::of).toList();
        return new WeightImage(layout, List.copyOf(pieces), new WeightManifest(layout, hashes));
    }

    /** An image whose pieces were compared with a manifest one by one. */
    static WeightImage checked(WeightManifest manifest, List<byte[]> pieces) {
        return new WeightImage(manifest.layout(), List.copyOf(pieces), manifest);
    }

    /** The weights that a model has now. */
    public static WeightImage of(CausalLM model) {
        List<Tensor> tensors = new ArrayList<>();
        model.parameters().forEach(parameter -> tensors.add(parameter.value()));
        tensors.addAll(model.buffers().values());
        return of(WeightLayout.of(model), tensors);
    }

    /**
     * The values of tensors.
     *
     * @throws IllegalArgumentException if they are not those of the layout
     */
    public static WeightImage of(WeightLayout layout, List<Tensor> tensors) {
        List<byte[]> pieces = new ArrayList<>();
        for (int i = 0; i < tensors.size(); i++) {
            WeightLayout.Entry entry = layout.entries().get(i);
            Tensor tensor = tensors.get(i).to(Device.CPU).contiguous();
            if (tensor.dtype() != entry.dtype() || tensor.elements() != entry.elements()) {
                throw new IllegalArgumentException(tensor + " is not what the layout has: " + entry);
            }
            for (WeightLayout.Place place : entry.places()) {
                pieces.add(TensorBytes.read(tensor, place));
            }
        }
        return ofPieces(layout, pieces);
    }

    /** Which tensors they are. */
    public WeightLayout layout() {
        return layout;
    }

    /** What the pieces are known by. */
    public WeightManifest manifest() {
        return manifest;
    }

    byte[] piece(int index) {
        return pieces.get(index);
    }

    /**
     * Gives a model these weights.
     *
     * @throws IllegalArgumentException if it is another model
     */
    public void loadInto(CausalLM model) {
        if (!WeightLayout.of(model).equals(layout)) {
            throw new IllegalArgumentException("these are the weights of another model than " + model);
        }
        Iterator<byte[]> rest = pieces.iterator();
        Iterator<WeightLayout.Entry> entries = layout.entries().iterator();
        for (Parameter parameter : model.parameters()) {
            load(parameter.value(), entries.next(), rest);
            parameter.valueChanged();
        }
        for (Tensor buffer : model.buffers().values()) {
            load(buffer, entries.next(), rest);
        }
    }

    private static void load(Tensor tensor, WeightLayout.Entry entry, Iterator<byte[]> rest) {
        Tensor values = Tensor.zeros(tensor.dtype(), tensor.shape());
        for (WeightLayout.Place place : entry.places()) {
            TensorBytes.write(rest.next(), values, place);
        }
        tensor.copyFrom(values);
    }
}
