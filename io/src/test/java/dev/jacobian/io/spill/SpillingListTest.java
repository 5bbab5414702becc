// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.spill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpillingListTest {
    private static final int BUFFER = 1 << 20;

    @TempDir
    Path folder;

    private static byte[] record(int index) {
        byte[] bytes = new byte[index % 17 == 0 ? 0 : index % 301];
        new Random(index).nextBytes(bytes);
        return bytes;
    }

    private boolean isEmpty() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.findAny().isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 1000, 100_000, 100_000_000})
    void recordsAreWhatTheyWereWhereverTheyLie(long memory) throws IOException {
        int count = 40_000; // 6 MB, several chunks of offsets
        try (SpillingRecords records = new SpillingRecords(new Spill(memory, folder))) {
            for (int i = 0; i < count; i++) {
                records.add(record(i));
                int earlier = i * 7 % (i + 1);
                assertThat(records.get(earlier)).isEqualTo(record(earlier));
            }
            assertThat(records.isSpilled()).isEqualTo(memory < 6_000_000);
            assertThat(records.size()).isEqualTo(count);
            for (int i = count - 1; i >= 0; i--) {
                assertThat(records.get(i)).isEqualTo(record(i));
            }
        }
        assertThat(isEmpty()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 5000, 100_000_000})
    void recordsMayBeEmptyOrLongerThanWhatWaitsInMemory(long memory) {
        List<byte[]> all = new ArrayList<>();
        for (int length : new int[] {0, 0, 3_000_000, 0, BUFFER - 4, BUFFER - 3, 1, BUFFER, 5 * BUFFER, 0}) {
            byte[] bytes = new byte[length];
            new Random(length).nextBytes(bytes);
            all.add(bytes);
        }
        try (SpillingRecords records = new SpillingRecords(new Spill(memory, folder))) {
            all.forEach(records::add);
            for (int i = 0; i < all.size(); i++) {
                assertThat(records.get(i)).as("record " + i).isEqualTo(all.get(i));
            }
        }
    }

    @Test
    void anEmptyListNeedsNoFileAndHasNoElement() throws IOException {
        try (SpillingRecords records = new SpillingRecords(new Spill(0, folder.resolve("missing")))) {
            assertThat(records.size()).isZero();
            assertThatThrownBy(() -> records.get(0)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> records.get(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        }
        assertThat(isEmpty()).isTrue();
    }

    @Test
    void aClosedListSaysSo() throws IOException {
        SpillingList<String> list = SpillingList.ofTexts(new Spill(0, folder));
        list.add("something");
        assertThat(list.isSpilled()).isTrue();
        list.close();
        list.close();
        assertThat(isEmpty()).isTrue();
        assertThatThrownBy(() -> list.get(0)).hasMessage("the list is closed");
        assertThatThrownBy(() -> list.add("more")).hasMessage("the list is closed");
    }

    @Test
    void theFileIsItsOwnersAlone() throws IOException {
        Path[] seen = new Path[1];
        try (SpillFile file = SpillFile.in(folder)) {
            file.append(new byte[10], 10);
            try (Stream<Path> files = Files.list(folder)) {
                files.forEach(path -> seen[0] = path); // only where names of open files cannot be taken away
            }
            if (seen[0] != null && Files.getFileStore(folder).supportsFileAttributeView("posix")) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(seen[0])))
                        .isEqualTo("rw-------");
            }
        }
        assertThat(isEmpty()).isTrue();
    }

    @Test
    void severalThreadsReadWhatOneAppends() throws InterruptedException, ExecutionException {
        try (SpillingRecords records = new SpillingRecords(new Spill(10_000, folder));
                ExecutorService readers = Executors.newFixedThreadPool(2)) {
            records.add(record(0));
            List<Future<?>> reading = new ArrayList<>();
            for (int thread = 0; thread < 2; thread++) {
                Random random = new Random(thread);
                reading.add(readers.submit(() -> {
                    for (int i = 0; i < 20_000; i++) {
                        int place = random.nextInt(records.size());
                        assertThat(records.get(place)).isEqualTo(record(place));
                    }
                }));
            }
            for (int i = 1; i < 20_000; i++) {
                records.add(record(i));
            }
            for (Future<?> reader : reading) {
                reader.get();
            }
        }
    }

    @Test
    void anInterruptedThreadReadsOnAndTakesTheFileFromNobody() {
        try (SpillingRecords records = new SpillingRecords(new Spill(0, folder))) {
            for (int i = 0; i < 10_000; i++) {
                records.add(record(i));
            }
            Thread.currentThread().interrupt();
            assertThat(records.get(5)).isEqualTo(record(5));
            assertThat(Thread.interrupted()).isTrue();
            assertThat(records.get(6)).isEqualTo(record(6));
        }
    }

    /** A file that somebody else can get at. */
    private RandomAccessFile open() throws FileNotFoundException {
        return new RandomAccessFile(folder.resolve("open").toFile(), "rw");
    }

    private static SpillingRecords over(RandomAccessFile file, Path folder) {
        SpillingRecords records = new SpillingRecords(new Spill(0, folder), in -> new SpillFile(file, null));
        for (int i = 0; i < 10_000; i++) {
            records.add(record(i));
        }
        return records;
    }

    @Test
    void aFileThatBecameShorterIsAnErrorThatNamesTheFolder() throws IOException {
        try (RandomAccessFile file = open();
                SpillingRecords records = over(file, folder)) {
            file.setLength(5000);
            assertThat(records.get(3)).isEqualTo(record(3));
            assertThatThrownBy(() -> records.get(5000))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("Row 5000 of the temporary file in " + folder)
                    .hasMessageContaining("cannot be read")
                    .hasMessageContaining("start or resume the run again");
        }
    }

    @Test
    void aByteThatChangedIsAnError() throws IOException {
        try (RandomAccessFile file = open();
                SpillingRecords records = over(file, folder)) {
            long before = 0;
            for (int i = 0; i < 100; i++) {
                before += record(i).length + 4;
            }
            file.seek(before + 7);
            int byteThere = file.read();
            file.seek(before + 7);
            file.write(byteThere ^ 1);
            assertThat(records.get(99)).isEqualTo(record(99));
            assertThatThrownBy(() -> records.get(100))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("Row 100")
                    .hasMessageContaining("is not what was written");
        }
    }

    @Test
    void aFullDiskIsOneErrorThatSaysWhereAndHowElse() throws IOException {
        RandomAccessFile full = new RandomAccessFile(folder.resolve("full").toFile(), "rw") {
            @Override
            public void write(byte[] bytes, int from, int count) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        try (SpillingRecords records = new SpillingRecords(new Spill(100, folder), in -> new SpillFile(full, null))) {
            records.add(new byte[50]);
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 100; i++) {
                            records.add(new byte[50]);
                        }
                    })
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining(folder.toString())
                    .hasMessageContaining("No space left on device")
                    .hasMessageContaining("-Djava.io.tmpdir=FOLDER");
        }
        assertThat(full.getChannel().isOpen()).isFalse();
    }

    @Test
    void aFolderThatIsNotThereIsTheSameError() {
        Path missing = folder.resolve("missing");
        try (SpillingList<String> list = SpillingList.ofTexts(new Spill(3, missing))) {
            assertThatThrownBy(() -> list.add("longer than three"))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining(missing.toString())
                    .hasMessageContaining("name another folder");
        }
    }

    @Test
    void valuesOfRecordsComeBackBitForBit() {
        List<String> texts = List.of("", "é", "π ≈ 3", "😀", "half \uD83D of a pair", "\uDC00", "x".repeat(100_000));
        int[] tokens = {0, 1, 127, 128, 16_383, 16_384, 151_935, Integer.MAX_VALUE, -1, Integer.MIN_VALUE};
        float[] reals = {0f, -0f, Float.NaN, Float.intBitsToFloat(0x7FC00001), Float.MIN_VALUE, 1f / 3};
        BitSet mask = new BitSet();
        mask.set(0, 3);
        mask.set(7);
        mask.set(1000, 90_000);
        RecordWriter out = new RecordWriter();
        texts.forEach(out::text);
        out.integers(tokens)
                .reals(reals)
                .places(mask)
                .places(new BitSet())
                .truth(true)
                .truth(false);
        out.integer64(Long.MIN_VALUE).integer64(-1).integer64(7).real(-0.0).blob(new byte[] {-1, 0});
        for (int token : tokens) {
            out.integer(token);
        }
        RecordReader in = new RecordReader(out.toBytes());
        texts.forEach(text -> assertThat(in.text()).isEqualTo(text));
        assertThat(in.integers()).isEqualTo(tokens);
        float[] read = in.reals();
        for (int i = 0; i < reals.length; i++) {
            assertThat(Float.floatToRawIntBits(read[i])).isEqualTo(Float.floatToRawIntBits(reals[i]));
        }
        assertThat(in.places()).isEqualTo(mask);
        assertThat(in.places().isEmpty()).isTrue();
        assertThat(in.truth()).isTrue();
        assertThat(in.truth()).isFalse();
        assertThat(in.integer64()).isEqualTo(Long.MIN_VALUE);
        assertThat(in.integer64()).isEqualTo(-1);
        assertThat(in.integer64()).isEqualTo(7);
        assertThat(Double.doubleToRawLongBits(in.real())).isEqualTo(Double.doubleToRawLongBits(-0.0));
        assertThat(in.blob()).isEqualTo(new byte[] {-1, 0});
        for (int token : tokens) {
            assertThat(in.integer()).isEqualTo(token);
        }
        assertThat(in.isAtEnd()).isTrue();
        assertThatThrownBy(in::integer64).hasMessageContaining("ends within a value");
    }

    @Test
    void aCodecThatReadsLessThanItWroteIsNoticed() {
        RecordCodec<String> forgetful = new RecordCodec<>() {
            @Override
            public void write(String value, RecordWriter out) {
                out.text(value).truth(true);
            }

            @Override
            public String read(RecordReader in) {
                return in.text();
            }
        };
        try (SpillingList<String> list = new SpillingList<>(forgetful, new Spill(0, folder))) {
            list.add("a");
            assertThatThrownBy(() -> list.get(0)).hasMessageContaining("longer than what is read of it");
        }
    }

    @Test
    void aViewMakesElementsWhenTheyAreAskedFor() {
        List<Integer> asked = new ArrayList<>();
        List<String> view = ListView.mapped(ListView.at(List.of(10, 20, 30), new int[] {2, 0}), number -> {
            asked.add(number);
            return "n" + number;
        });
        assertThat(asked).isEmpty();
        assertThat(view.get(0)).isEqualTo("n30");
        assertThat(asked).containsExactly(30);
        assertThat(view).containsExactly("n30", "n10");
        assertThatThrownBy(() -> view.get(2)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> view.add("more")).isInstanceOf(UnsupportedOperationException.class);
    }
}
