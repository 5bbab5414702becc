// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import dev.jacobian.testing.fuzz.Choices;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Regular expressions as automata: they match what java.util.regex matches, and what they make matches there. */
class RegexGrammarTest {
    private static final int PATTERNS = 400;
    private static final int TEXTS = 60;

    @Test
    void matchesWhatJavaMatches() {
        int matched = 0;
        for (int n = 0; n < PATTERNS; n++) {
            Choices choices = new Choices(11, n);
            String regex = RandomRegex.of(choices, 4);
            Grammar grammar = Grammar.regex(regex);
            Pattern java = Pattern.compile(regex, Pattern.UNIX_LINES);
            for (int i = 0; i < TEXTS; i++) {
                String text = RandomRegex.text(choices);
                boolean expected = java.matcher(text).matches();
                assertThat(grammar.matches(text))
                        .as("pattern %d: %s on '%s'", n, regex, text)
                        .isEqualTo(expected);
                matched += expected ? 1 : 0;
            }
        }
        assertThat(matched).isGreaterThan(PATTERNS * TEXTS / 50);
    }

    @Test
    void everyTextThatItLeadsToMatches() {
        int ended = 0;
        for (int n = 0; n < PATTERNS; n++) {
            Choices choices = new Choices(12, n);
            String regex = RandomRegex.of(choices, 4);
            Pattern java = Pattern.compile(regex, Pattern.UNIX_LINES);
            for (int i = 0; i < 5; i++) {
                byte[] text = RandomTexts.bytes(Grammar.regex(regex), choices, 60);
                if (text != null) {
                    ended++;
                    String decoded = new String(text, StandardCharsets.UTF_8);
                    assertThat(java.matcher(decoded).matches())
                            .as("pattern %d: %s made '%s'", n, regex, decoded)
                            .isTrue();
                }
            }
        }
        assertThat(ended).isGreaterThan(PATTERNS * 4);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '§', textBlock = """
        ^abc$ § abc
        ^(?:a|b)$ § b
        (?<year>[0-9]{4})-(?P<month>[0-9]{2}) § 2026-11
        \\u{1F600} § 😀
        \\ud83d\\ude00 § 😀
        a\\$b § a$b
        [^\\n]+ § x y
        [a\\-z]+ § a-z
        (a{3}){2} § aaaaaa
        """)
    void acceptsTheCommonSyntax(String regex, String text) {
        assertThat(Grammar.regex(regex).matches(text)).isTrue();
        assertThat(Grammar.regex(regex).matches(text + "\n")).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '§', textBlock = """
        a(?=b) § look-ahead
        (?!b)a § look-ahead
        (?<=a)b § look-behind
        (?>a)b § atomic group
        (?i)a § flag
        (a)\\1 § back-reference
        \\k<n> § back-reference
        \\bword\\b § looks at what is around it
        a*+ § possessive
        a** § repetition is repeated
        a^b § inside of the expression
        ^a|b$ § one alternative
        a{3,2} § not of the form
        a{x} § not of the form
        a{9999999} § larger than
        *a § nothing to repeat
        (a § not closed
        a) § no '(' opens
        [a § not closed
        [] § empty class
        [[:alpha:]] § class in a class
        [z-a] § range
        a\\ § nothing
        \\p{Han} § not known
        \\q § not known
        \\u12 § hexadecimal
        \\ud800x § surrogate
        """)
    void refusesTheRestByName(String regex, String message) {
        assertThatThrownBy(() -> Grammar.regex(regex))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("regex, regular expression, character")
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '§', textBlock = """
        ((a{1000}){1000}){1000} § more than
        (()*){1000000} § more than
        [^\\s\\S] § no text can satisfy it
        """)
    void refusesWhatIsTooLargeOrEmpty(String regex, String message) {
        assertThatThrownBy(() -> Grammar.regex(regex))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining(message);
    }

    @Test
    void deepGroupsAreAnError() {
        String regex = "(".repeat(5000) + "a" + ")".repeat(5000);
        assertThatThrownBy(() -> Grammar.regex(regex)).hasMessageContaining("nested deeper");
    }

    @Test
    void choicesAreTheirTexts() {
        List<String> texts = List.of("red", "reddish", "grün", "😀", "a".repeat(3000), "");
        Grammar grammar = Grammar.choice(texts);
        texts.forEach(text -> assertThat(grammar.matches(text)).isTrue());
        assertThat(grammar.matches("redd")).isFalse();
        assertThat(grammar.matches("r")).isFalse();
        assertThat(grammar.matches("aa")).isFalse();
    }

    @Test
    void manyLongChoicesNeedNoStack() {
        List<String> texts =
                java.util.stream.IntStream.range(1, 600).mapToObj("ab"::repeat).toList();
        assertThat(Grammar.choice(texts).matches("ab".repeat(599))).isTrue();
        assertThat(Grammar.choice(texts).matches("ab".repeat(600))).isFalse();
    }

    @Test
    void sequencesAndAlternativesOfGrammars() {
        Grammar call =
                Grammar.sequence(List.of(Grammar.text("<call>"), Grammar.regex("[0-9]+"), Grammar.text("</call>")));
        Grammar either = Grammar.anyOf(List.of(call, Grammar.choice(List.of("no"))));
        assertThat(either.matches("<call>17</call>")).isTrue();
        assertThat(either.matches("no")).isTrue();
        assertThat(either.matches("<call></call>")).isFalse();
    }
}
