// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.weights;

import dev.jacobian.io.FormatException;
import java.io.DataInputStream;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * A piece of weights as it travels: whole, or as the difference from another piece that the receiver has.
 *
 * @param index which piece
 * @param base what it is the difference from; empty if it is whole
 * @param planes the numbers, byte by byte ({@link BytePlane})
 */
public record WeightPiece(int index, Optional<ContentHash> base, List<BytePlane> planes) {
    /** Bytes of a piece without its planes. */
    private static final int HEADER = Integer.BYTES + 1;

    public WeightPiece {
        planes = List.copyOf(planes);
    }

    /** A piece that needs no other. */
    static WeightPiece whole(WeightImage image, int index) {
        int width = image.layout().places().get(index).width();
        return whole(image, index, width);
    }

    private static WeightPiece whole(WeightImage image, int index, int width) {
        return new WeightPiece(index, Optional.empty(), BytePlane.of(Numbers.of(image.piece(index), width), width));
    }

    /** The piece as the difference from an earlier image's, or whole where that is shorter. */
    static WeightPiece between(WeightImage old, WeightImage now, int index, int width) {
        byte[] before = old.piece(index);
        int[] difference = Numbers.difference(before, now.piece(index), width);
        WeightPiece piece = new WeightPiece(
                index, Optional.of(old.manifest().hashes().get(index)), BytePlane.of(difference, width));
        if (piece.bytes() < (before.length - before.length / 4)) {
            return piece; // weights themselves never are that much shorter than their bytes
        }
        WeightPiece whole = whole(now, index, width);
        return whole.bytes() < piece.bytes() ? whole : piece;
    }

    /** Bytes that it takes on the way. */
    public long bytes() {
        return HEADER
                + (base.isPresent() ? ContentHash.BYTES : 0)
                + planes.stream().mapToLong(BytePlane::bytes).sum();
    }

    /**
     * The bytes that it stands for.
     *
     * @param place where it belongs
     * @param old the bytes of {@link #base}; nothing looks at them if it has none
     * @throws FormatException if the planes do not unfold to what belongs there
     */
    byte[] unfold(WeightLayout.Place place, byte[] old) {
        int width = place.width();
        int[] numbers = BytePlane.numbers(planes, place.bytes() / width);
        return base.isPresent() ? Numbers.applied(numbers, old, width) : Numbers.bytes(numbers, width);
    }

    void write(DataOutput out) throws IOException {
        out.writeInt(index);
        out.writeBoolean(base.isPresent());
        if (base.isPresent()) {
            base.get().write(out);
        }
        for (BytePlane plane : planes) {
            plane.write(out);
        }
    }

    /**
     * Reads a piece; what it takes in memory is bounded by the layout.
     *
     * @throws FormatException if it is none of the layout
     * @throws IOException if it ends too soon
     */
    static WeightPiece read(DataInputStream in, List<WeightLayout.Place> places) throws IOException {
        int index = in.readInt();
        if (index < 0 || index >= places.size()) {
            throw broken("it has the number " + index + " of " + places.size());
        }
        WeightLayout.Place place = places.get(index);
        Optional<ContentHash> base = in.readBoolean() ? Optional.of(ContentHash.read(in)) : Optional.empty();
        return new WeightPiece(index, base, BytePlane.read(in, place.width(), place.bytes() / place.width()));
    }

    static FormatException broken(String what) {
        return new FormatException("a piece of weights", what, "It was damaged on the way; send it again");
    }
}
