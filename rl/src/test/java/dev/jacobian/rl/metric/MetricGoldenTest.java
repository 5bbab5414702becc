// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Jsonl;
import dev.jacobian.testing.TestPaths;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The numbers of exact fractions (pass@k), NLTK (Self-BLEU) and of counting by hand in another language (Rep-5). */
class MetricGoldenTest {
    private static List<JsonNode> rows(String name) {
        List<JsonNode> rows = new ArrayList<>();
        Jsonl.forEachLine(TestPaths.testdata("metrics", name + ".jsonl"), line -> rows.add(line.json()));
        assertThat(rows).as(name).hasSizeGreaterThan(20);
        return rows;
    }

    private static int[] integers(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .mapToInt(JsonNode::intValue)
                .toArray();
    }

    @Test
    void passAtK() {
        for (JsonNode row : rows("pass_at_k")) {
            int n = row.get("n").intValue();
            double estimate =
                    PassAtK.of(n, row.get("c").intValue(), row.get("k").intValue());
            assertThat(estimate)
                    .as(row.toString())
                    .isCloseTo(row.get("pass_at_k").doubleValue(), within(1e-12));
        }
    }

    @Test
    void means() {
        for (JsonNode row : rows("pass_at_k_means")) {
            double mean = PassAtK.mean(
                    integers(row.get("n")), integers(row.get("c")), row.get("k").intValue());
            assertThat(mean)
                    .as(row.toString())
                    .isCloseTo(row.get("mean_pass_at_k").doubleValue(), within(1e-12));
        }
    }

    @ParameterizedTest
    @EnumSource(Smoothing.class)
    @DisplayName("Self-BLEU with each smoothing; where NLTK writes the smallest double for 0 it is 0 here")
    void selfBleu(Smoothing smoothing) {
        String method = smoothing.name().toLowerCase(Locale.ROOT);
        for (JsonNode row : rows("self_bleu")) {
            Map<String, Integer> ids = new HashMap<>();
            int[][] responses = StreamSupport.stream(row.get("strings").spliterator(), false)
                    .map(text -> tokens(text.textValue(), ids))
                    .toArray(int[][]::new);
            assertThat(SelfBleu.of(responses, smoothing))
                    .as(row.toString())
                    .isCloseTo(row.get("self_bleu_" + method).doubleValue(), within(1e-12));
            double[] each = SelfBleu.each(responses, smoothing);
            for (int k = 0; k < each.length; k++) {
                assertThat(each[k])
                        .as("string %s of %s", k, row)
                        .isCloseTo(row.get("bleu_" + method).get(k).doubleValue(), within(1e-12));
            }
        }
    }

    @Test
    void rep5() {
        for (JsonNode row : rows("rep5")) {
            int[] tokens = tokens(row.get("text").textValue(), new HashMap<>());
            assertThat(tokens).hasSize(row.get("tokens").intValue());
            assertThat(Repetition.of(tokens, 5)).isCloseTo(row.get("rep5").doubleValue(), within(1e-12));
            assertThat(Repetition.shareInRepeated(tokens, 5))
                    .isCloseTo(row.get("rep5_share_in_repeated").doubleValue(), within(1e-12));
        }
    }

    private static int[] tokens(String text, Map<String, Integer> ids) {
        return text.isBlank()
                ? new int[0]
                : List.of(text.strip().split("\\s+")).stream()
                        .mapToInt(word -> ids.computeIfAbsent(word, w -> ids.size()))
                        .toArray();
    }

    @Test
    @DisplayName(
            "best@k: all subsets counted one by one; with true scores it is pass@k, with k = 1 the share of right ones")
    void bestOfN() {
        double[] scores = {0.3, -1, 0.3, 2, 0.1, 5};
        boolean[] right = {true, false, false, true, true, false};
        for (int k = 1; k <= scores.length; k++) {
            int subsets = 0;
            int hits = 0;
            for (int set = 0; set < 1 << scores.length; set++) {
                if (Integer.bitCount(set) == k) {
                    int best = -1;
                    for (int i = 0; i < scores.length; i++) {
                        best = (set >> i & 1) == 1 && (best < 0 || scores[i] > scores[best]) ? i : best;
                    }
                    subsets++;
                    hits += right[best] ? 1 : 0;
                }
            }
            assertThat(BestOfN.of(scores, right, k)).isCloseTo((double) hits / subsets, within(1e-12));
        }
        double[] truth = {1, 0, 0, 1, 1, 0};
        for (int k = 1; k <= 6; k++) {
            assertThat(BestOfN.of(truth, right, k)).isCloseTo(PassAtK.of(6, 3, k), within(1e-12));
        }
    }
}
