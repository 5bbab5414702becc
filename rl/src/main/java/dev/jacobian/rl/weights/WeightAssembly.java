// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.weights;

import dev.jacobian.io.FormatException;
import dev.jacobian.tensor.Nullable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * An image that is put together: from what is there already, and pieces that come in any order, once or twice, over one connection or
 * several. It is an image when every piece is there and has the hash that the manifest says; before that it is nothing, so nobody computes
 * with a mixture.
 *
 * <p>Safe for several threads.
 */
public final class WeightAssembly {
    private final WeightManifest manifest;
    private final Optional<WeightImage> base;
    private final List<WeightLayout.Place> places;
    private final byte[] @Nullable [] pieces; // [index], null while missing

    /**
     * Begins; pieces that the base has are there at once.
     *
     * @param manifest of what is wanted
     * @param base what is there
     */
    public WeightAssembly(WeightManifest manifest, Optional<WeightImage> base) {
        this.manifest = manifest;
        this.base = base.filter(held -> held.layout().equals(manifest.layout()));
        this.places = manifest.layout().places();
        this.pieces = new byte[places.size()][];
        this.base.ifPresent(held -> {
            for (int i = 0; i < pieces.length; i++) {
                pieces[i] =
                        held.manifest().hashes().get(i).equals(manifest.hashes().get(i)) ? held.piece(i) : null;
            }
        });
    }

    /** What it is to become. */
    public WeightManifest manifest() {
        return manifest;
    }

    /** The numbers of the pieces that are not there yet. */
    public synchronized int[] missing() {
        return IntStream.range(0, pieces.length).filter(i -> pieces[i] == null).toArray();
    }

    /**
     * Takes a piece; one that is there already is passed over.
     *
     * @throws FormatException if it is not the piece that the manifest means, or is the difference from one that is not there
     */
    public void accept(WeightPiece piece) {
        int index = piece.index();
        if (has(index)) {
            return;
        }
        byte[] content = piece.unfold(places.get(index), old(piece));
        if (!ContentHash.of(content).equals(manifest.hashes().get(index))) {
            throw WeightPiece.broken("piece " + index + " has another checksum than the manifest says");
        }
        put(index, content);
    }

    private byte[] old(WeightPiece piece) {
        if (piece.base().isEmpty()) {
            return new byte[0];
        }
        int index = piece.index();
        return base.filter(held ->
                        held.manifest().hashes().get(index).equals(piece.base().get()))
                .map(held -> held.piece(index))
                .orElseThrow(() -> new FormatException(
                        "piece " + index + " of weights",
                        "it is the difference from one that is not here",
                        "Send it whole"));
    }

    private synchronized boolean has(int index) {
        return pieces[index] != null;
    }

    private synchronized void put(int index, byte[] content) {
        pieces[index] = content;
    }

    /** The image, once nothing is missing. */
    public synchronized Optional<WeightImage> image() {
        if (Arrays.stream(pieces).anyMatch(Objects::isNull)) {
            return Optional.empty();
        }
        List<byte[]> all = new ArrayList<>();
        for (byte[] piece : pieces) {
            all.add(Objects.requireNonNull(piece));
        }
        return Optional.of(WeightImage.checked(manifest, all));
    }
}
