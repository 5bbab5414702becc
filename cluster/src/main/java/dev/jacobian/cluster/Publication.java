// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import dev.jacobian.rl.weights.WeightDelta;
import dev.jacobian.rl.weights.WeightImage;
import dev.jacobian.rl.weights.WeightPiece;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/**
 * Weights of one version, as workers are sent them: what a piece takes on the way is worked out once, whoever gets it.
 */
final class Publication {
    private final long version;
    private final WeightImage image;
    private final Optional<WeightImage> before;
    private final String proof;
    private final String id;
    private final Map<Integer, WeightPiece> differences = new ConcurrentHashMap<>();
    private final Map<Integer, WeightPiece> wholes = new ConcurrentHashMap<>();

    /**
     * A version.
     *
     * @param before that was published before, of which a worker may have pieces
     * @param proof what the model computes with it
     */
    Publication(long version, WeightImage image, Optional<WeightImage> before, String proof) {
        this.version = version;
        this.image = image;
        this.before = before;
        this.proof = proof;
        this.id = image.manifest().id().toString();
    }

    long version() {
        return version;
    }

    WeightImage image() {
        return image;
    }

    String id() {
        return id;
    }

    String proof() {
        return proof;
    }

    /** Bytes of a full copy. */
    long fullBytes() {
        return image.layout().bytes();
    }

    byte[] manifest() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            image.manifest().write(out);
        } catch (IOException e) {
            throw new AssertionError("memory can be written to", e);
        }
        return bytes.toByteArray();
    }

    /**
     * Some pieces for a worker.
     *
     * @param held what it has; pieces are differences if that was published just before
     */
    List<WeightPiece> pieces(String held, int[] indices) {
        Optional<WeightImage> base =
                before.filter(old -> old.manifest().id().toString().equals(held));
        Map<Integer, WeightPiece> known = base.isPresent() ? differences : wholes;
        int[] fresh = IntStream.of(indices).filter(i -> !known.containsKey(i)).toArray();
        WeightDelta.pieces(base, image, fresh).forEach(piece -> known.put(piece.index(), piece));
        List<WeightPiece> pieces = new ArrayList<>();
        for (int i : indices) {
            pieces.add(Objects.requireNonNull(known.get(i)));
        }
        return pieces;
    }

    static byte[] bytes(List<WeightPiece> pieces) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            WeightDelta.writePieces(out, pieces);
        } catch (IOException e) {
            throw new AssertionError("memory can be written to", e);
        }
        return bytes.toByteArray();
    }
}
