// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.judge;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.InputFiles;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonlWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Verdicts of a judge by the hash of what was asked, in a file of JSON lines. It holds neither texts nor keys.
 *
 * <p>Several runs may share a file at once: each line is appended whole. What another one adds is read when the file is opened again.
 */
final class VerdictCache {
    private static final String REQUEST = "request";
    private static final String CORRECT = "correct";

    /** How every such file begins. */
    private static final String BEGIN = "{\"" + REQUEST + "\":";

    private final Map<String, Boolean> verdicts = new ConcurrentHashMap<>();
    private final JsonlWriter writer;

    private VerdictCache(String file) {
        Path path = Path.of(file);
        requireOwn(path);
        JsonlWriter.resume(path, (line, number) -> {
                    if (!line.path(REQUEST).isTextual() || !line.path(CORRECT).isBoolean()) {
                        throw none(file + ", line " + number);
                    }
                    verdicts.put(
                            line.get(REQUEST).textValue(), line.get(CORRECT).booleanValue());
                    return true;
                })
                .close();
        writer = JsonlWriter.append(path);
    }

    /** Looks at a file before its last line is repaired, which of a file of somebody else would be lost. */
    private static void requireOwn(Path file) {
        if (Files.notExists(file)) {
            return;
        }
        InputFiles.requireRegular(file);
        try (InputStream in = Files.newInputStream(file)) {
            String begin = new String(in.readNBytes(BEGIN.length()), StandardCharsets.UTF_8);
            if (!BEGIN.startsWith(begin)) {
                throw none(file + ", line 1");
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private static FormatException none(String where) {
        return new FormatException(
                where,
                "a line has a 'request' and whether it is 'correct'",
                "This is no file of verdicts; name another with cache=FILE");
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
