// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import javax.crypto.Mac;

/**
 * The codes under requests and answers (HMAC-SHA256, RFC 2104).
 *
 * <p>A request's is over its direction, path, place ({@link Place}), a number that was never used before, and body; an answer's over its
 * direction, status, the request's own code, and body. So neither side takes anything from who lacks the secret, an answer cannot be told
 * for another request's, and a request cannot be sent a second time (the place), to another path, or back as an answer.
 */
final class Seal {
    static final String PLACE = "X-Jacobian-Place";
    static final String NONCE = "X-Jacobian-Nonce";
    static final String CODE = "X-Jacobian-Code";

    private static final SecureRandom RANDOM = new SecureRandom();

    private Seal() {}

    /**
     * Where a request stands: which process is meant, on which channel of it, as which request.
     *
     * @param instance a number that the worker drew when it started
     * @param channel a number that it drew for one who asked
     * @param number greater than those of the requests before on this channel
     */
    record Place(String instance, String channel, long number) {
        /** Of a request that opens a channel: it may be sent again by anybody, and gives nothing to who lacks the secret. */
        static final Place NONE = new Place("", "", 0);

        @Override
        public String toString() {
            return instance + "." + channel + "." + number;
        }

        /** @throws IllegalArgumentException if the text is no place */
        static Place parse(String text) {
            String[] parts = text.split("\\.", -1);
            if (parts.length != 3 || parts[2].length() > 18 || !parts[2].chars().allMatch(c -> c >= '0' && c <= '9')) {
                throw new IllegalArgumentException("no place: " + text.length() + " characters");
            }
            return new Place(parts[0], parts[1], Long.parseLong(parts[2]));
        }
    }

    /** A number that nobody can guess. */
    static String random() {
        byte[] bytes = new byte[16];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    static String ofRequest(Secret secret, String path, Place place, String nonce, byte[] body) {
        return code(secret, "request\n" + path + "\n" + place + "\n" + nonce + "\n", body);
    }

    static String ofAnswer(Secret secret, int status, String requestCode, byte[] body) {
        return code(secret, "answer\n" + status + "\n" + requestCode + "\n", body);
    }

    private static String code(Secret secret, String head, byte[] body) {
        Mac mac = secret.mac();
        mac.update(head.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(mac.doFinal(body));
    }

    /** Whether two codes are one; how long that takes says nothing about where they differ. */
    static boolean isSame(String one, String other) {
        return MessageDigest.isEqual(one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));
    }
}
