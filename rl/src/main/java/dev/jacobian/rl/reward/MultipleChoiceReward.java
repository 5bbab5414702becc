// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import static dev.jacobian.rl.config.Checks.require;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * 1 if the letter that a completion commits to is the right choice, else 0.
 *
 * <p>Where the letter is, the first of these that there is, and of several the last: in {@code \boxed{}}; in {@code <answer>}; behind
 * {@code answer is} or {@code answer:}; before {@code is correct}; alone on a line; before the text of the one choice that is repeated
 * ({@code C) Paris}); in parentheses. Around it may be parentheses, stars, {@code \text{}} and the text of
 * the choice behind it ({@code B. Paris}). A letter in the middle of a sentence is a word. Lower case counts where the letter is alone.
 *
 * @param column the right letter, as it is or in parentheses
 * @param choices the letters that are choices
 */
public record MultipleChoiceReward(
        @Setting(value = "answer", doc = "column with the right letter")
        String column,

        @Setting(value = "ABCDEFGHIJ", doc = "the letters that are choices")
        String choices)
        implements ExplainedReward, ReadsAnswer {
    /** A to J, against column {@code answer}. */
    public static final MultipleChoiceReward DEFAULT = ConfigTree.defaults(MultipleChoiceReward.class);

    private static final String OPENING = "(?:\\\\(?:text|mathrm|textbf|mathbf)\\{|\\\\[(\\[]|[(\\[*_`\"'$ ]){0,6}";
    private static final Pattern CHOICE =
            Pattern.compile(OPENING + "([A-Za-z])(?![A-Za-z'’])(?:[^A-Za-z].*)?", Pattern.DOTALL);
    private static final Pattern SAID = Pattern.compile(
            "(?i:answer|option|choice)\\s{0,4}(?i:is|:|=)\\s{0,4}:?\\s{0,4}(?i:option\\s{1,4}|choice\\s{1,4})?("
                    + OPENING + "[A-Za-z](?![A-Za-z'’]))");
    private static final Pattern JUDGED = Pattern.compile(
            "(?i:option|choice)\\s{1,4}\\(?([A-Z])\\)?\\s{1,4}is\\s{1,4}(?:the\\s{1,4})?(?:correct|right)\\b");
    private static final Pattern AT_START = Pattern.compile("(?m)^[ \\t*]{0,8}\\(?([A-Z])[).:][ \\t*]+\\S");
    private static final Pattern ALONE = Pattern.compile("(?m)^[ \\t*_(\\[`]{0,8}([A-Za-z])[ \\t*_)\\]`.:]{0,8}$");
    private static final Pattern IN_PARENTHESES = Pattern.compile("\\(([A-Za-z])\\)");

    /** Checks the letters. */
    public MultipleChoiceReward {
        require(choices.matches("[A-Z]{2,26}"), "choices must be capital letters, at least two, got '" + choices + "'");
    }

    @Override
    public String name() {
        return "multiple_choice";
    }

    @Override
    public Optional<String> answer(String completion) {
        return BoxedText.lastContent(completion)
                .flatMap(this::choice)
                .or(() -> AnswerTag.last(completion).flatMap(this::choice))
                .or(() -> last(SAID, completion))
                .or(() -> last(JUDGED, completion))
                .or(() -> last(ALONE, completion))
                .or(() -> AT_START.matcher(completion).results().count() == 1
                        ? last(AT_START, completion)
                        : Optional.empty())
                .or(() -> last(IN_PARENTHESES, completion));
    }

    private Optional<String> last(Pattern pattern, String text) {
        Optional<String> last = Optional.empty();
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            last = choice(matcher.group(1)).or(carried(last));
        }
        return last;
    }

    private static Supplier<Optional<String>> carried(Optional<String> before) {
        return () -> before;
    }

    /** The letter that a short text is or begins with. */
    private Optional<String> choice(String text) {
        Matcher matcher = CHOICE.matcher(Blanks.strip(text));
        if (!matcher.matches()) {
            return Optional.empty();
        }
        String letter = matcher.group(1).toUpperCase(Locale.ROOT);
        return choices.contains(letter) ? Optional.of(letter) : Optional.empty();
    }

    @Override
    public Explanation explain(Completion completion) {
        Optional<String> right = choice(completion.columns().string(column));
        Optional<String> found = answer(completion.text());
        return Explanation.of(Score.of(found.isPresent() && found.equals(right) ? 1 : 0), found);
    }

    /** The column must be there and begin with one of the letters. */
    @Override
    public void requireUsable(Columns columns) {
        String text = columns.string(column);
        if (choice(text).isEmpty()) {
            throw new IllegalArgumentException(
                    "column '" + column + "' is '" + text + "', which is none of the choices " + choices);
        }
    }
}
