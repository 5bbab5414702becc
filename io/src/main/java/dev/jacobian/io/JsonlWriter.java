// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Predicate;

/**
 * Appends JSON lines to a file.
 *
 * <p>Each line goes to the operating system in one write as soon as it is given, so a killed process loses at most the
 * line that it was writing, and {@link #resume} cuts that fragment off. {@link #flush} also survives a power cut; it is
 * slow, so call it once per step and not once per line.
 *
 * <p>Safe for use by several threads: lines never mix.
 */
public final class JsonlWriter implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(JsonlWriter.class.getName());
    private static final int CHUNK = 1 << 16;

    private final Path file;
    private final FileChannel channel;

    private JsonlWriter(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** Starts a new file, replacing an old one of that name. */
    public static JsonlWriter create(Path file) {
        return open(file, StandardOpenOption.TRUNCATE_EXISTING);
    }

    /** Continues a file whose lines are whole, or starts one. Others may do the same at the same time, also in other processes. */
    public static JsonlWriter append(Path file) {
        return open(file, StandardOpenOption.APPEND);
    }

    /** Continues a file, or starts one; an unfinished last line is cut off. */
    public static JsonlWriter resume(Path file) {
        JsonlWriter writer = open(file, StandardOpenOption.READ);
        try {
            writer.repairTail();
            return writer;
        } catch (IOException e) {
            throw writer.failed("resume", e);
        }
    }

    /**
     * Continues a file from the state of an earlier moment: keeps the lines from the start for which {@code keep}
     * holds, and cuts off the first for which it does not with everything after it. This is how a log is brought back
     * to the step of the checkpoint that a run resumes from.
     */
    public static JsonlWriter resume(Path file, Predicate<JsonNode> keep) {
        return resume(file, (line, number) -> keep.test(line));
    }

    /** Decides about a line, of which it is told the number, from 1. */
    @FunctionalInterface
    public interface LineFilter {
        /** Whether the line stays; if not, it goes with everything behind it. */
        boolean keep(JsonNode line, long number);
    }

    /**
     * The same for a filter that names lines in messages of its own. A last line that is no JSON is cut off like an unfinished
     * one.
     *
     * @throws FormatException if a line before the last is no JSON; the message has its number
     */
    public static JsonlWriter resume(Path file, LineFilter filter) {
        JsonlWriter writer = resume(file);
        try {
            byte[] bytes = Files.readAllBytes(file);
            int start = 0;
            for (long number = 1; start < bytes.length; number++) {
                int end = start;
                while (bytes[end] != '\n') { // repairTail() has ended the last line
                    end++;
                }
                String line = new String(bytes, start, end - start, StandardCharsets.UTF_8);
                if (!line.isBlank() && !keeps(filter, line, file, number, end + 1 == bytes.length)) {
                    break;
                }
                start = end + 1;
            }
            writer.cut(start);
            return writer;
        } catch (IOException e) {
            throw writer.failed("resume", e);
        } catch (RuntimeException e) {
            writer.close();
            throw e;
        }
    }

    private static boolean keeps(LineFilter filter, String line, Path file, long number, boolean last) {
        JsonNode value;
        try {
            value = Jsonl.parse(line, file, number);
        } catch (FormatException e) {
            if (last) {
                return false;
            }
            throw e;
        }
        return filter.keep(value, number);
    }

    /** Appends one line. */
    public synchronized void write(JsonNode value) {
        byte[] line = (Json.compact(value) + "\n").getBytes(StandardCharsets.UTF_8);
        try {
            AtomicFiles.writeFully(channel, ByteBuffer.wrap(line));
        } catch (IOException e) {
            throw failed("append to", e);
        }
    }

    /** Forces everything written so far onto the device. */
    public synchronized void flush() {
        try {
            channel.force(false);
        } catch (IOException e) {
            throw failed("flush", e);
        }
    }

    @Override
    public synchronized void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw failed("close", e);
        }
    }

    private static JsonlWriter open(Path file, StandardOpenOption option) {
        try {
            if (file.toAbsolutePath().getParent() != null) {
                Files.createDirectories(file.toAbsolutePath().getParent());
            }
            return new JsonlWriter(
                    file,
                    FileChannel.open(
                            file,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            LinkOption.NOFOLLOW_LINKS, // what is cut and appended to is this file, and no other
                            option));
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot open " + file + " for writing: " + e.getMessage(), e);
        }
    }

    private void repairTail() throws IOException {
        long size = channel.size();
        long start = startOfLastLine(size);
        if (start < size) {
            ByteBuffer tail = ByteBuffer.allocate(Math.toIntExact(size - start));
            for (long at = start; tail.hasRemaining(); at = start + tail.position()) {
                if (channel.read(tail, at) < 0) {
                    break;
                }
            }
            if (isWholeObject(tail.flip())) {
                // Only the line end is missing, as after an edit by hand.
                channel.position(size);
                AtomicFiles.writeFully(channel, ByteBuffer.wrap(new byte[] {'\n'}));
                return;
            }
        }
        cut(start);
    }

    private long startOfLastLine(long size) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
        for (long end = size; end > 0; ) {
            long begin = Math.max(0, end - CHUNK);
            chunk.clear().limit((int) (end - begin));
            while (chunk.hasRemaining() && channel.read(chunk, begin + chunk.position()) >= 0) {}
            for (int i = chunk.position() - 1; i >= 0; i--) {
                if (chunk.get(i) == '\n') {
                    return begin + i + 1;
                }
            }
            end = begin;
        }
        return 0;
    }

    /** An object has an end that can be seen; of a bare number the last digits may be missing. */
    private boolean isWholeObject(ByteBuffer utf8) {
        try {
            return Json.parse(utf8, file.toString()).isObject();
        } catch (FormatException e) {
            return false;
        }
    }

    private void cut(long size) throws IOException {
        long dropped = channel.size() - size;
        if (dropped > 0) {
            LOG.log(System.Logger.Level.INFO, "{0}: cut {1} bytes off the end to resume", file, dropped);
            channel.truncate(size);
        }
        channel.position(size);
    }

    private UncheckedIOException failed(String verb, IOException e) {
        try {
            channel.close();
        } catch (IOException suppressed) {
            e.addSuppressed(suppressed);
        }
        return new UncheckedIOException("Cannot " + verb + " " + file + ": " + e.getMessage(), e);
    }
}
