// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.judge;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonlWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Verdicts of a judge by the hash of what was asked, in a file of JSON lines. It holds neither texts nor keys. */
final class VerdictCache {
    private static final String REQUEST = "request";
    private static final String CORRECT = "correct";

    private final Map<String, Boolean> verdicts = new ConcurrentHashMap<>();
    private final JsonlWriter writer;

    private VerdictCache(String file) {
        writer = JsonlWriter.resume(Path.of(file), (line, number) -> {
            if (!line.path(REQUEST).isTextual() || !line.path(CORRECT).isBoolean()) {
                throw new FormatException(
                        file + ", line " + number,
                        "a line has a 'request' and whether it is 'correct'",
                        "This is no file of verdicts; name another with cache=FILE");
            }
            verdicts.put(line.get(REQUEST).textValue(), line.get(CORRECT).booleanValue());
            return true;
        });
    }

    /** Opens a file, or makes it. */
    static VerdictCache open(String file) {
        return new VerdictCache(file);
    }

    /** Names a request to an address. */
    static String key(String url, String request) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(url.getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
            return HexFormat.of().formatHex(digest.digest(request.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    Optional<Boolean> find(String key) {
        return Optional.ofNullable(verdicts.get(key));
    }

    void add(String key, boolean correct) {
        if (verdicts.putIfAbsent(key, correct) == null) {
            writer.write(Json.object().put(REQUEST, key).put(CORRECT, correct));
        }
    }
}
