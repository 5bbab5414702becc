// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.rl.reward.CosineLengthReward.Unit;
import dev.jacobian.rl.reward.LanguageReward.Language;
import dev.jacobian.rl.reward.LanguageReward.Part;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rewards for form, language, repetition, length and choices, against closed forms and what their authors' code gives. */
class PlainRewardsTest {
    private static Completion completion(String text, int... tokens) {
        return new Completion("p", "", Columns.of("answer", "B"), text, tokens, FinishReason.STOP);
    }

    private static double score(RewardFunction reward, String text, int... tokens) {
        return reward.score(completion(text, tokens)).orNaN();
    }

    @Test
    void thinkFormat() {
        ThinkFormatReward reward = new ThinkFormatReward();
        assertThat(score(reward, "<think>a\nb</think>c")).isOne();
        assertThat(score(reward, "<think></think>")).isOne();
        assertThat(score(reward, "<think>a</think>b</think>")).isOne(); // TRL's expression asks for no more
        assertThat(score(reward, "\n<think>a</think>")).isZero();
        assertThat(score(reward, "<think>a<think>b</think>")).isZero();
        assertThat(score(reward, "<think>a</think><think>")).isZero();
        assertThat(score(reward, "<think>a")).isZero();
        assertThat(score(reward, "</think><think>")).isZero();
        assertThat(score(reward, "")).isZero();
    }

    @Test
    void format() {
        FormatReward reward = FormatReward.DEFAULT;
        assertThat(score(reward, "<think>a</think><answer>5</answer>")).isOne();
        assertThat(score(reward, "\n<think>\na\n</think>\n\n<answer>\n5\n</answer>\n"))
                .isOne();
        assertThat(score(reward, "<answer>5</answer><think>a</think>")).isZero();
        assertThat(score(reward, "<think>a</think><answer>5</answer><answer>6</answer>"))
                .isZero();
        assertThat(score(reward, "<think>a</think> so <answer>5</answer>")).isZero();
        assertThat(score(reward, "<think>a</think><answer>5</answer>!")).isZero();
        assertThat(score(reward, "<think> </think><answer>5</answer>")).isZero();
        assertThat(score(reward, "<think>a</think><answer></answer>")).isZero();
        assertThat(score(reward, "<think>a</think><answer>5")).isZero();
        FormatReward opened = new FormatReward(true);
        assertThat(score(opened, "a</think><answer>5</answer>")).isOne();
        assertThat(score(opened, "<think>a</think><answer>5</answer>")).isZero();
    }

    @Test
    void language() {
        LanguageReward english = LanguageReward.DEFAULT;
        assertThat(score(english, "<think>We add both.</think> 三")).isOne();
        assertThat(score(english, "We 加 both.")).isCloseTo(2 / 3.0, within(1e-15));
        assertThat(score(english, "我们 add")).isCloseTo(1 / 3.0, within(1e-15));
        assertThat(score(english, "Let x = \\frac{α}{2} be it: мы")).isCloseTo(3 / 4.0, within(1e-15));
        assertThat(score(english, "1 + 1 = 2")).as("no words").isZero();
        assertThat(score(new LanguageReward(Language.ZH, Part.WHOLE), "<think>我们</think>三 ok"))
                .isCloseTo(3 / 4.0, within(1e-15));
        assertThat(score(new LanguageReward(Language.RU, Part.THINK), "сложим</think>we"))
                .isOne();
        assertThat(score(new LanguageReward(Language.HI, Part.WHOLE), "हिन्दी")).isOne();
        assertThat(score(english, "naïve \uD835\uDC00\uD835\uDC01 façade")).isOne();
    }

    @Test
    void repetition() {
        RepetitionPenalty tokens = RepetitionPenalty.DEFAULT;
        assertThat(score(tokens, "", 1, 2, 3, 1, 2, 3)).isCloseTo(-(1 - 3 / 4.0), within(1e-15));
        assertThat(score(tokens, "", 1, 2)).isZero();
        assertThat(score(tokens, "", 1, 2, 3, 4)).isZero();
        assertThat(score(tokens, "", 7, 7, 7, 7, 7)).isCloseTo(-2 / 3.0, within(1e-15));
        RepetitionPenalty words = RepetitionPenalty.OF_WORDS;
        assertThat(score(words, " The cat sat\nthe cat  SAT ")).isCloseTo(-(1 - 3 / 4.0), within(1e-15));
        assertThat(score(words, "")).isZero();
        assertThat(words.needsTokens()).isFalse();
        assertThat(tokens.needsTokens()).isTrue();
        assertThatThrownBy(() -> new RepetitionPenalty(3, 0.5, RepetitionPenalty.Unit.WORDS))
                .hasMessageContaining("max_penalty must not be above 0");
    }

