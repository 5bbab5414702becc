// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.weights;

import dev.jacobian.io.FormatException;
import java.io.DataInputStream;
import java.io.DataOutput;
import java.io.IOException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;

/**
 * What an image's pieces are known by: enough to say whether one has them all, and whether they are right.
 *
 * @param layout where pieces lie
 * @param hashes of each piece
 */
public record WeightManifest(WeightLayout layout, List<ContentHash> hashes) {
    public WeightManifest {
        hashes = List.copyOf(hashes);
        if (hashes.size() != layout.pieces()) {
            throw new IllegalArgumentException(
                    "weights of " + layout.pieces() + " pieces need as many hashes, got " + hashes.size());
        }
    }

    /** What the image as a whole is known by. */
    public ContentHash id() {
        MessageDigest digest = ContentHash.sha256();
        layout.hash().update(digest);
        hashes.forEach(hash -> hash.update(digest));
        return ContentHash.of(digest);
    }

    /** Writes what a reader needs who knows the layout. */
    public void write(DataOutput out) throws IOException {
        layout.hash().write(out);
        for (ContentHash hash : hashes) {
            hash.write(out);
        }
    }

    /**
     * Reads a manifest.
     *
     * @param layout of the weights that are expected
     * @throws FormatException if it is of others
     * @throws IOException if it ends too soon
     */
    public static WeightManifest read(DataInputStream in, WeightLayout layout) throws IOException {
        if (!ContentHash.read(in).equals(layout.hash())) {
            throw new FormatException(
                    "a manifest of weights",
                    "it is of a model with other tensors",
                    "Use the same model and the same version of Jacobian on both sides");
        }
        List<ContentHash> hashes = new ArrayList<>();
        for (int i = layout.pieces(); i > 0; i--) {
            hashes.add(ContentHash.read(in));
        }
        return new WeightManifest(layout, hashes);
    }
}
