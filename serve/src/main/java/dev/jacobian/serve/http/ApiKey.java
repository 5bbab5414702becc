// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.http;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * A secret that clients show. Only its digest is kept, and digests are compared in constant time: how long a refusal takes
 * says nothing about how much of a guess was right.
 */
public final class ApiKey {
    private static final int SHORTEST = 16;

    private final byte[] digest;

    private ApiKey(byte[] digest) {
        this.digest = digest;
    }

    /**
     * @param secret at least 16 visible ASCII characters, since it travels in a header
     * @throws IllegalArgumentException if it is shorter or has others; the message does not repeat it
     */
    public static ApiKey of(String secret) {
        if (secret.length() < SHORTEST || !secret.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
            throw new IllegalArgumentException("an API key is " + SHORTEST
                    + " or more visible ASCII characters without blanks; make one with: openssl rand -hex 24");
        }
        return new ApiKey(sha256(secret));
    }

    /** Whether this is the secret. */
    public boolean matches(String guess) {
        return MessageDigest.isEqual(digest, sha256(guess));
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    @Override
    public String toString() {
        return "ApiKey"; // never the secret
    }
}
