// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tensorboard;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.testing.TensorBoardFiles;
import dev.jacobian.testing.TensorBoardFiles.Event;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Event files: byte by byte where the format's description says bytes, and by a reader that shares nothing with the writer. */
class EventFileTest {
    @TempDir
    Path folder;

    private static InstantSource at(long seconds) {
        return InstantSource.fixed(Instant.ofEpochSecond(seconds));
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    /** A file with steps 1 to 5. */
    private Path written() {
        try (EventFile file = EventFile.open(folder, -1, at(1_700_000_000))) {
            for (int step = 1; step <= 5; step++) {
                file.write(step, Map.of("loss", 1.0 / step));
            }
            return file.file();
        }
    }

    @Test
    @DisplayName("checksums are those of the description")
    void checksums() {
        byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
        assertThat(Records.checksum(digits, 0, 9)).isEqualTo(0xC78AB0E5);
        assertThat(TensorBoardFiles.masked(digits)).isEqualTo(0xC78AB0E5);
        byte[] framed = Records.framed(new byte[24]).array();
        assertThat(hex(framed)).startsWith("1800000000000000" + "a37f4b22");
        assertThat(framed).hasSize(8 + 4 + 24 + 4);
    }

    @Test
    @DisplayName("the first record is the version, a number is the bytes of the description")
    void bytes() throws IOException {
        Path path;
        try (EventFile file = EventFile.open(folder, -1, at(1_700_000_000))) {
            file.write(300, Map.of("train/loss", 0.5));
            path = file.file();
        }
        assertThat(path.getFileName()).hasToString("events.out.tfevents.1700000000.jacobian");
        String time = "09" + "00000040fc54d941"; // 1.7e9 as a double
        String version = time + "1a0d" + hex("brain.Event:2".getBytes(StandardCharsets.US_ASCII));
        String value = "0a0a" + hex("train/loss".getBytes(StandardCharsets.US_ASCII)) + "15" + "0000003f";
        String number = time + "10ac02" + "2a13" + "0a11" + value;
        String all = hex(Files.readAllBytes(path));
        assertThat(all).startsWith("1800000000000000a37f4b22" + version).contains(number);
        assertThat(TensorBoardFiles.read(path))
                .containsExactly(
                        new Event(1.7e9, 0, "brain.Event:2", Map.of()),
                        new Event(1.7e9, 300, "", Map.of("train/loss", 0.5f)));
    }

    @Test
    @DisplayName(
            "resumed: the steps up to the checkpoint as they were, each later one once, in a file with a later name")
    void resumed() throws IOException {
        Path before = written();
        List<Event> whole = TensorBoardFiles.read(before);
        try (EventFile file = EventFile.open(folder, 3, at(1_600_000_000))) { // clocks go wrong
            assertThat(file.file().getFileName()).hasToString("events.out.tfevents.1700000001.jacobian");
            file.write(4, Map.of("loss", 7.0));
        }
        List<Event> events = TensorBoardFiles.readOnly(folder);
        assertThat(events).extracting(Event::step).containsExactly(0L, 1L, 2L, 3L, 4L);
        assertThat(events.subList(1, 4)).isEqualTo(whole.subList(1, 4));
        assertThat(events.get(4).numbers()).containsEntry("loss", 7f);
        try (EventFile file = EventFile.open(folder, -1, at(1_800_000_000))) {
            assertThat(TensorBoardFiles.read(file.file())).hasSize(1); // begun anew
        }
    }

    @Test
    @DisplayName("cut anywhere, or with any byte changed, the whole records before that are kept")
    void damaged() throws IOException {
        byte[] whole = Files.readAllBytes(written());
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < 400; i++) {
            byte[] broken = Arrays.copyOf(whole, i % 2 == 0 ? random.nextInt(whole.length) : whole.length);
            int at = random.nextInt(Math.max(1, broken.length));
            if (i % 2 == 1) {
                broken[at] ^= (byte) (1 + random.nextInt(255));
            }
            for (Path old : EventFile.in(folder)) {
                Files.delete(old);
            }
            Files.write(folder.resolve("events.out.tfevents.0000000007.jacobian"), broken);
            try (EventFile file = EventFile.open(folder, 9, at(8))) {
                file.write(10, Map.of("loss", 1.0));
            }
            List<Event> events = TensorBoardFiles.readOnly(folder); // fails on what is not whole
            assertThat(events)
                    .extracting(Event::step)
                    .startsWith(0L)
                    .endsWith(10L)
                    .isSorted()
                    .doesNotHaveDuplicates();
        }
    }

    @Test
    @DisplayName("what is no file of its own stays: links and files of others")
    void others() throws IOException {
        Path others = Files.writeString(folder.resolve("events.out.tfevents.1700000000.host"), "x");
        Path target = Files.writeString(folder.resolve("target"), "y");
        Path link = Files.createSymbolicLink(folder.resolve("events.out.tfevents.1700000000.jacobian"), target);
        EventFile.open(folder, -1, at(1_700_000_001)).close();
        assertThat(others).hasContent("x");
        assertThat(link).isSymbolicLink().hasContent("y");
    }
}
