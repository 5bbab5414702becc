// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tensorboard;

import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.protobuf.ProtoReader;
import dev.jacobian.io.protobuf.ProtoWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Numbers of a run's steps as TensorBoard reads them: a file {@code events.out.tfevents.SECONDS.jacobian} in the run's folder.
 *
 * <p>Decision: a run that is resumed gets a new file, with the records up to the step that it resumes from, byte for byte, and the old
 * file goes. So no step is there twice for any reader, and a TensorBoard that watches meanwhile sees a file end and another begin, which
 * it expects, and not one that shrinks. What a kill has cut off, or has a wrong checksum, ends what is kept.
 *
 * <p>Each record goes to the operating system in one write. Not thread-safe.
 */
public final class EventFile implements AutoCloseable {
    private static final Pattern NAME = Pattern.compile("events\\.out\\.tfevents\\.([0-9]{1,18})\\.jacobian");
    private static final String VERSION = "brain.Event:2";

    // Fields of the messages
    private static final int EVENT_TIME = 1;
    private static final int EVENT_STEP = 2;
    private static final int EVENT_VERSION = 3;
    private static final int EVENT_SUMMARY = 5;
    private static final int SUMMARY_VALUE = 1;
    private static final int VALUE_TAG = 1;
    private static final int VALUE_NUMBER = 2;

    private final Path file;
    private final FileChannel channel;
    private final InstantSource clock;

    private EventFile(Path file, FileChannel channel, InstantSource clock) {
        this.file = file;
        this.channel = channel;
        this.clock = clock;
    }

    /**
     * Opens a file of its own in a folder, and removes that of an earlier part of the run.
     *
     * @param last the last step that is kept of it; negative to begin anew
     * @throws UncheckedIOException if it cannot be written, or the earlier one cannot be read
     */
    public static EventFile open(Path folder, long last) {
        return open(folder, last, InstantSource.system());
    }

    static EventFile open(Path folder, long last, InstantSource clock) {
        List<Path> earlier = in(folder);
        long newest = earlier.isEmpty() ? 0 : seconds(earlier.getLast());
        long seconds = Math.max(clock.millis() / 1000, newest + 1); // files are read in the order of their names
        Path file = folder.resolve("events.out.tfevents.%010d.jacobian".formatted(seconds));
        try {
            AtomicFiles.write(file, out -> {
                AtomicFiles.writeFully(
                        out,
                        Records.framed(event(clock).text(EVENT_VERSION, VERSION).toBytes()));
                if (last >= 0 && !earlier.isEmpty()) {
                    copy(earlier.getLast(), last, out); // an earlier one is there only if a kill came before its end
                }
            });
            for (Path one : earlier) {
                Files.delete(one);
            }
            return new EventFile(
                    file,
                    FileChannel.open(
                            file, StandardOpenOption.WRITE, StandardOpenOption.APPEND, LinkOption.NOFOLLOW_LINKS),
                    clock);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    /** The files of that kind in a folder, the earliest first. */
    public static List<Path> in(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(
                            path -> NAME.matcher(path.getFileName().toString()).matches())
                    .filter(path -> Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS))
                    .sorted(Comparator.comparingLong(EventFile::seconds))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot list " + folder + ": " + e.getMessage(), e);
        }
    }

    private static long seconds(Path file) {
        Matcher name = NAME.matcher(file.getFileName().toString());
        return name.matches() ? Long.parseLong(name.group(1)) : 0;
    }

    /** Copies the records of a file that have numbers of steps up to one; the first of a file has none. */
    private static void copy(Path from, long last, FileChannel to) throws IOException {
        try (FileChannel in = FileChannel.open(from, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
            ByteBuffer bytes = in.map(FileChannel.MapMode.READ_ONLY, 0, Math.min(in.size(), Integer.MAX_VALUE))
                    .order(ByteOrder.LITTLE_ENDIAN);
            boolean first = true;
            while (true) {
                Optional<byte[]> payload = Records.next(bytes);
                OptionalLong step = payload.isEmpty() ? OptionalLong.empty() : step(payload.get());
                if (step.isEmpty() || step.getAsLong() > last) {
                    return;
                }
                if (!first) {
                    AtomicFiles.writeFully(to, Records.framed(payload.orElseThrow()));
                }
                first = false;
            }
        }
    }

    /** The step of an event; 0 where it has none, as the format has it, and empty where the bytes are no message. */
    private static OptionalLong step(byte[] event) {
        try {
            ProtoReader in = new ProtoReader(event, "an event");
            long step = 0;
            while (in.next()) {
                if (in.field() == EVENT_STEP) {
                    step = in.varint();
                } else {
                    in.skip();
                }
            }
            return OptionalLong.of(step);
        } catch (FormatException broken) {
            return OptionalLong.empty();
        }
    }

    private static ProtoWriter event(InstantSource clock) {
        return new ProtoWriter().number(EVENT_TIME, (double) clock.millis() / 1000);
    }

    /**
     * Writes the numbers of a step under their names, rounded to F32.
     *
     * @throws UncheckedIOException if the disk is full, for example
     */
    public void write(long step, Map<String, Double> numbers) {
        ProtoWriter summary = new ProtoWriter();
        numbers.forEach((tag, number) -> summary.message(
                SUMMARY_VALUE, new ProtoWriter().text(VALUE_TAG, tag).number(VALUE_NUMBER, number.floatValue())));
        byte[] event = event(clock)
                .varint(EVENT_STEP, step)
                .message(EVENT_SUMMARY, summary)
                .toBytes();
        try {
            AtomicFiles.writeFully(channel, Records.framed(event));
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot append to " + file + ": " + e.getMessage(), e);
        }
    }

    /** The file's path. */
    public Path file() {
        return file;
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot close " + file + ": " + e.getMessage(), e);
        }
    }
}
