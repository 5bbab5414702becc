// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.testing.TestPaths;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The pairs with known truth: agreement, and in no category more mistakes than Math-Verify. */
class MathPairsTest {

    @Test
    void ourPairs() {
        requireTrue(MathPair.read(TestPaths.testdata("rewards/math_pairs.jsonl")));
    }

    @Test
    void realAnswersOfMath500AndGsm8k() {
        requireTrue(read(TestPaths.shared("golden", "rewards", "math_pairs.jsonl")));
    }

    private static List<MathPair> read(Path file) {
        return MathPair.read(file).stream()
                .filter(pair -> pair.category().endsWith("_real"))
                .toList();
    }

    private static void requireTrue(List<MathPair> pairs) {
        List<MathPair> clear = pairs.stream().filter(pair -> !pair.debatable()).toList();
        assertThat(clear).isNotEmpty();
        List<MathPair> wrong =
                clear.stream().filter(pair -> !pair.isJudgedRight()).toList();
        assertThat(wrong).as("wrongly judged").hasSizeLessThanOrEqualTo(clear.size() / 500);
        Map<String, Long> theirs = mistakes(
                clear.stream().filter(pair -> pair.mathVerify() != pair.truth()).toList());
        mistakes(wrong)
                .forEach((category, count) ->
                        assertThat(count).as(category).isLessThanOrEqualTo(theirs.getOrDefault(category, 0L)));
    }

    private static Map<String, Long> mistakes(List<MathPair> pairs) {
        return pairs.stream().collect(Collectors.groupingBy(MathPair::category, TreeMap::new, Collectors.counting()));
    }
}
