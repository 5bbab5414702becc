// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Jsonl;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.generation.FinishReason;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class RewardTest {
    private static final Columns PUZZLE = new Columns(Map.of("nums", List.of(3, 5, 2), "target", 13));

    @Test
    void countdownScoresAsTinyZero() {
        List<JsonNode> cases = Jsonl.read(TestPaths.testdata("rl/countdown-rewards.jsonl"));
        assertThat(cases).hasSize(120);
        CountdownReward reward = new CountdownReward();
        for (JsonNode golden : cases) {
            List<Long> numbers = new ArrayList<>();
            golden.get("numbers").forEach(number -> numbers.add(number.longValue()));
            String transcript = golden.get("solution_str").asText();
            assertThat(reward.scoreTranscript(
                            transcript, numbers, golden.get("target").longValue()))
                    .as(transcript)
                    .isEqualTo(golden.get("score").doubleValue());
            // Without the prompt's mark there is only the completion, and it must score the same.
            String completion = transcript.substring(transcript.indexOf('\n') + 1);
            assertThat(reward.scoreText(
                            completion, numbers, golden.get("target").longValue()))
                    .as(completion)
                    .isEqualTo(golden.get("score").doubleValue());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "<answer>3+5*2</answer>|1",
                "<answer> (2 * 5) + 3 </answer>|1",
                "<answer>9</answer><answer>3+5*2</answer>|1",
                "<answer>3+5*2</answer><answer>9</answer>|0.1",
                "<answer>3+5*2|0",
                "3+5*2|0",
                "<answer>3+5*2</answer> Assistant: done|1",
                "<answer>3 5 2</answer>|0.1",
                "<answer>3+5*2=13</answer>|0.1",
                "<answer>3+5*2+0</answer>|0.1",
                "<answer>13</answer>|0.1",
                "<answer>3+10</answer>|0.1",
                "<answer>3+5×2</answer>|0.1",
                "<answer>3.+5*2</answer>|0.1",
                "<answer>5**2/3</answer>|0.1",
                "<answer>__import__('os')</answer>|0.1",
            })
    void countdown(String text, double score) {
        assertThat(new CountdownReward().score(completion(text))).isEqualTo(Score.of(score));
    }

    @Test
    void countdownReadsTheLastLineOnly() {
        CountdownReward reward = new CountdownReward(0.2, 2);
        assertThat(reward.score(completion("so\n<answer>3+5*2</answer>"))).isEqualTo(Score.of(2));
        assertThat(reward.score(completion("<answer>3+5*2</answer>\n"))).isEqualTo(Score.of(0));
        assertThat(reward.score(completion("<answer>3+5\n*2</answer>"))).isEqualTo(Score.of(0));
        assertThat(reward.scoreTranscript("<answer>3+5*2</answer>", List.of(3L, 5L, 2L), 13))
                .isZero();
    }

    @Test
    void countdownKeepsTheTolerance() {
        CountdownReward reward = new CountdownReward();
        List<Long> numbers = List.of(1L, 100_001L, 5L);
        assertThat(reward.scoreText("<answer>5+1/100001</answer>", numbers, 5)).isEqualTo(1);
        assertThat(reward.scoreText("<answer>5+1/99999</answer>", List.of(1L, 99_999L, 5L), 5))
                .isEqualTo(0.1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "WHOLE|42|42|1",
                "WHOLE|42|' 42'|0",
                "STRIPPED|42|' 42 '|1",
                "TAG|42|x <answer> 42 </answer>|1",
                "TAG|42|42|0",
                "LAST_NUMBER|72|'the answer is 72.'|1",
                "LAST_NUMBER|1234|so #### 1,234|1",
                "LAST_NUMBER|1,234|1234|1",
                "LAST_NUMBER|3 and 4 make 7 #### 7|7.00|1",
                "LAST_NUMBER|-3.5|#### -3.5|1",
                "LAST_NUMBER|5|#### +5|1",
                "LAST_NUMBER|72|#### 7 2|0",
                "LAST_NUMBER|1|no answer|0",
                "LAST_NUMBER|3.5|The price is 3.50|1",
                "LAST_NUMBER|10|'So 15-10=5, that is 15-10'|1",
                "LAST_NUMBER|-10|'15 - 4 is not -10'|1",
                "LAST_NUMBER|0.5|'Half of it: .5'|1",
                "LAST_NUMBER|.5|0.50|1",
                "LAST_NUMBER|0|It is -0|1",
                "LAST_NUMBER|5|It is 5.|1",
                "LAST_NUMBER|1234|'It is 1,234.00'|1",
                "LAST_NUMBER|1500|1.5e3|1",
                "LAST_NUMBER|0.0015|1.5E-3.|1",
                "LAST_NUMBER|-7|x = \u22127|1",
                "LAST_NUMBER|2|x\u22122|1",
                "LAST_NUMBER|-5|-$5|1",
                "LAST_NUMBER|5|...5|1",
                "LAST_NUMBER|1|'version 3.2.1'|1",
                "LAST_NUMBER|2|2em|1",
                "LAST_NUMBER|2345|'1,2345'|1",
                "LAST_NUMBER|1|1e999999999|0",
                "LAST_NUMBER|12345678901234567890|12345678901234567890.0|1",
                "LAST_NUMBER|12345678901234567890|12345678901234567891|0",
                "STRIPPED|'42 '|42|1",
                "STRIPPED|42|'42\u00a0'|1",
                "TAG|'42 '|<answer>42</answer>|1",
                "TAG|'\u00a042\n'|<answer>42</answer>|1",
                "TAG|<answer>42</answer>|<answer>42</answer>|1",
                "TAG|5|I use <answer> tags. <answer>5</answer>|1",
                "TAG|5|<answer>5</answer> is between <answer> and </answer>.|0",
                "TAG|5|<answer>5</answer> closes with </answer>.|1",
                "TAG|5|<answer>5</answer>. I wrote <answer> for it.|1",
                "TAG|5|<answer><answer>5</answer></answer>|1",
                "TAG|5|</answer><answer>5</answer>|1",
                "TAG|5|<answer>5|0",
                "TAG|5|5</answer>|0",
                "WHOLE|'42 '|42|0",
            })
    void exactMatch(ExactMatchReward.Answer answer, String expected, String text, double score) {
        Completion completion =
                new Completion("p", "", Columns.of("answer", expected), text, new int[0], FinishReason.STOP);
        assertThat(new ExactMatchReward("answer", answer).score(completion)).isEqualTo(Score.of(score));
    }

    static Stream<Arguments> numbers() {
        return Stream.of(
                Arguments.of(5e-4, "0.0005", 1),
                Arguments.of(5e-4, "5e-4", 1),
                Arguments.of(12345678.5, "12345678.5", 1),
                Arguments.of(12345678.5, "12,345,678.50", 1),
                Arguments.of(new BigInteger("12345678901234567890"), "12345678901234567890", 1),
                Arguments.of(new BigInteger("12345678901234567890"), "12345678901234567891", 0),
                Arguments.of(9007199254740993L, "9007199254740993", 1),
                Arguments.of(9007199254740993L, "9007199254740992", 0),
                Arguments.of(3L, "3.0", 1),
                Arguments.of(3.0, "3", 1),
                Arguments.of(-3L, "\u22123", 1),
                Arguments.of(0.1, "0.10000000000000000", 1),
                Arguments.of(0L, "-0", 1),
                Arguments.of(3L, "3 apples", 0),
                Arguments.of(3L, "", 0),
                Arguments.of(1L, "1e999999999", 0));
    }

    @ParameterizedTest
    @MethodSource("numbers")
    void aJsonNumberIsComparedByValue(Number expected, String text, double score) {
        for (ExactMatchReward.Answer answer :
                List.of(ExactMatchReward.Answer.TAG, ExactMatchReward.Answer.STRIPPED, ExactMatchReward.Answer.WHOLE)) {
            String written = answer == ExactMatchReward.Answer.TAG ? "<answer> " + text + "</answer>" : text;
            Completion completion =
                    new Completion("p", "", Columns.of("answer", expected), written, new int[0], FinishReason.STOP);
            assertThat(new ExactMatchReward("answer", answer).score(completion))
                    .as(answer + " of " + written)
                    .isEqualTo(Score.of(score));
        }
        Completion blank = new Completion("p", "", Columns.of("answer", 3L), " 3", new int[0], FinishReason.STOP);
        assertThat(new ExactMatchReward().score(blank)).isEqualTo(Score.of(0));
    }

    @Test
    void aTagMayBeSpokenOfBeforeItIsUsed() {
        assertThat(new CountdownReward().score(completion("In <answer> tags: <answer>3+5*2</answer>")))
                .isEqualTo(Score.of(1));
        // A regular expression with a look-ahead per character would overflow the stack here.
        String text = "<answer>" + "x".repeat(1_000_000) + "</answer>";
        assertThat(ExactMatchReward.Answer.TAG.of(text))
                .hasValueSatisfying(x -> assertThat(x).hasSize(1_000_000));
    }

    @Test
    void aLongNumberIsNotWrittenOut() {
        assertThat(ExactMatchReward.Answer.LAST_NUMBER.of("1e999999999")).hasValue("1E+999999999");
        assertThat(ExactMatchReward.Answer.LAST_NUMBER.of("1.50e3")).hasValue("1500");
    }

    @Test
    void columnsAreCheckedBeforeARun() {
        ExactMatchReward exact = new ExactMatchReward("answer", ExactMatchReward.Answer.TAG);
        exact.requireUsable(Columns.of("answer", "5"));
        exact.requireUsable(Columns.of("answer", 5e-4));
        assertThatThrownBy(() -> exact.requireUsable(Columns.NONE)).hasMessageContaining("no column 'answer'");
        assertThatThrownBy(() -> exact.requireUsable(Columns.of("answer", true)))
                .hasMessageContaining("must be a string or a number, but is true");
        assertThatThrownBy(() -> exact.requireUsable(Columns.of("answer", List.of("5"))))
                .hasMessageContaining("must be a string or a number");
        assertThatThrownBy(() -> exact.requireUsable(Columns.of("answer", " "))).hasMessageContaining("empty");
        WeightedRewards rewards = WeightedRewards.of(RewardFunction.named("puzzle", new CountdownReward()))
                .plus(RewardFunction.named("skip", c -> Score.skip()), 1);
        rewards.requireUsable(PUZZLE);
        assertThatThrownBy(() -> rewards.requireUsable(Columns.of("nums", List.of(1L))))
                .hasMessageContaining("no column 'target'");
    }

    @Test
    void anUnreadableReferenceIsSkipped() {
        Completion completion =
                new Completion("p", "", Columns.of("answer", "none"), "7", new int[0], FinishReason.STOP);
        assertThat(new ExactMatchReward("answer", ExactMatchReward.Answer.LAST_NUMBER).score(completion))
                .isEqualTo(Score.skip());
    }

    @Test
    void rewardsAddUpByWeight() {
        WeightedRewards rewards = WeightedRewards.of(new CountdownReward())
                .plus(RewardFunction.named("brief", c -> Score.of(-c.text().length())), 0.01)
                .plus(RewardFunction.named("absent", c -> Score.skip()), 100);
        WeightedRewards.Breakdown breakdown = rewards.score(completion("<answer>3+5*2</answer>"));
        assertThat(breakdown.total().orNaN()).isCloseTo(1 - 0.22, within(1e-12));
        assertThat(breakdown.parts())
                .containsExactly(
                        Map.entry("countdown", Score.of(1)),
                        Map.entry("brief", Score.of(-22)),
                        Map.entry("absent", Score.skip()));
        assertThat(WeightedRewards.of(c -> Score.skip()).score(completion("")).total())
                .isEqualTo(Score.skip());
        assertThat(Score.skip().orNaN()).isNaN();
    }

    @Test
    void whatAFunctionDoesWrongBecomesAFailure() {
        checkFailure(
                RewardFunction.named("broken", c -> {
                    throw new IllegalStateException("no judge");
                }),
                "reward 'broken' on problem 'p7' threw java.lang.IllegalStateException: no judge");
        checkFailure(RewardFunction.named("nan", c -> Score.of(0.0 / 0)), "reward 'nan' on problem 'p7' returned NaN");
        checkFailure(RewardFunction.named("inf", c -> Score.of(1 / 0.0)), "returned Infinity");
        checkFailure(RewardFunction.named("null", c -> null), "returned null");
        checkFailure(
                RewardFunction.named("judge", c -> Score.failure("timed out")),
                "reward 'judge' on problem 'p7' failed: timed out");
        checkFailure(RewardFunction.named("column", c -> Score.of(c.columns().integer("goal"))), "no column 'goal'");
    }

    @Test
    void badSets() {
        assertThatThrownBy(() -> new WeightedRewards(List.of())).hasMessageContaining("at least one");
        WeightedRewards one = WeightedRewards.of(new CountdownReward());
        assertThatThrownBy(() -> one.plus(new CountdownReward(), 1)).hasMessageContaining("'countdown'");
        assertThatThrownBy(() -> one.plus(new ExactMatchReward(), Double.NaN)).hasMessageContaining("finite");
    }

    @Test
    void columns() {
        Columns columns = new Columns(Map.of("s", "x", "i", 7, "d", 7.0, "half", 0.5, "list", List.of(1, 2L)));
        assertThat(columns.string("s")).isEqualTo("x");
        assertThat(columns.string("i")).isEqualTo("7");
        assertThat(columns.string("d")).isEqualTo("7");
        assertThat(Columns.of("x", 5e-4).string("x")).isEqualTo("0.0005");
        assertThat(columns.number("half")).hasValue(0.5);
        assertThat(columns.number("s")).isEmpty();
        assertThat(columns.integer("i")).isEqualTo(7);
        assertThat(columns.integer("d")).isEqualTo(7);
        assertThat(columns.integers("list")).containsExactly(1L, 2L);
        assertThat(columns.has("t")).isFalse();
        assertThatThrownBy(() -> columns.integer("half")).hasMessageContaining("whole number");
        assertThatThrownBy(() -> columns.integers("s")).hasMessageContaining("list of whole numbers");
        assertThatThrownBy(() -> columns.string("list")).hasMessageContaining("must be a string");
        assertThatThrownBy(() -> columns.string("t"))
                .hasMessageContaining("no column 't'")
                .hasMessageContaining("half");
    }

    @Test
    void lengthRewardOfAGroup() {
        assertThat(GroupLengthReward.of(new boolean[] {true, false, false, true}, new int[] {2, 6, 3, 1}))
                .containsExactly(new double[] {0.3, -0.5, 0, 0.5}, within(1e-12));
        assertThat(GroupLengthReward.of(new boolean[] {true, false}, new int[] {4, 4}))
                .containsExactly(0, 0);
        assertThat(GroupLengthReward.of(new boolean[0], new int[0])).isEmpty();
        assertThatThrownBy(() -> GroupLengthReward.of(new boolean[1], new int[2]))
                .hasMessageContaining("one length");
    }

    @Test
    void lengthRewardOfATask() {
        WeightedRewards rewards = WeightedRewards.of(new CountdownReward()).plus(new GroupLengthReward(1), 0.5);
        List<Completion> group = new ArrayList<>();
        String[] texts = {"<answer>3+5*2</answer>", "<answer>1</answer>", "<answer>2</answer>", "<answer>5*2+3</answer>"
        };
        int[] lengths = {2, 6, 3, 1};
        for (int i = 0; i < texts.length; i++) {
            group.add(new Completion("p" + i, "", PUZZLE, texts[i], new int[lengths[i]], FinishReason.STOP));
        }
        List<WeightedRewards.Breakdown> all = rewards.score(List.of(group)).getFirst();
        double[] expected = {1.15, -0.15, 0.1, 1.25}; // 1, 0.1, 0.1, 1 and half of 0.3, -0.5, 0, 0.5
        double[] alone = {1, 0.1, 0.1, 1};
        for (int i = 0; i < 4; i++) {
            assertThat(all.get(i).total().orNaN()).isCloseTo(expected[i], within(1e-12));
            assertThat(all.get(i).alone()).as("what solves the problem").isEqualTo(Score.of(alone[i]));
            assertThat(all.get(i).parts()).containsOnlyKeys("countdown", "group_length");
        }
        assertThat(rewards.score(group.get(1)).total())
                .as("nothing to compare with")
                .isEqualTo(Score.of(0.1));
    }

    @Test
    void aBatchIsScoredTogether() {
        BatchReward share = BatchReward.named("share", groups -> {
            double all = groups.stream().mapToInt(g -> g.completions().size()).sum();
            return groups.stream()
                    .map(g -> g.completions().stream()
                            .map(c -> Score.of(g.completions().size() / all))
                            .toList())
                    .toList();
        });
        List<List<Completion>> groups = List.of(List.of(completion("a")), List.of(completion("b"), completion("c")));
        List<List<WeightedRewards.Breakdown>> scores = WeightedRewards.of(share).score(groups);
        assertThat(scores.get(0).getFirst().total()).isEqualTo(Score.of(1 / 3.0));
        assertThat(scores.get(1).getLast().total()).isEqualTo(Score.of(2 / 3.0));
        assertThat(scores.get(1).getLast().alone())
                .as("there is no other reward")
                .isEqualTo(Score.of(2 / 3.0));
        WeightedRewards.Breakdown wrongShape = WeightedRewards.of(BatchReward.named("short", all -> List.of(List.of())))
                .score(completion("a"));
        assertThat(((Score.Failure) wrongShape.total()).message())
                .contains("reward 'short' on problem 'p7'", "one for each sample of each of the 1 groups");
        BatchReward broken = BatchReward.named("judge", all -> {
            throw new IllegalStateException("no connection");
        });
        assertThat(((Score.Failure) WeightedRewards.of(broken)
                                .score(completion("a"))
                                .total())
                        .message())
                .contains("reward 'judge' on problem 'p7'", "no connection");
    }

    @Test
    void rewardsTokenByToken() {
        Completion completion = new Completion("p7", "", PUZZLE, "", new int[] {1, 2, 3}, FinishReason.STOP);
        WeightedRewards rewards = WeightedRewards.of(
                        RewardFunction.named("steps", c -> Score.perToken(new double[] {0.5, 0, -1})))
                .plus(RewardFunction.named("outcome", c -> Score.of(4)), 0.5)
                .plus(RewardFunction.named("turns", c -> Score.perToken(new double[] {0, 1, 0})), 2);
        WeightedRewards.Breakdown breakdown = rewards.score(completion);
        assertThat(breakdown.total()).isEqualTo(Score.of(0.5 - 1 + 2 + 2));
        assertThat(breakdown.perToken().orElseThrow()).containsExactly(0.5, 2, -1 + 2);
        assertThat(breakdown.parts().get("steps").orNaN()).isEqualTo(-0.5);
        assertThat(WeightedRewards.of(new CountdownReward()).score(completion).perToken())
                .isEmpty();
        checkFailure(
                RewardFunction.named("short", c -> Score.perToken(new double[7])),
                "reward 'short' on problem 'p7' returned 7 rewards for the 1 tokens");
        checkFailure(
                RewardFunction.named("nan", c -> Score.perToken(new double[] {Double.NaN})),
                "reward 'nan' on problem 'p7' returned [NaN]");
    }

    @Test
    void hugeRewardsAreFailures() {
        checkFailure(
                RewardFunction.named("huge", c -> Score.of(1e300)),
                "reward 'huge' on problem 'p7' returned 1.0E300; a reward lies between -1.0E9 and 1.0E9");
        checkFailure(RewardFunction.named("low", c -> Score.of(-2e9)), "reward 'low' on problem 'p7' returned -2.0E9");
        WeightedRewards.Breakdown weighted = new WeightedRewards(
                        List.of(new WeightedRewards.Weighted(new CountdownReward(), 1e12)))
                .score(completion("<answer>3+5*2</answer>"));
        assertThat(((Score.Failure) weighted.total()).message())
                .contains("reward 'countdown' on problem 'p7' returned 1.0, and with its weight 1.0E12 the sum is"
                        + " 1.0E12");
        assertThat(WeightedRewards.of(RewardFunction.named("large", c -> Score.of(1e9)))
                        .score(completion(""))
                        .total())
                .isEqualTo(Score.of(1e9));
    }

    @Test
    void aFunctionChangesNothingForTheNextOne() {
        int[] tokens = {5, 1, 4};
        List<Object> list = new ArrayList<>(List.of(3, 1, 2));
        Completion completion = new Completion("p", "", Columns.of("nums", list), "", tokens, FinishReason.STOP);
        List<int[]> seen = new ArrayList<>();
        RewardFunction sorts = RewardFunction.named("sorts", c -> {
            seen.add(c.tokenIds());
            java.util.Arrays.sort(c.tokenIds());
            java.util.Arrays.fill(seen.getLast(), 0);
            c.columns().integers("nums").sort(null);
            return Score.of(1);
        });
        RewardFunction looks = RewardFunction.named("looks", c -> {
            assertThat(c.tokenIds()).containsExactly(5, 1, 4);
            assertThat(c.columns().integers("nums")).containsExactly(3L, 1L, 2L);
            return Score.of(1);
        });
        GroupReward fills = group -> {
            java.util.Arrays.fill(group.rewards(), 7);
            return List.of(Score.of(1));
        };
        GroupReward compares = group -> List.of(Score.of(group.rewards()[0]));
        WeightedRewards.Breakdown breakdown = WeightedRewards.of(sorts)
                .plus(looks, 1)
                .plus(fills, 1)
                .plus(BatchReward.named("compares", compares), 1)
                .score(completion);
        assertThat(breakdown.total()).isEqualTo(Score.of(1 + 1 + 1 + 2));
        assertThat(tokens).containsExactly(5, 1, 4);
        list.set(0, 9);
        assertThat(completion.columns().integers("nums")).containsExactly(3L, 1L, 2L);
    }

    @Test
    void softOverlong() {
        SoftOverlongReward reward = new SoftOverlongReward(100, 20);
        double[] expected = {0, 0, -0.5, -1, -1};
        int[] lengths = {5, 80, 90, 100, 300};
        for (int i = 0; i < lengths.length; i++) {
            Completion completion = new Completion("p", "", Columns.NONE, "", new int[lengths[i]], FinishReason.LENGTH);
            assertThat(reward.score(completion).orNaN()).isCloseTo(expected[i], within(1e-12));
        }
        assertThatThrownBy(() -> new SoftOverlongReward(100, 101)).hasMessageContaining("cache");
    }

    private static void checkFailure(RewardFunction function, String message) {
        WeightedRewards rewards = WeightedRewards.of(new CountdownReward()).plus(function, 1);
        Score total = rewards.score(completion("<answer>1</answer>")).total();
        assertThat(total)
                .isInstanceOfSatisfying(
                        Score.Failure.class,
                        failure -> assertThat(failure.message()).contains(message));
        assertThat(total.orNaN()).isNaN();
    }

    private static Completion completion(String text) {
        return new Completion("p7", "", PUZZLE, text, new int[] {1}, FinishReason.STOP);
    }

    @Test
    void namedRewardsKeepTheirWays() {
        RewardFunction waits = new RewardFunction() {
            @Override
            public Score score(Completion completion) {
                return Score.skip();
            }

            @Override
            public Running running() {
                return Running.WAITS;
            }

            @Override
            public boolean needsTokens() {
                return true;
            }
        };
        RewardFunction other = RewardFunction.named("other", waits);
        assertThat(other.running()).isEqualTo(Reward.Running.WAITS);
        assertThat(other.needsTokens()).isTrue();
        assertThat(new RoutedReward("kind", Map.of("a", waits), Optional.empty()).running())
                .isEqualTo(Reward.Running.WAITS);
        assertThat(new RoutedReward("kind", Map.of("a", waits), Optional.of(new CountdownReward())).running())
                .isEqualTo(Reward.Running.COMPUTES);
    }
}
