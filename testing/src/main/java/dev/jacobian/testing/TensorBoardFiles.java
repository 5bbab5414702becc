// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.testing;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Reads TensorBoard's event files by the format's description, strictly: a wrong checksum, a cut record or a field that is not known is a
 * failure. It shares nothing with what writes them.
 */
public final class TensorBoardFiles {
    private static final int POLYNOMIAL = 0x82F63B78; // Castagnoli, reflected

    private TensorBoardFiles() {}

    /** A record: when, at which step, and either the file's version or numbers by tag. */
    public record Event(double wallTime, long step, String version, Map<String, Float> numbers) {}

    /** All events of the one event file of a folder. */
    public static List<Event> readOnly(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            List<Path> files = entries.filter(
                            path -> path.getFileName().toString().contains("tfevents"))
                    .toList();
            if (files.size() != 1) {
                throw new AssertionError(folder + " has the event files " + files);
            }
            return read(files.getFirst());
        }
    }

    /** All events of a file. */
    public static List<Event> read(Path file) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<Event> events = new ArrayList<>();
        while (in.hasRemaining()) {
            byte[] length = take(in, 8);
            check(in, length);
            byte[] payload = take(in, (int)
                    ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong());
            check(in, payload);
            events.add(event(ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN)));
        }
        return events;
    }

    private static byte[] take(ByteBuffer in, int count) {
        byte[] bytes = new byte[count];
        in.get(bytes);
        return bytes;
    }

    private static void check(ByteBuffer in, byte[] of) {
        int found = in.getInt();
        if (found != masked(of)) {
            throw new AssertionError("checksum %08x in front of byte %d is wrong".formatted(found, in.position()));
        }
    }

    /** The masked CRC-32C, bit by bit. */
    public static int masked(byte[] bytes) {
        int crc = -1;
        for (byte one : bytes) {
            crc ^= one & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) != 0 ? crc >>> 1 ^ POLYNOMIAL : crc >>> 1;
            }
        }
        crc = ~crc;
        return (crc >>> 15 | crc << 17) + 0xa282ead8;
    }

    private static Event event(ByteBuffer in) {
        double time = Double.NaN;
        long step = 0;
        String version = "";
        Map<String, Float> numbers = new LinkedHashMap<>();
        while (in.hasRemaining()) {
            switch ((int) varint(in)) {
                case 0x09 -> time = in.getDouble();
                case 0x10 -> step = varint(in);
                case 0x1A -> version = text(in);
                case 0x2A -> summary(part(in), numbers);
                default -> throw new AssertionError("an unknown field in an event");
            }
        }
        return new Event(time, step, version, numbers);
    }

    private static void summary(ByteBuffer in, Map<String, Float> numbers) {
        while (in.hasRemaining()) {
            if (varint(in) != 0x0A) {
                throw new AssertionError("a summary has something else than values");
            }
            ByteBuffer value = part(in);
            String tag = "";
            float number = Float.NaN;
            while (value.hasRemaining()) {
                switch ((int) varint(value)) {
                    case 0x0A -> tag = text(value);
                    case 0x15 -> number = value.getFloat();
                    default -> throw new AssertionError("an unknown field in a value");
                }
            }
            if (numbers.put(tag, number) != null) {
                throw new AssertionError("the tag " + tag + " twice in one record");
            }
        }
    }

    private static ByteBuffer part(ByteBuffer in) {
        int length = (int) varint(in);
        ByteBuffer part = in.slice(in.position(), length).order(ByteOrder.LITTLE_ENDIAN);
        in.position(in.position() + length);
        return part;
    }

    private static String text(ByteBuffer in) {
        return StandardCharsets.UTF_8.decode(part(in)).toString();
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = in.get();
            value |= (next & 0x7fL) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }
}
