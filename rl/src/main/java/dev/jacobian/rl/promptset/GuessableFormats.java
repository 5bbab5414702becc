// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.jacobian.io.rows.Rows;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Drops prompts whose answer can be guessed or cannot be checked: multiple choice, true or false, proofs. k1.5 leaves them out of its
 * prompts, because a right answer to them says little of the reasoning before it.
 *
 * <p>A choice is known by its lettered options (three of A, B, C, … in order, or two and an answer that is a letter), a question of
 * truth by its words or by its answer, a proof by what it asks for.
 *
 * @param answer the column with the right answer; rows may lack it
 */
public record GuessableFormats(String answer) implements PromptTool {
    private static final String OPEN = "open";
    private static final String CHOICE = "multiple_choice";
    private static final String TRUTH = "true_false";
    private static final String PROOF = "proof";

    /** An option begins a line, or stands in brackets. */
    private static final String LETTER =
            "(?:(?m:^)[\\s>*-]*|[\\s,;])\\(?\\*{0,2}%s\\*{0,2}[).:]\\s|\\(%s\\)|\\\\text(?:bf)?\\{\\(?%s\\)?\\}";

    private static final List<Pattern> OPTIONS = List.of(option("A"), option("B"), option("C"));
    private static final Pattern ONE_LETTER = Pattern.compile("\\W*[A-Ja-j]\\W*");
    private static final Pattern WHICH_OF = Pattern.compile(
            "which (?:one )?of the (?:following|options)|choose the correct (?:option|answer)|select the correct",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern TRUE_OR_FALSE = Pattern.compile(
            "\\btrue or false\\b|\\btrue/false\\b|\\bis it true that\\b|\\byes or no\\b|\\byes/no\\b|\\bcorrect or"
                    + " incorrect\\b|\\bright or wrong\\b",
            Pattern.CASE_INSENSITIVE);
    private static final List<String> TRUTHS = List.of("true", "false", "yes", "no", "correct", "incorrect");
    private static final Pattern PROVE = Pattern.compile(
            "(?:^|[.:;?!\\n"
                + "]\\s*|\\b(?:please|then|and|to|that|also)\\s+)(?:\\([a-z0-9]+\\)\\s*)?(?:prove|disprove|show)\\s+(?:or"
                + " disprove\\s+)?(?:that\\b|the (?:following|theorem|lemma|inequality|identity|statement)\\b|[,:])",
            Pattern.CASE_INSENSITIVE);

    private static Pattern option(String letter) {
        return Pattern.compile(LETTER.replace("%s", letter));
    }

    @Override
    public String measure() {
        return "format of the question";
    }

    @Override
    public List<String> bins() {
        return List.of(OPEN, CHOICE, TRUTH, PROOF);
    }

    @Override
    public List<Finding> find(Rows data) {
        List<Finding> findings = Finding.list();
        PromptText.forEach(data, (row, prompt) -> {
            String format = format(prompt, text(row.path(answer)));
            findings.add(new Finding(format.equals(OPEN), format, Map.of("format", TextNode.valueOf(format))));
        });
        return findings;
    }

    private static String text(JsonNode answer) {
        return answer.isValueNode() && !answer.isNull() ? answer.asText().strip() : "";
    }

    static String format(String prompt, String answer) {
        long options = 0;
        int from = 0;
        for (Pattern option : OPTIONS) {
            Matcher matcher = option.matcher(prompt);
            if (!matcher.find(from)) {
                break;
            }
            options++;
            from = matcher.end();
        }
        boolean letter = ONE_LETTER.matcher(answer).matches();
        if (options == OPTIONS.size()
                || options == 2 && letter
                || letter && WHICH_OF.matcher(prompt).find()) {
            return CHOICE;
        }
        if (TRUE_OR_FALSE.matcher(prompt).find()
                || TRUTHS.contains(answer.toLowerCase(Locale.ROOT).replaceAll("\\.$", ""))) {
            return TRUTH;
        }
        return PROVE.matcher(prompt).find() ? PROOF : OPEN;
    }
}
