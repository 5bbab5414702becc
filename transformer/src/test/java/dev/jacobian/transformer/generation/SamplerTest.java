// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.SamplingFilters;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.Bits;
import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Filters against what transformers computes. */
class SamplerTest {
    private static final Set<String> FILTERS = Set.of("TopKLogitsWarper", "TopPLogitsWarper", "MinPLogitsWarper");

    private static final Set<String> KERNELS = Set.of("TemperatureLogitsWarper", "RepetitionPenaltyLogitsProcessor");

    private static final JsonNode GOLDEN = Json.read(TestPaths.testdata("processors", "logits_processors.json"));

    /** The processors that kernels know. */
    static Stream<JsonNode> cases() {
        return stream(GOLDEN.get("cases"))
                .filter(golden -> FILTERS.contains(golden.get("processor").textValue())
                        || KERNELS.contains(golden.get("processor").textValue()))
                .filter(golden -> !golden.get("args").has("min_tokens_to_keep"));
    }

    /** Combinations of nothing else. */
    static Stream<JsonNode> combinations() {
        return stream(GOLDEN.get("generate_combinations"))
                .filter(golden ->
                        golden.get("generation_config").get("do_sample").booleanValue())
                .filter(golden -> stream(golden.get("order"))
                        .allMatch(name -> FILTERS.contains(name.textValue()) || KERNELS.contains(name.textValue())));
    }

    private static Stream<JsonNode> stream(JsonNode array) {
        return Stream.iterate(0, i -> i < array.size(), i -> i + 1).map(array::get);
    }

    private static float[] row(JsonNode values) {
        float[] row = new float[values.size()];
        for (int i = 0; i < row.length; i++) {
            row[i] = values.get(i).isNull()
                    ? Float.NEGATIVE_INFINITY
                    : (float) values.get(i).doubleValue();
        }
        return row;
    }

    private static GenerationConfig config(JsonNode args) {
        GenerationConfigBuilder builder = GenerationConfig.builder();
        args.properties().forEach(argument -> {
            float value = argument.getValue().floatValue();
            switch (argument.getKey()) {
                case "temperature" -> builder.temperature(value);
                case "top_k" -> builder.topK((int) value);
                case "top_p" -> builder.topP(value);
                case "min_p" -> builder.minP(value);
                case "penalty", "repetition_penalty" -> builder.repetitionPenalty(value);
                case "do_sample" -> {}
                default -> throw new AssertionError(argument.getKey());
            }
        });
        return builder.build();
    }

    /** What generation does to a row of logits: penalty, then temperature and filters. */
    private static float[] process(float[] logits, int[] tokens, GenerationConfig config) {
        float[] row = logits.clone();
        if (config.repetitionPenalty() != 1) {
            SamplingFilters.penalize(row, tokens, config.repetitionPenalty());
        }
        return config.samplingFilters().apply(row);
    }

    @ParameterizedTest
    @MethodSource("cases")
    @DisplayName("one processor")
    void single(JsonNode golden) {
        compare(golden, config(golden.get("args")));
    }

    @ParameterizedTest
    @MethodSource("combinations")
    @DisplayName("combinations in generate()'s order, and their probabilities")
    void combined(JsonNode golden) {
        List<float[]> rows = compare(golden, config(golden.get("generation_config")));
        for (int b = 0; b < rows.size(); b++) {
            Tensor probabilities = Tensor.zeros(1, rows.get(b).length);
            Backends.cpu().softmax().softmax(Tensor.of(rows.get(b), 1, rows.get(b).length), 1f, probabilities);
            float[] actual = probabilities.floats();
            float[] expected = row(golden.get("probs").get(b));
            if (tieDependent(golden)) {
                Arrays.sort(actual);
                Arrays.sort(expected);
            }
            Bits.assertClose("probabilities", actual, expected, 1e-6);
        }
    }

    private static List<float[]> compare(JsonNode golden, GenerationConfig config) {
        JsonNode input = GOLDEN.get("inputs").get(golden.get("input").textValue());
        List<float[]> outputs = new java.util.ArrayList<>();
        for (int b = 0; b < input.get("scores").size(); b++) {
            int[] tokens = TestJson.ints(input.get("input_ids").get(b));
            float[] actual = process(row(input.get("scores").get(b)), tokens, config);
            float[] expected = row(golden.get("output").get(b));
            outputs.add(actual);
            if (tieDependent(golden)) {
                Bits.assertClose("kept logits", sortedFinite(actual), sortedFinite(expected), 2e-6);
                continue;
            }
            for (int i = 0; i < expected.length; i++) {
                boolean removed = expected[i] == Float.NEGATIVE_INFINITY;
                double tolerance = 2e-6 * Math.max(1, Math.abs(expected[i]));
                if (removed ? actual[i] != expected[i] : !(Math.abs(actual[i] - expected[i]) <= tolerance)) {
                    throw new AssertionError(golden.get("input") + " row " + b + " token " + i + ": " + actual[i]
                            + ", expected " + expected[i]);
                }
            }
        }
        return outputs;
    }

    /** Whether the cut falls inside equal logits, so that only number and values of what is kept are promised. */
    private static boolean tieDependent(JsonNode golden) {
        boolean combined = golden.has("generation_config");
        return combined
                ? golden.get("input").textValue().equals("ties_and_masked")
                        && golden.get("generation_config").has("top_p")
                : golden.path("tie_dependent").asBoolean();
    }

    private static float[] sortedFinite(float[] row) {
        float[] finite = new float[row.length];
        int n = 0;
        for (float value : row) {
            if (value != Float.NEGATIVE_INFINITY) {
                finite[n++] = value + 0f; // −0 and 0 are one value
            }
        }
        float[] sorted = Arrays.copyOf(finite, n);
        Arrays.sort(sorted);
        return sorted;
    }

    @Test
    @DisplayName("the goldens cover every processor that there is")
    void coverage() {
        assertThat(cases().map(c -> c.get("processor").textValue()).toList())
                .containsAll(FILTERS)
                .containsAll(KERNELS)
                .hasSizeGreaterThanOrEqualTo(77);
        assertThat(combinations()).hasSizeGreaterThan(15);
    }

    @Test
    @DisplayName("generation settings that make no sense")
    void badConfig() {
        assertThatThrownBy(() -> GenerationConfig.greedy(0)).hasMessageContaining("max_new_tokens");
        assertThatThrownBy(() -> GenerationConfig.sampling(1, 0, 0)).hasMessageContaining("greedy");
        assertThatThrownBy(() -> GenerationConfig.sampling(1, Float.NaN, 0)).hasMessageContaining("temperature");
        assertThatThrownBy(() -> GenerationConfig.builder().topK(-1).build()).hasMessageContaining("top_k");
        assertThatThrownBy(() -> GenerationConfig.builder().topP(0).build()).hasMessageContaining("top_p");
        assertThatThrownBy(() -> GenerationConfig.builder().topP(1.1f).build()).hasMessageContaining("top_p");
        assertThatThrownBy(() -> GenerationConfig.builder().minP(-0.1f).build()).hasMessageContaining("min_p");
        assertThatThrownBy(() -> GenerationConfig.builder().repetitionPenalty(0).build())
                .hasMessageContaining("repetition_penalty");
    }
}
