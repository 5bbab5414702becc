// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** What a master and its workers share: the key of the codes under everything that they say to each other. It is never sent. */
public final class Secret {
    /** The fewest characters of a secret. */
    public static final int SHORTEST = 16;

    /** None: whoever can reach the worker may ask it, which is for one machine alone. */
    public static final Secret NONE = new Secret("no secret", true);

    private static final String ALGORITHM = "HmacSHA256";

    private final SecretKeySpec key;
    private final boolean isNone;

    private Secret(String text, boolean isNone) {
        this.key = new SecretKeySpec(text.getBytes(StandardCharsets.UTF_8), ALGORITHM);
        this.isNone = isNone;
    }

    /**
     * A secret.
     *
     * @throws IllegalArgumentException if it is shorter than {@value #SHORTEST} characters; the message does not repeat it
     */
    public static Secret of(String text) {
        if (text.length() < SHORTEST) {
            throw new IllegalArgumentException(
                    "a secret has " + SHORTEST + " or more characters; make one with: openssl rand -hex 32");
        }
        return new Secret(text, false);
    }

    /**
     * The secret in a file, without blanks and line ends around it.
     *
     * @throws IllegalArgumentException if it is too short, naming the file
     */
    public static Secret read(Path file) {
        try {
            return of(Files.readString(file).strip());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the secret in " + file, e);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
    }

    /** Whether there is none. */
    boolean isNone() {
        return isNone;
    }

    /** A fresh code generator with this key. */
    Mac mac() {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            return mac;
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new AssertionError("every JDK has " + ALGORITHM, e);
        }
    }

    @Override
    public String toString() {
        return isNone ? "no secret" : "a secret"; // never the secret
    }
}
