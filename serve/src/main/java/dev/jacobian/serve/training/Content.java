// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.serve.http.RequestFields;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** What tells one request from another: a digest of its body. */
final class Content {
    private Content() {}

    static String of(JsonNode body) {
        return of(Json.compact(body).getBytes(StandardCharsets.UTF_8));
    }

    static String of(RequestFields fields) {
        return of(fields.content().getBytes(StandardCharsets.UTF_8));
    }

    static String of(byte[] body) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
