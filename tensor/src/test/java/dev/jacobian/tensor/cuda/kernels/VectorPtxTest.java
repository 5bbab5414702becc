// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Kernels that are bound by memory read and write 16 bytes at a time: a rewrite that made the compiler split them would change
 * no result, so nothing else would say so.
 */
class VectorPtxTest {
    private static final Pattern ENTRY = Pattern.compile("\\.entry (\\w+)\\((?s:.*?)\n}");

    /** Of global memory, or by a pointer that came from memory itself. */
    private static final Pattern LOAD = Pattern.compile("\\bld(\\.global)?(\\.nc)?\\.v4\\.");

    private static final Pattern STORE = Pattern.compile("\\bst(\\.global)?\\.v4\\.");

    /** Kernels, the loads that a thread has under way at least, and whether they write vectors too. */
    private record Wide(String family, int loads, boolean stores) {}

    private static final List<Wide> WIDE = List.of(
            new Wide("add", 4, true),
            new Wide("multiply", 4, true),
            new Wide("scale", 4, true),
            new Wide("add_scaled", 4, true),
            new Wide("add_row", 4, true),
            new Wide("swiglu", 4, true),
            new Wide("swiglu_backward", 3, true),
            new Wide("sigmoid", 2, true),
            new Wide("sigmoid_backward", 4, true),
            new Wide("silu", 2, true),
            new Wide("silu_backward", 2, true),
            new Wide("gelu", 2, true),
            new Wide("gelu_backward", 2, true),
            new Wide("geglu", 2, true),
            new Wide("geglu_backward", 3, true),
            new Wide("rotary", 4, true),
            new Wide("rms_norm", 8, true),
            new Wide("rms_norm_backward", 8, true),
            new Wide("layer_norm", 8, true),
            new Wide("layer_norm_backward", 8, true),
            new Wide("sum_of_squares", 8, false),
            new Wide("log_probs", 4, false),
            new Wide("log_probs_backward", 2, true),
            new Wide("gather_rows", 2, true),
            new Wide("scatter_add_rows", 5, true),
            new Wide("adamw", 3, true),
            new Wide("kv_append", 2, true),
            new Wide("copy_matrix", 1, true));

    @Test
    void memoryBoundKernelsReadAndWriteVectors() {
        Map<String, String> bodies = new HashMap<>();
        for (String text : new KernelTexts().names()) {
            for (MatchResult found :
                    ENTRY.matcher(KernelTexts.read(text)).results().toList()) {
                bodies.put(found.group(1), found.group());
            }
        }
        for (Wide wide : WIDE) {
            for (String type : List.of("_f32", "_bf16")) {
                String kernel = wide.family + type;
                assertThat(bodies).containsKey(kernel);
                assertThat(count(LOAD, bodies.get(kernel)))
                        .as("16-byte loads of %s", kernel)
                        .isGreaterThanOrEqualTo(wide.loads);
                assertThat(count(STORE, bodies.get(kernel)) > 0)
                        .as("16-byte stores of %s", kernel)
                        .isEqualTo(wide.stores);
            }
        }
        for (String kernel : List.of("convert_f32_to_bf16", "convert_f16_to_bf16", "softmax_f32")) {
            assertThat(count(LOAD, bodies.get(kernel)))
                    .as("16-byte loads of %s", kernel)
                    .isGreaterThanOrEqualTo(4);
        }
        for (String kernel : List.of("convert_bf16_to_f32", "fill_f32", "softmax_f32", "softmax_bf16")) {
            assertThat(count(STORE, bodies.get(kernel)))
                    .as("16-byte stores of %s", kernel)
                    .isPositive();
        }
    }

    private static long count(Pattern pattern, String body) {
        return pattern.matcher(body).results().count();
    }
}
