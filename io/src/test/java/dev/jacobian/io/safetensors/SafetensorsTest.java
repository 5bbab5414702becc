// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.HalfFloats;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsTest {
    @TempDir
    Path folder;

    private Path file(String header, int bufferBytes) throws IOException {
        return file(header.getBytes(StandardCharsets.UTF_8), new byte[bufferBytes]);
    }

    private Path file(byte[] header, byte[] buffer) throws IOException {
        ByteBuffer out = ByteBuffer.allocate(8 + header.length + buffer.length).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(header.length).put(header).put(buffer);
        return Files.write(folder.resolve("test.safetensors"), out.array());
    }

    private void assertRejected(Path file, String... parts) {
        assertThatThrownBy(() -> SafetensorsFile.open(file).close())
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining(file.getFileName().toString())
                .satisfies(e -> assertThat(List.of(parts)).allMatch(e.getMessage()::contains));
    }

    // ---- what is well-formed ----

    static List<Path> oracles() throws IOException {
        try (Stream<Path> files = Files.walk(TestPaths.testdata("safetensors"))) {
            return files.filter(f -> f.toString().endsWith(".safetensors"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("oracles")
    void writesTheBytesThatTheRustLibraryWrote(Path original) throws IOException {
        assertThat(rewrite(original)).hasSameBinaryContentAs(original);
    }

    @Test
    void writesTheBytesOfAllSharedOracles() throws IOException {
        int count = 0;
        try (Stream<Path> files = Files.walk(TestPaths.shared("golden"))) {
            for (Path original :
                    files.filter(f -> f.toString().endsWith(".safetensors")).toList()) {
                if (holdsPixels(original)) {
                    continue;
                }
                assertThat(rewrite(original)).as(original.toString()).hasSameBinaryContentAs(original);
                count++;
            }
        }
        assertThat(count).isGreaterThan(20);
    }

    /** Oracles of vision models hold their images as U8, for which {@code Tensor} has no type. */
    private static boolean holdsPixels(Path path) {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            return file.names().stream().anyMatch(name -> file.info(name).type() == StoredType.U8);
        }
    }

    private Path rewrite(Path original) {
        Path copy = folder.resolve("copy.safetensors");
        try (SafetensorsFile file = SafetensorsFile.open(original)) {
            SafetensorsWriter writer = new SafetensorsWriter();
            file.metadata().forEach(writer::metadata);
            file.names().forEach(name -> writer.add(name, file.readStored(name)));
            writer.write(copy);
        }
        return copy;
    }

    @Test
    void metadataMayBeNull() throws IOException {
        Path path = file("{\"__metadata__\":null,\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.metadata()).isEmpty();
            assertThat(file.names()).containsExactly("a");
        }
        assertRejected(file("{\"__metadata__\":[]}", 0), "__metadata__", "not an object of strings");
    }

    @ParameterizedTest
    @CsvSource({"1e38, -1", "NaN, 0", "NaN, 6", "Infinity, 3", "-Infinity, 12"})
    void weightsAreFinite(float value, int at) {
        float[] weights = new float[13];
        java.util.Arrays.fill(weights, -3e38f); // sums of them overflow: that is not what is looked for
        if (at >= 0) {
            weights[at] = value;
        }
        Path path = folder.resolve("a.safetensors");
        new SafetensorsWriter().add("w", Tensor.of(weights, 13)).write(path);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            if (at < 0) {
                assertThat(file.readWeight("w").floats()).isEqualTo(weights);
            } else {
                assertThatThrownBy(() -> file.readWeight("w"))
                        .isInstanceOf(SafetensorsException.class)
                        .hasMessageContainingAll("a.safetensors, tensor 'w', element " + at, "is " + value);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F16", "F64"})
    void weightsComeInPiecesAndNarrowOnesAsTheyAreStored(StoredType type) throws IOException {
        // More than one piece of every thread, and an odd end. Small integers are exact in every type.
        int n = 5 * 65536 + 77;
        ByteBuffer bytes = ByteBuffer.allocate(n * type.bits() / 8).order(ByteOrder.LITTLE_ENDIAN);
        float[] expected = new float[n];
        for (int i = 0; i < n; i++) {
            expected[i] = i % 255 - 127;
            switch (type) {
                case F32 -> bytes.putFloat(expected[i]);
                case BF16 -> bytes.putShort(HalfFloats.floatToBfloat16(expected[i]));
                case F16 -> bytes.putShort(Float.floatToFloat16(expected[i]));
                default -> bytes.putDouble(expected[i]);
            }
        }
        String header = "{\"w\":{\"dtype\":\"%s\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
                .formatted(type, n, bytes.capacity());
        try (SafetensorsFile file =
                SafetensorsFile.open(file(header.getBytes(StandardCharsets.UTF_8), bytes.array()))) {
            assertThat(file.readWeight("w").floats()).isEqualTo(expected);
            Tensor narrow = file.readNarrowWeight("w");
            boolean half = type == StoredType.BF16 || type == StoredType.F16;
            assertThat(narrow.dtype()).isEqualTo(half ? DType.valueOf(type.name()) : DType.F32);
            assertThat(narrow.to(DType.F32).floats()).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "BF16, 7F80, Infinity",
        "BF16, FF81, NaN",
        "F16, 7C00, Infinity",
        "F16, FC00, -Infinity",
        "F16, 7C01, NaN"
    })
    void theFirstElementThatIsNotFiniteIsNamed(DType type, String bits, String value) {
        short[] weights = new short[300_000];
        java.util.Arrays.fill(weights, (short) 0xFBFF); // large, and finite in both types
        short bad = (short) Integer.parseInt(bits, 16);
        weights[299_999] = bad;
        weights[70_001] = bad;
        Path path = folder.resolve("a.safetensors");
        new SafetensorsWriter().add("w", Tensor.ofBits(type, weights, 300_000)).write(path);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            for (ThrowingCallable reading :
                    List.<ThrowingCallable>of(() -> file.readWeight("w"), () -> file.readNarrowWeight("w"))) {
                assertThatThrownBy(reading).hasMessageContainingAll("tensor 'w', element 70001", "is " + value);
            }
        }
    }

    @Test
    void weightsAreFloatingPointNumbers() throws IOException {
        Path path = file("{\"w\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThatThrownBy(() -> file.readWeight("w"))
                    .hasMessageContainingAll("tensor 'w'", "elements of type I32");
        }
        assertRejected(
                file("{\"w\":{\"dtype\":\"F7_E9\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1),
                "tensor 'w'",
                "\"F7_E9\"");
    }

    @Test
    void widensAllSixteenBitPatternsExactly() {
        short[] all = new short[1 << 16];
        for (int i = 0; i < all.length; i++) {
            all[i] = (short) i;
        }
        Path path = folder.resolve("a.safetensors");
        new SafetensorsWriter()
                .add("f16", Tensor.ofBits(DType.F16, all, 256, 256))
                .add("bf16", Tensor.ofBits(DType.BF16, all, 256, 256))
                .write(path);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            Tensor f16 = file.read("f16");
            Tensor bf16 = file.read("bf16");
            assertThat(f16.dtype()).isEqualTo(DType.F32);
            for (int i = 0; i < all.length; i++) {
                // Float.compare tells -0 from 0 and takes one NaN for another.
                assertThat(Float.compare(bf16.floats()[i], Float.intBitsToFloat(i << 16)))
                        .isZero();
                assertThat(Float.compare(f16.floats()[i], halfByDefinition(i))).isZero();
            }
            assertThat(file.readStored("bf16").shorts()).isEqualTo(all);
        }
    }

    /** IEEE 754-2008, 3.4: binary16. */
    private static float halfByDefinition(int bits) {
        int sign = (bits & 0x8000) == 0 ? 1 : -1;
        int exponent = bits >> 10 & 0x1F;
        int fraction = bits & 0x3FF;
        if (exponent == 0x1F) {
            return fraction == 0 ? sign * Float.POSITIVE_INFINITY : Float.NaN;
        }
        double value =
                exponent == 0 ? Math.scalb((double) fraction, -24) : Math.scalb(1 + fraction / 1024.0, exponent - 15);
        return (float) (sign * value);
    }

    @Test
    void narrowsToNearestWithTiesToEven() {
        // 1 + 2^-8 lies between the bfloat16 neighbours 1 and 1 + 2^-7, 1 + 3 * 2^-8 between 1 + 2^-7 and 1 + 2^-6.
        float[] values = {1 + 0x1p-8f, 1 + 3 * 0x1p-8f, 1 + 0x1p-8f + 0x1p-20f, -0f, Float.NEGATIVE_INFINITY};
        Path path = folder.resolve("a.safetensors");
        new SafetensorsWriter()
                .add("b", Tensor.of(values, 5), DType.BF16)
                .add("h", Tensor.of(new float[] {1 + 0x1p-11f, 1 + 3 * 0x1p-11f, 0x1p-25f, 0x1.8p-25f}, 4), DType.F16)
                .write(path);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.read("b").toFloatArray())
                    .containsExactly(1, 1 + 0x1p-6f, 1 + 0x1p-7f, -0f, Float.NEGATIVE_INFINITY);
            assertThat(file.read("h").toFloatArray()).containsExactly(1, 1 + 0x1p-9f, 0, 0x1p-24f);
        }
    }

    @Test
    void aWeightThatWouldBecomeInfiniteIsRefusedAndTheOldFileStays() throws Exception {
        Path path = folder.resolve("a.safetensors");
        new SafetensorsWriter().add("w", Tensor.of(new float[] {1}, 1)).write(path);
        byte[] old = Files.readAllBytes(path);
        SafetensorsWriter writer = new SafetensorsWriter().add("w", Tensor.of(new float[] {65520}, 1), DType.F16);
        assertThatThrownBy(() -> writer.write(path))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'w' has the value 65520.0, which F16 cannot hold");
        assertThat(path).hasBinaryContent(old);
    }

    @Test
    void ordersByTypeThenByBytesOfTheNameAndEscapesAsSerdeDoes() throws Exception {
        Path path = folder.resolve("a.safetensors");
        SafetensorsWriter writer = new SafetensorsWriter()
                .add("\uD83D\uDE00", Tensor.of(new float[] {1}, 1)) // U+1F600, after U+FB01 in UTF-8 but not in UTF-16
                .add("\uFB01", Tensor.of(new float[] {2}, 1))
                .add("i\"\\\n\u0001", Tensor.of(new long[] {3}, 1))
                .add("h", Tensor.of(new float[] {4}), DType.BF16)
                .metadata("format", "pt");
        writer.write(path);
        byte[] bytes = Files.readAllBytes(path);
        assertThat(bytes).hasSize((int) writer.fileBytes());
        int length = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        assertThat(length % 8).isZero();
        assertThat(new String(bytes, 8, length, StandardCharsets.UTF_8).stripTrailing())
                .isEqualTo("{\"__metadata__\":{\"format\":\"pt\"},"
                        + "\"i\\\"\\\\\\n\\u0001\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
                        + "\"\uFB01\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},"
                        + "\"\uD83D\uDE00\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]},"
                        + "\"h\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[16,18]}}");
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.metadata()).containsEntry("format", "pt");
            assertThat(file.read("i\"\\\n\u0001").longs()).containsExactly(3);
            assertThat(file.read("h").item()).isEqualTo(4);
        }
    }

    @Test
    void writesViewsAndMoreThanOneBuffer() {
        float[] values = new float[600_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        Tensor matrix = Tensor.of(values, 600, 1000);
        Path path = folder.resolve("a.safetensors");
        new SafetensorsWriter()
                .add("transposed", matrix.t())
                .add("sliced", matrix.slice(0, 7, 599))
                .add("narrow", matrix.slice(0, 0, 600), DType.BF16)
                .write(path);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.read("transposed").toFloatArray())
                    .isEqualTo(matrix.t().toFloatArray());
            assertThat(file.read("sliced").toFloatArray())
                    .isEqualTo(matrix.slice(0, 7, 599).toFloatArray());
            assertThat(file.readStored("narrow").shorts())
                    .isEqualTo(matrix.to(DType.BF16).shorts());
        }
    }

    @Test
    void emptyTensorsScalarsAndAnEmptyFileAreLegal() throws Exception {
        Path path = folder.resolve("a.safetensors");
        new SafetensorsWriter().write(path);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.names()).isEmpty();
        }
        new SafetensorsWriter()
                .add("scalar", Tensor.of(new float[] {5}))
                .add("none", Tensor.zeros(3, 0, 2))
                .write(path);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.read("none").shape()).isEqualTo(Shape.of(3, 0, 2));
            assertThat(file.read("scalar").item()).isEqualTo(5);
        }
        // An empty tensor shares its place with the next one, in either order of the header.
        try (SafetensorsFile file = SafetensorsFile.open(file(
                "{\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                        + "\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}",
                4))) {
            assertThat(file.names()).containsExactly("a", "b");
        }
    }

    @Test
    void readsTheOtherTypes() throws Exception {
        ByteBuffer buffer = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        buffer.put((byte) 1).put((byte) 0); // bool
        buffer.put((byte) -1).put((byte) 7); // u8
        buffer.put((byte) -1).put((byte) 7); // i8
        buffer.putShort((short) -2); // i16
        buffer.putShort((short) -2); // u16
        buffer.putInt(-3); // i32
        buffer.putInt(-3); // u32
        buffer.putDouble(0.1); // f64
        buffer.putLong(-4); // i64
        buffer.putLong(1L << 62); // u64
        byte[] bytes = java.util.Arrays.copyOf(buffer.array(), buffer.position());
        String header = "{\"bool\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[0,2]},"
                + "\"u8\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]},"
                + "\"i8\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":[4,6]},"
                + "\"i16\":{\"dtype\":\"I16\",\"shape\":[1],\"data_offsets\":[6,8]},"
                + "\"u16\":{\"dtype\":\"U16\",\"shape\":[1],\"data_offsets\":[8,10]},"
                + "\"i32\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[10,14]},"
                + "\"u32\":{\"dtype\":\"U32\",\"shape\":[1],\"data_offsets\":[14,18]},"
                + "\"f64\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[18,26]},"
                + "\"i64\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[26,34]},"
                + "\"u64\":{\"dtype\":\"U64\",\"shape\":[1],\"data_offsets\":[34,42]}}";
        try (SafetensorsFile file = SafetensorsFile.open(file(header.getBytes(StandardCharsets.UTF_8), bytes))) {
            assertThat(file.read("bool").ints()).containsExactly(1, 0);
            assertThat(file.read("u8").ints()).containsExactly(255, 7);
            assertThat(file.read("i8").ints()).containsExactly(-1, 7);
            assertThat(file.readStored("i8").bytes()).containsExactly(-1, 7);
            assertThat(file.read("i16").ints()).containsExactly(-2);
            assertThat(file.read("u16").ints()).containsExactly(65534);
            assertThat(file.read("i32").ints()).containsExactly(-3);
            assertThat(file.read("u32").longs()).containsExactly(4294967293L);
            assertThat(file.read("f64").floats()).containsExactly(0.1f);
            assertThat(file.read("i64").longs()).containsExactly(-4);
            assertThat(file.read("u64").longs()).containsExactly(1L << 62);
        }
    }

    @Test
    void tensorsOutliveTheFileWhichMayBeReplacedWhileOpen() {
        Path path = folder.resolve("a.safetensors");
        new SafetensorsWriter().add("w", Tensor.of(new float[] {1}, 1)).write(path);
        SafetensorsFile file = SafetensorsFile.open(path);
        new SafetensorsWriter().add("w", Tensor.of(new float[] {2}, 1)).write(path);
        Tensor before = file.read("w");
        file.close();
        file.close();
        assertThat(before.item()).isEqualTo(1);
        try (SafetensorsFile now = SafetensorsFile.open(path)) {
            assertThat(now.read("w").item()).isEqualTo(2);
        }
    }

    // ---- what is not ----

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "[]                                                              | 0 | does not begin with '{'",
                "0000                                                            | 0 | does not begin with '{'",
                "{\"a\":1                                                        | 0 | not valid JSON",
                "{} x                                                            | 0 | not valid JSON",
                "{\"a\":[]}                                                      | 0 | exactly dtype, shape and"
                        + " data_offsets",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}                       | 4 | exactly dtype, shape and"
                        + " data_offsets",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}} | 4 | exactly dtype",
                "{\"a\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}} | 4 | dtype \"F31\" is not known",
                "{\"a\":{\"dtype\":5,\"shape\":[1],\"data_offsets\":[0,4]}}      | 4 | dtype 5 is not known",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}} | 4 | needs 8 bytes, data_offsets"
                        + " give it 4",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}} | 4 | -1 is not an integer from 0",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}} | 4 | 1.0 is not an integer",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775808],\"data_offsets\":[0,4]}} | 4 | is not an"
                        + " integer",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,4]}} | 4 | overflows",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}} | 0 | overflows",
                "{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,1]}} | 1 | does not fill whole bytes",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}} | 4 | begin <= end",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}} | 4 | must be [begin, end]",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}} | 8 | leaves a hole before it",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}} | 3 | need 4 bytes, but only 3"
                        + " follow",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}} | 5 | 1 bytes that belong to no"
                        + " tensor",
                "{\"__metadata__\":[]}                                           | 0 | not an object of strings",
                "{\"__metadata__\":{\"a\":1}}                                    | 0 | value of 'a' is not a string",
            })
    void rejectsABadHeader(String header, int bufferBytes, String message) throws Exception {
        assertRejected(file(header, bufferBytes), message);
    }

    private static String f32(String name, int begin, int end) {
        return "\"%s\":{\"dtype\":\"F32\",\"shape\":[%d],\"data_offsets\":[%d,%d]}"
                .formatted(name, (end - begin) / 4, begin, end);
    }

    @Test
    void rejectsOverlapsHolesAndRepeatedNames() throws Exception {
        assertRejected(file("{" + f32("a", 0, 8) + "," + f32("b", 4, 12) + "}", 12), "tensor 'b'", "overlaps");
        assertRejected(file("{" + f32("a", 0, 8) + "," + f32("b", 0, 8) + "}", 8), "overlaps");
        assertRejected(file("{" + f32("a", 0, 4) + "," + f32("b", 8, 12) + "}", 12), "tensor 'b'", "hole");
        assertRejected(file("{" + f32("a", 0, 4) + "," + f32("a", 4, 8) + "}", 8), "Duplicate field 'a'");
        assertRejected(
                file("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4),
                "Duplicate");
    }

    @Test
    void rejectsABadLength() throws Exception {
        Path path = folder.resolve("test.safetensors");
        assertRejected(Files.write(path, new byte[0]), "the file has 0 bytes");
        assertRejected(Files.write(path, new byte[7]), "the file has 7 bytes");
        assertRejected(Files.write(path, new byte[8]), "the header has 0 bytes");
        for (long length : new long[] {100_000_001, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
            byte[] bytes = ByteBuffer.allocate(16)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(length)
                    .array();
            assertRejected(Files.write(path, bytes), Long.toUnsignedString(length), "at most 100000000");
        }
        byte[] bytes = ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(9)
                .array();
        assertRejected(Files.write(path, bytes), "claims 9 bytes, but the whole file has 16");
    }

    @Test
    void rejectsAHeaderThatIsNotUtf8OrNestsTooDeep() throws Exception {
        assertRejected(file(new byte[] {'{', '"', (byte) 0xC3, '"', ':', '1', '}', ' '}, new byte[0]), "not UTF-8");
        assertRejected(file("{\"a\":" + "[".repeat(50_000), 0), "nesting depth");
    }

    /** A file that is cut short anywhere is rejected when it is opened, whatever the place. */
    @Test
    void rejectsEveryTruncation() throws Exception {
        Path whole = folder.resolve("whole.safetensors");
        new SafetensorsWriter()
                .add("a", Tensor.of(new float[] {1, 2, 3}, 3))
                .add("b", Tensor.of(new int[] {1}, 1))
                .write(whole);
        byte[] bytes = Files.readAllBytes(whole);
        for (int length = 0; length < bytes.length; length++) {
            assertRejected(Files.write(folder.resolve("test.safetensors"), java.util.Arrays.copyOf(bytes, length)));
        }
    }

    @Test
    void namesWhatIsThereWhenATensorIsNot() throws Exception {
        try (SafetensorsFile file =
                SafetensorsFile.open(file("{" + f32("model.layers.0.norm.weight", 0, 4) + "}", 4))) {
            assertThatThrownBy(() -> file.read("layers.0.norm.weight"))
                    .isInstanceOf(SafetensorsException.class)
                    .hasMessageContaining("no tensor 'layers.0.norm.weight' (there is model.layers.0.norm.weight)");
        }
    }

    @Test
    void refusesTypesThatMeanNothingAlone() throws Exception {
        Path path = file("{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.info("a").type()).isEqualTo(StoredType.F8_E4M3);
            assertThatThrownBy(() -> file.read("a"))
                    .isInstanceOf(SafetensorsException.class)
                    .hasMessageContaining("tensor 'a'")
                    .hasMessageContaining("F8_E4M3 cannot be read");
        }
    }

    @Test
    void theWriterRefusesNonsense() {
        SafetensorsWriter writer = new SafetensorsWriter().add("a", Tensor.zeros(1));
        assertThatThrownBy(() -> writer.add("a", Tensor.zeros(1))).hasMessageContaining("already added");
        assertThatThrownBy(() -> writer.add("__metadata__", Tensor.zeros(1))).hasMessageContaining("not a tensor name");
        assertThatThrownBy(() -> writer.add("i", Tensor.of(new int[] {1}, 1), DType.F16))
                .hasMessageContaining("cannot be stored as F16");
        assertThatThrownBy(() -> new SafetensorsWriter()
                        .add("s", DType.F32, Shape.of(2), () -> Tensor.zeros(3))
                        .write(folder.resolve("x.safetensors")))
                .hasMessageContaining("announced with shape [2] and came with [3]");
        assertThat(folder.resolve("x.safetensors")).doesNotExist();
    }
}
