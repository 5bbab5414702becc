// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.quantized;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.io.safetensors.SafetensorsException;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Quantized layers whose numbers are known, packed here by the formats' descriptions, number by number. */
class QuantizationTest {
    @TempDir
    Path folder;

    /** Parts of a checkpoint: names to elements, in one file. */
    private final Map<String, Part> parts = new LinkedHashMap<>();

    private record Part(String type, String shape, byte[] bytes) {}

    private void words(String name, String shape, int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        Arrays.stream(values).forEach(bytes::putInt);
        parts.put(name, new Part("I32", shape, bytes.array()));
    }

    private void floats(String name, String shape, float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            bytes.putFloat(value);
        }
        parts.put(name, new Part("F32", shape, bytes.array()));
    }

    private Tensor decode(Quantization quantization, String name) {
        StringBuilder header = new StringBuilder("{");
        int end = 0;
        for (var part : parts.entrySet()) {
            int begin = end;
            end += part.getValue().bytes.length;
            header.append(header.length() > 1 ? "," : "")
                    .append("\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%d,%d]}"
                            .formatted(part.getKey(), part.getValue().type, part.getValue().shape, begin, end));
        }
        byte[] json = header.append("}").toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + json.length + end)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json);
        parts.values().forEach(part -> file.put(part.bytes));
        try {
            Files.write(folder.resolve("model.safetensors"), file.array());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try (CheckpointTensors tensors = CheckpointTensors.open(folder)) {
            Map<String, CodedTensor> found = quantization.find(tensors);
            assertThat(found.keySet()).contains(name);
            CodedTensor coded = found.get(name);
            Tensor decoded = coded.decode();
            assertThat(Arrays.stream(decoded.shape().toArray())
                            .asLongStream()
                            .boxed()
                            .toList())
                    .isEqualTo(coded.extents());
            return decoded;
        }
    }

    // ---- FP8 ----

    @Test
    void everyByteOfE4m3() {
        byte[] all = new byte[256];
        float[] expected = new float[256];
        for (int i = 0; i < 256; i++) {
            boolean nan = (i & 0x7F) == 0x7F;
            all[i] = (byte) (nan ? 0 : i); // NaN is refused, see below
            int exponent = i >> 3 & 15;
            double magnitude =
                    exponent == 0 ? (i & 7) * Math.pow(2, -9) : (1 + (i & 7) / 8.0) * Math.pow(2, exponent - 7);
            expected[i] = nan ? 0 : (float) ((i & 0x80) == 0 ? magnitude : -magnitude);
        }
        assertThat(expected[0x7E]).isEqualTo(448); // the largest number of the format
        parts.put("a.weight", new Part("F8_E4M3", "1,256", all));
        floats("a.weight_scale_inv", "1,2", 1, 1);
        assertThat(decode(new Fp8(128, 128), "a.weight").floats()).containsExactly(expected);
    }

    @ParameterizedTest
    @CsvSource({"'3,2', 2, 4", "'5', 1, 5", "'5,1', 1, 5", "'', 5, 7", "'1', 5, 7"})
    void aFactorForBlocksForRowsOrForAll(String shape, int blockRows, int blockColumns) {
        byte[] bytes = new byte[5 * 7];
        Arrays.fill(bytes, (byte) 0x38); // 1
        parts.put("a.weight", new Part("F8_E4M3", "5,7", bytes));
        int count = shape.isEmpty()
                ? 1
                : Arrays.stream(shape.split(",")).mapToInt(Integer::parseInt).reduce(1, (x, y) -> x * y);
        float[] scales = new float[count];
        for (int i = 0; i < count; i++) {
            scales[i] = i + 1;
        }
        floats("a.weight_scale_inv", shape, scales);
        Tensor weight = decode(new Fp8(2, 4), "a.weight");
        int across = shape.equals("3,2") ? 2 : 1;
        for (int row = 0; row < 5; row++) {
            for (int column = 0; column < 7; column++) {
                int block = count == 1 ? 0 : row / blockRows * across + (across == 2 ? column / blockColumns : 0);
                assertThat(weight.floats()[row * 7 + column]).isEqualTo(block + 1f);
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefusedByName() {
        parts.put("a.weight", new Part("F8_E4M3", "2,2", new byte[] {0, 0, 0x7F, 0}));
        assertThatThrownBy(() -> decode(new Fp8(128, 128), "a.weight"))
                .hasMessageContainingAll("a.weight", "there is no 'a.weight_scale_inv'");
        floats("a.weight_scale_inv", "1,1", 2);
        assertThatThrownBy(() -> decode(new Fp8(128, 128), "a.weight"))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContainingAll("'a.weight', element 2", "NaN");
        floats("a.weight_scale_inv", "3,1", 2, 2, 2);
        assertThatThrownBy(() -> decode(new Fp8(128, 128), "a.weight"))
                .hasMessageContainingAll("factors of shape [3, 1]", "[2, 2]");
    }

    // ---- GPTQ ----

    @ParameterizedTest
    @CsvSource({"2, 1, false", "4, 1, false", "8, 1, false", "4, 2, false", "4, 1, true", "8, 2, true"})
    void gptq(int bits, int version, boolean ordered) {
        int k = 64;
        int n = 16;
        int size = 16;
        int most = 1 << bits;
        Rng rng = new Rng(bits, version);
        int[] group = new int[k];
        int[] words = new int[k * bits / 32 * n];
        int[] zeroWords = new int[4 * n * bits / 32];
        float[] scales = new float[4 * n];
        float[] expected = new float[n * k];
        int[] zero = new int[4 * n];
        for (int g = 0; g < 4; g++) {
            for (int j = 0; j < n; j++) {
                zero[g * n + j] = rng.nextInt(most);
                scales[g * n + j] = rng.nextInt(100) / 64f;
                int stored = version == 1 ? Math.floorMod(zero[g * n + j] - 1, most) : zero[g * n + j];
                int bit = j * bits;
                zeroWords[g * (n * bits / 32) + bit / 32] |= stored << bit % 32;
            }
        }
        for (int i = 0; i < k; i++) {
            group[i] = ordered ? (i * 7 + 3) % 4 : i / size;
            for (int j = 0; j < n; j++) {
                int q = rng.nextInt(most);
                int bit = i * bits;
                words[bit / 32 * n + j] |= q << bit % 32;
                expected[j * k + i] = scales[group[i] * n + j] * (q - zero[group[i] * n + j]);
            }
        }
        words("l.qweight", k * bits / 32 + "," + n, words);
        words("l.qzeros", "4," + n * bits / 32, zeroWords);
        floats("l.scales", "4," + n, scales);
        if (ordered) {
            assertThatThrownBy(() -> decode(new Gptq(bits, size, true, version), "l.weight"))
                    .hasMessageContainingAll("desc_act", "l.g_idx");
            words("l.g_idx", "" + k, group);
        }
        assertThat(decode(new Gptq(bits, size, ordered, version), "l.weight").floats())
                .containsExactly(expected);
        words("l.g_idx", "" + k, new int[k - 1]);
        parts.put("l.g_idx", new Part("I32", "" + (k - 1), new byte[(k - 1) * 4]));
        assertThatThrownBy(() -> decode(new Gptq(bits, size, ordered, version), "l.weight"))
                .hasMessageContainingAll("l.g_idx", "[63]", "[64]");
    }

    @Test
    void groupsAreChecked() {
        words("l.qweight", "1,8", new int[8]);
        words("l.qzeros", "1,1", 0);
        floats("l.scales", "1,8", new float[8]);
        words("l.g_idx", "8", 0, 0, 0, 1, 0, 0, 0, 0);
        assertThatThrownBy(() -> decode(new Gptq(4, -1, true, 1), "l.weight"))
                .hasMessageContaining("g_idx puts input 3 into group 1 of 1");
        parts.remove("l.qzeros");
        assertThatThrownBy(() -> decode(new Gptq(4, -1, true, 1), "l.weight"))
                .hasMessageContaining("there is no 'l.qzeros'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"l.qweight", "l.qzeros", "l.g_idx"})
    void partsOfAnotherTypeAreRefusedByName(String part) {
        words("l.qweight", "1,8", new int[8]);
        words("l.qzeros", "1,1", 0);
        floats("l.scales", "1,8", new float[8]);
        words("l.g_idx", "8", new int[8]);
        Part words = parts.get(part);
        parts.put(part, new Part("F32", words.shape, words.bytes));
        assertThatThrownBy(() -> decode(new Gptq(4, -1, true, 1), "l.weight"))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContainingAll("model.safetensors", "'" + part + "' is of type F32");
    }

    @Test
    void scalesThatMakeInfiniteWeightsAreRefusedByName() {
        words("l.qweight", "8,1", new int[8]);
        words("l.qzeros", "1,1", 0);
        floats("l.scales", "1,8", 1, 1, -3e38f, 1, 1, 1, 1, 1);
        assertThatThrownBy(() -> decode(new Awq(-1, Awq.Form.GEMM), "l.weight"))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContainingAll("'l.scales', element 2", "-3.0E38", "infinite");
    }

    // ---- MXFP4 ----

    @Test
    void numbersBeyondF32AreRefusedByName() {
        byte[] block = new byte[16];
        block[1] = 0x70; // 6 in the fourth place
        parts.put("e_blocks", new Part("U8", "1,1,16", block));
        parts.put("e_scales", new Part("U8", "1,1", new byte[] {(byte) 252}));
        assertThat(decode(new Mxfp4(), "e").get(3, 0)).isEqualTo(6 * 0x1p125f);
        parts.put("e_scales", new Part("U8", "1,1", new byte[] {(byte) 253}));
        assertThatThrownBy(() -> decode(new Mxfp4(), "e"))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining("'e', element 3: the weight is Infinity");
    }

    // ---- AWQ ----

    @ParameterizedTest
    @EnumSource
    void awq(Awq.Form form) {
        int[] order = {0, 2, 4, 6, 1, 3, 5, 7}; // output in nibble i
        int k = 32;
        int n = 16;
        int groups = 4;
        Rng rng = new Rng(3, form.ordinal());
        int[][] q = new int[k][n];
        int[][] zero = new int[groups][n];
        float[][] scale = new float[groups][n];
        for (int j = 0; j < n; j++) {
            for (int i = 0; i < k; i++) {
                q[i][j] = rng.nextInt(16);
            }
            for (int g = 0; g < groups; g++) {
                zero[g][j] = rng.nextInt(16);
                scale[g][j] = rng.nextInt(64) / 32f;
            }
        }
        float[] expected = new float[n * k];
        for (int j = 0; j < n; j++) {
            for (int i = 0; i < k; i++) {
                expected[j * k + i] = scale[i / 8][j] * (q[i][j] - zero[i / 8][j]);
            }
        }
        if (form == Awq.Form.GEMM) {
            words("l.qweight", "32,2", packed(q, order));
            words("l.qzeros", "4,2", packed(zero, order));
            floats("l.scales", "4,16", flat(scale));
        } else {
            int[] natural = {0, 1, 2, 3, 4, 5, 6, 7};
            int[][] zeros = new int[8][n]; // as many groups as a word has room for
            float[][] scales = new float[8][n];
            System.arraycopy(zero, 0, zeros, 0, groups);
            System.arraycopy(scale, 0, scales, 0, groups);
            words("l.qweight", "16,4", packed(turned(q), natural));
            words("l.qzeros", "16,1", packed(turned(zeros), natural));
            floats("l.scales", "16,8", flat(turned(scales)));
        }
        assertThat(decode(new Awq(8, form), "l.weight").floats()).containsExactly(expected);
    }

    /** Rows of numbers of 4 bits, eight neighbours to a word. */
    private static int[] packed(int[][] rows, int[] order) {
        int width = rows[0].length / 8;
        int[] words = new int[rows.length * width];
        for (int row = 0; row < rows.length; row++) {
            for (int word = 0; word < width; word++) {
                for (int nibble = 0; nibble < 8; nibble++) {
                    words[row * width + word] |= rows[row][word * 8 + order[nibble]] << 4 * nibble;
                }
            }
        }
        return words;
    }

    private static int[][] turned(int[][] rows) {
        int[][] out = new int[rows[0].length][rows.length];
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < rows[0].length; j++) {
                out[j][i] = rows[i][j];
            }
        }
        return out;
    }

    private static float[][] turned(float[][] rows) {
        float[][] out = new float[rows[0].length][rows.length];
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < rows[0].length; j++) {
                out[j][i] = rows[i][j];
            }
        }
        return out;
    }

    private static float[] flat(float[][] rows) {
        float[] out = new float[rows.length * rows[0].length];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(rows[i], 0, out, i * rows[0].length, rows[0].length);
        }
        return out;
    }
}