    @Test
    void cosine() {
        CosineLengthReward reward = CosineLengthReward.DEFAULT;
        assertThat(reward.of(0, true)).isEqualTo(1);
        assertThat(reward.of(500, true)).isCloseTo(0.75, within(1e-15));
        assertThat(reward.of(1000, true)).isEqualTo(0.5);
        assertThat(reward.of(1500, true)).as("beyond").isEqualTo(0.5);
        assertThat(reward.of(0, false)).isEqualTo(-1);
        assertThat(reward.of(250, false)).isCloseTo(-0.5 - 0.5 * (1 + Math.sqrt(0.5)) / 2, within(1e-15));
        assertThat(reward.of(1000, false)).isEqualTo(-0.5);
        CosineLengthReward characters = new CosineLengthReward(-1, -0.5, 0.5, 1, 4, Unit.CHARACTERS, 1);
        List<Score> scores = characters.score(new BatchReward.Samples(
                List.of(completion("ab"), completion("abcd"), completion("")), new double[] {1, 0.5, Double.NaN}));
        assertThat(scores.get(0).orNaN()).isCloseTo(0.75, within(1e-15));
        assertThat(scores.get(1).orNaN()).isEqualTo(-0.5);
        assertThat(scores.get(2)).as("nobody says whether it is right").isEqualTo(Score.skip());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "B|B",
                "b|B",
                "(B)|B",
                "**B**|B",
                "B.|B",
                "The answer is B.|B",
                "The correct answer is (B) Paris.|B",
                "Answer: **B**|B",
                "I first thought the answer is A, but the answer is B.|B",
                "So \\boxed{B}|B",
                "So \\boxed{\\text{B}}|B",
                "<answer>(B) Paris</answer>|B",
                "<answer>B: Paris</answer>|B",
                "A is wrong, so (B) it must be|B",
                "The answer is: $B$|B",
                "The correct option is \\(\\text{B}\\)|B",
                "B) Paris|B",
                "**B.** Paris, for it is the capital|B",
                "Option B is correct.|B",
                "Choice (B) is the right one|B",
                "A cat is a cat|-",
                "The answer is Berlin|-",
                "Bananas|-",
                "The answer is a banana|A",
                "\\boxed{Z}|-",
            })
    void multipleChoice(String text, String letter) {
        Explanation explanation = MultipleChoiceReward.DEFAULT.explain(completion(text));
        assertThat(explanation.extracted()).as(text).isEqualTo(Optional.ofNullable(letter));
        assertThat(explanation.score()).as(text).isEqualTo(Score.of("B".equals(letter) ? 1 : 0));
    }

    @Test
    void aChoiceThatIsNone() {
        assertThatThrownBy(() -> MultipleChoiceReward.DEFAULT.requireUsable(Columns.of("answer", "42")))
                .hasMessageContaining("none of the choices ABCDEFGHIJ");
        assertThatThrownBy(() -> new MultipleChoiceReward("answer", "abc")).hasMessageContaining("capital letters");
    }

    @Test
    void regularExpressions() {
        RegexReward found = new RegexReward("x=(\\d+)", RegexReward.Where.FIND, "");
        assertThat(found.explain(completion("x=1, x=22")).extracted()).hasValue("1");
        assertThat(score(found, "y")).isZero();
        RegexReward equal = new RegexReward("x=(\\d+|B)", RegexReward.Where.FIND, "answer");
        assertThat(score(equal, "x=1, then x=B")).isOne();
        assertThat(score(equal, "x=B, then x=1")).isZero();
        assertThat(score(new RegexReward("a+", RegexReward.Where.MATCH, ""), "aab"))
                .isZero();
        assertThatThrownBy(() -> new RegexReward("a(", RegexReward.Where.FIND, ""))
                .hasMessageContaining("pattern is no regular expression")
                .hasMessageContaining("'a('");
    }

    @Test
    void anExpressionThatWouldTakeForEverFails() {
        RegexReward reward = new RegexReward("(a*)*c\\1", RegexReward.Where.FIND, "");
        assertThat(reward.score(completion("a".repeat(200) + "b")))
                .isInstanceOfSatisfying(
                        Score.Failure.class,
                        failure -> assertThat(failure.message()).contains("takes too long"));
        RegexReward deep = new RegexReward("(a|b)*c", RegexReward.Where.FIND, "");
        assertThat(deep.score(completion("ab".repeat(1_000_000)))).isInstanceOf(Score.Failure.class);
    }

    @Test
    void routing() {
        RoutedReward reward = new RoutedReward(
                "data_source",
                Map.of("choice", MultipleChoiceReward.DEFAULT, "text", ExactMatchReward.DEFAULT),
                Optional.empty());
        Completion choice = new Completion(
                "p",
                "",
                new Columns(Map.of("data_source", "choice", "answer", "B")),
                "The answer is B",
                new int[0],
                FinishReason.STOP);
        assertThat(reward.explain(choice).score()).isEqualTo(Score.of(1));
        assertThat(reward.explain(choice).extracted()).hasValue("B");
        assertThatThrownBy(() -> reward.requireUsable(new Columns(Map.of("data_source", "video", "answer", "B"))))
                .hasMessageContaining("column 'data_source' is 'video'")
                .hasMessageContaining("choice, text");
        assertThatThrownBy(() -> reward.requireUsable(Columns.of("answer", "B")))
                .isInstanceOf(MissingColumnException.class);
        RoutedReward open = new RoutedReward("data_source", Map.of(), Optional.of(ExactMatchReward.DEFAULT));
        assertThat(open.explain(choice).score()).isEqualTo(Score.of(0));
    }

    @Test
    void aColumnWithinAColumn() {
        Columns verl = Columns.of("reward_model", Map.of("ground_truth", "5", "style", "rule"));
        assertThat(verl.string("reward_model.ground_truth")).isEqualTo("5");
        assertThat(Columns.of("a.b", "x").string("a.b")).as("a name with a dot").isEqualTo("x");
        assertThatThrownBy(() -> verl.string("reward_model.answer"))
                .hasMessageContaining("no column 'reward_model.answer'");
        assertThatThrownBy(() -> verl.string("style")).hasMessageContaining("[reward_model]");
    }
}
