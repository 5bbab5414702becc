// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A file that a worker needs, known by its content: it is sent in chunks, each of which is compared with its SHA-256 when it arrives.
 *
 * @param name of the file, without folders
 * @param bytes its length
 * @param chunks SHA-256 of each {@value #CHUNK} bytes
 */
record KitFile(String name, long bytes, List<String> chunks) {
    /** Bytes of a chunk; the last one is shorter. */
    static final int CHUNK = 4 << 20;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}");
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

    KitFile {
        chunks = List.copyOf(chunks);
        if (!NAME.matcher(name).matches()
                || bytes < 0
                || chunks.size() != (bytes + CHUNK - 1) / CHUNK
                || !chunks.stream().allMatch(hash -> HASH.matcher(hash).matches())) {
            throw Message.broken("a file of a model", "its name, length or checksums make no sense");
        }
    }

    static KitFile of(Path file) throws IOException {
        List<String> chunks = new ArrayList<>();
        long bytes = 0;
        try (FileChannel in = FileChannel.open(file)) {
            while (true) {
                byte[] chunk = read(in, chunks.size());
                if (chunk.length == 0) {
                    break;
                }
                bytes += chunk.length;
                chunks.add(hash(chunk));
            }
        }
        return new KitFile(file.getFileName().toString(), bytes, chunks);
    }

    /** A chunk; empty behind the end. */
    static byte[] read(FileChannel in, int index) throws IOException {
        long from = (long) index * CHUNK;
        long left = in.size() - from;
        ByteBuffer buffer = ByteBuffer.allocate(Math.clamp(left, 0, CHUNK));
        while (buffer.hasRemaining() && in.read(buffer, from + buffer.position()) >= 0) {
            // until it is full
        }
        buffer.flip();
        byte[] chunk = new byte[buffer.remaining()];
        buffer.get(chunk);
        return chunk;
    }

    static String hash(byte[] content) {
        return HexFormat.of().formatHex(Product.sha256().digest(content));
    }

    /** What the content is known by, whatever the file is called. */
    String id() {
        return hash((bytes + "\n" + String.join("\n", chunks)).getBytes(StandardCharsets.UTF_8));
    }

    ObjectNode toJson() {
        ObjectNode json = Json.object().put("name", name).put("bytes", bytes);
        ArrayNode hashes = json.putArray("chunks");
        chunks.forEach(hashes::add);
        return json;
    }

    static KitFile read(JsonNode json) {
        List<String> chunks = new ArrayList<>();
        json.path("chunks").forEach(hash -> chunks.add(hash.asText()));
        return new KitFile(json.path("name").asText(), json.path("bytes").asLong(-1), chunks);
    }
}
