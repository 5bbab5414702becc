// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.rl.reward.BoxedReward;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.HendrycksReward;
import dev.jacobian.rl.reward.MinervaReward;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.generation.FinishReason;
import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What docs/math-answers.md says is so. */
class MathPagesTest {

    @Test
    void theTableOfMathVerify() throws IOException {
        String page = Files.readString(TestPaths.project().resolve("docs/math-answers.md"));
        assertThat(page).contains(table(MathPair.read(TestPaths.testdata("rewards/math_pairs.jsonl"))));
    }

    @Test
    void theTableOfTheRewards() throws IOException {
        List<MathPair> pairs = MathPair.read(TestPaths.testdata("rewards/math_pairs.jsonl")).stream()
                .filter(pair -> !pair.debatable())
                .toList();
        Map<String, boolean[]> verdicts = new LinkedHashMap<>();
        verdicts.put("`math`", verdicts(pairs, MathPagesTest::math));
        verdicts.put("`math_minerva`", verdicts(pairs, pair -> is(MinervaReward.DEFAULT, pair)));
        verdicts.put("`math_hendrycks`", verdicts(pairs, pair -> is(HendrycksReward.DEFAULT, pair)));
        verdicts.put("`boxed`", verdicts(pairs, pair -> is(BoxedReward.DEFAULT, pair)));
        verdicts.put("Math-Verify", verdicts(pairs, MathPair::mathVerify));
        boolean[] truth = verdicts(pairs, MathPair::truth);
        StringBuilder table = new StringBuilder();
        verdicts.forEach((name, given) -> {
            table.append("| %s | %.1f | %d | %d |"
                    .formatted(name, agreement(given, truth), differ(truth, given), differ(given, truth)));
            verdicts.values().forEach(other -> table.append(" %.1f |".formatted(agreement(given, other))));
            table.append('\n');
        });
        assertThat(Files.readString(TestPaths.project().resolve("docs/math-answers.md")))
                .contains(table.toString());
    }

    private static boolean math(MathPair pair) {
        return MathAnswers.judge(pair.gold(), pair.answer()).isRight();
    }

    private static boolean is(RewardFunction reward, MathPair pair) {
        if (pair.gold().isBlank()) {
            return false;
        }
        Completion completion = new Completion(
                "problem", "", Columns.of("answer", pair.gold()), pair.answer(), new int[0], FinishReason.STOP);
        return reward.score(completion).equals(Score.of(1));
    }

    private static boolean[] verdicts(List<MathPair> pairs, Predicate<MathPair> accepts) {
        boolean[] verdicts = new boolean[pairs.size()];
        for (int k = 0; k < verdicts.length; k++) {
            verdicts[k] = accepts.test(pairs.get(k));
        }
        return verdicts;
    }

    private static double agreement(boolean[] a, boolean[] b) {
        return 100 - 100.0 * (differ(a, b) + differ(b, a)) / a.length;
    }

    /** How many the first accepts and the second does not. */
    private static int differ(boolean[] a, boolean[] b) {
        int count = 0;
        for (int k = 0; k < a.length; k++) {
            count += a[k] && !b[k] ? 1 : 0;
        }
        return count;
    }

    private static String table(List<MathPair> pairs) {
        Map<String, int[]> counts = new LinkedHashMap<>();
        for (MathPair pair : pairs) {
            if (!pair.debatable()) {
                count(counts.computeIfAbsent(pair.category(), category -> new int[3]), pair);
            }
        }
        int[] all = new int[3];
        counts.values().forEach(count -> {
            for (int k = 0; k < all.length; k++) {
                all[k] += count[k];
            }
        });
        counts.put("all", all);
        StringBuilder table = new StringBuilder();
        counts.forEach((category, count) -> table.append("| %s | %d | %d | %d |%n"
                .formatted(category, count[0], count[1], count[2])
                .replace("\r", "")));
        return table.toString();
    }

    private static void count(int[] count, MathPair pair) {
        count[0]++;
        count[1] += pair.truth() && !pair.mathVerify() ? 1 : 0;
        count[2] += !pair.truth() && pair.mathVerify() ? 1 : 0;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "8083;\\boxed{8\\,083};true",
                "6+5i;\\boxed{6+5\\mathrm i};true",
                "101_{2};\\boxed{101_{3}};false",
                "98\\text{ m};\\boxed{98\\text{ kg}};false",
                "2:30\\text{ PM};\\boxed{2:30\\text{ a.m.}};false",
                "x>2;So x>2.;true",
                "397;<think>\\boxed{5}</think>The answer is 397.;true",
                "136;The final answer is not 136 but 138.;false",
                "24;\\boxed{24=t};true",
                "0.0000003;\\boxed{0.0000005};false",
                "5;\\boxed{10^{10^{10}}};false"
            })
    void theExamples(String reference, String completion, boolean right) {
        assertThat(MathAnswers.judge(reference, completion).isRight()).isEqualTo(right);
    }
}
