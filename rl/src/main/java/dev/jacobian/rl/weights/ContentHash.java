// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.weights;

import dev.jacobian.tensor.Nullable;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/** The SHA-256 of some bytes: what they are known by, whoever has them. */
public final class ContentHash {
    /** Bytes of a hash. */
    public static final int BYTES = 32;

    private final byte[] digest;

    private ContentHash(byte[] digest) {
        this.digest = digest;
    }

    /** The hash of bytes. */
    public static ContentHash of(byte[] content) {
        return new ContentHash(sha256().digest(content));
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    static ContentHash of(MessageDigest finished) {
        return new ContentHash(finished.digest());
    }

    static ContentHash read(DataInput in) throws IOException {
        byte[] digest = new byte[BYTES];
        in.readFully(digest);
        return new ContentHash(digest);
    }

    void write(DataOutput out) throws IOException {
        out.write(digest);
    }

    void update(MessageDigest whole) {
        whole.update(digest);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ContentHash hash && Arrays.equals(digest, hash.digest);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(digest);
    }

    /** In hexadecimal. */
    @Override
    public String toString() {
        return HexFormat.of().formatHex(digest);
    }
}
