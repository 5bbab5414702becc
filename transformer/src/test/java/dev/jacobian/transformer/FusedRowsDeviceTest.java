// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.testing.TestPaths;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Decoding few rows with fused layers: the separate operations' logits but for the order of sums, and the CPU's. */
class FusedRowsDeviceTest {
    private static final String PROPERTY = "jacobian.cuda.fused";
    private static final int STEPS = 6;

    private ModelOptions there;

    @BeforeEach
    void device() {
        there = TestModels.placement();
    }

    @AfterEach
    void restore() {
        System.clearProperty(PROPERTY);
    }

    /** Logits of every step of decoding the same tokens after a prompt, one row after another. */
    private static float[] decode(CausalLM model, int rows, boolean fused) {
        System.setProperty(PROPERTY, Boolean.toString(fused));
        int vocabulary = model.config().vocabularySize();
        int[] all = IntStream.range(0, rows).toArray();
        float[] logits = new float[STEPS * rows * vocabulary];
        new Workspace()
                .run(() -> NoGrad.run(() -> {
                    KvCache cache = model.newKvCache();
                    int[] sequences = new int[rows];
                    Arrays.setAll(sequences, i -> cache.add());
                    int[] lengths = new int[rows];
                    Arrays.fill(lengths, 7);
                    Workspace.inner(() -> model.hidden(
                            TestModels.tokens(1, 7 * rows, vocabulary), Segments.of(lengths), cache, sequences));
                    try (DecodingPass pass = new DecodingPass(model, cache)) {
                        for (int step = 0; step < STEPS; step++) {
                            int[] tokens = TestModels.tokens(10 + step, rows, vocabulary);
                            int at = step * rows * vocabulary;
                            Workspace.inner(() -> {
                                Tensor of = model.logits(pass.run(tokens, sequences), all); // [rows, V]
                                System.arraycopy(of.toFloatArray(), 0, logits, at, rows * vocabulary);
                            });
                        }
                    }
                }));
        return logits;
    }

    /** How far two arrays are apart, as a fraction of the size of one. */
    private static double distance(float[] actual, float[] expected) {
        double difference = 0;
        double size = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += (double) (actual[i] - expected[i]) * (actual[i] - expected[i]);
            size += (double) expected[i] * expected[i];
        }
        return Math.sqrt(difference / size);
    }

    @ParameterizedTest
    @CsvSource({
        "qwen2-yarn, F32, 1",
        "qwen2-sharded, BF16, 3",
        "qwen3, F32, 4",
        "qwen3, BF16, 1",
        "mistral-swa-f16, F32, 2",
        "llama-gqa, BF16, 4",
    })
    @DisplayName("with biases, norms of heads, windows; one row to four")
    void families(String name, DType type, int rows) {
        CausalLM model = CausalLM.load(TestPaths.model(name), there.computingIn(type));
        float[] fused = decode(model, rows, true);
        float[] separate = decode(model, rows, false);
        // F32: the few roundings of sums. BF16 hides them but for one sum in some hundreds, which rounds the other way.
        assertThat(distance(fused, separate)).isLessThan(type == DType.F32 ? 2e-6 : 2e-3);
        if (type == DType.F32) {
            assertThat(distance(fused, separate)).as("of another order of sums").isPositive();
            CausalLM here = CausalLM.load(TestPaths.model(name));
            assertThat(distance(fused, decode(here, rows, true))).isLessThan(1e-5);
        }
    }

    @Test
    @DisplayName("frozen BF16 weights are read where they lie; quantized ones take the separate operations")
    void frozenWeights() {
        ModelOptions bf16 = there.computingIn(DType.BF16);
        CausalLM frozen = CausalLM.load(TestPaths.model("llama-mha-tied"), bf16.weights(WeightFormat.BF16));
        CausalLM rounded = CausalLM.load(TestPaths.model("llama-mha-tied"), bf16);
        assertBits("weights that are rounded copies", decode(frozen, 2, true), decode(rounded, 2, true));
        CausalLM quantized = CausalLM.load(TestPaths.model("llama-mha-tied"), bf16.weights(WeightFormat.Q8_0));
        assertBits("quantized weights", decode(quantized, 2, true), decode(quantized, 2, false));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5})
    @DisplayName("where an order of sums is promised, and for more rows, nothing is fused")
    void separate(int rows) {
        CausalLM model = CausalLM.load(TestPaths.model("qwen3"), TestModels.placement(rows == 1));
        assertBits(rows + " rows", decode(model, rows, true), decode(model, rows, false));
        if (rows == 1 && !model.device().equals(Device.CPU)) {
            CausalLM here = CausalLM.load(TestPaths.model("qwen3"));
            assertBits("the CPU", decode(model, rows, true), decode(here, rows, true));
        }
    }

    @Test
    @DisplayName("a layer with biases in its MLP takes the separate operations")
    void biases() {
        CausalLM model = CausalLM.load(TestPaths.model("llama-bias-linear"), there);
        assertBits("biases", decode(model, 1, true), decode(model, 1, false));
    }
}
