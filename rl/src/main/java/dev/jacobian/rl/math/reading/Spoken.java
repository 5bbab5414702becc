// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What an answer says in words where a formula has signs: seven apples, negative five, three point five, plus or minus 20, where k is an
 * integer. The result is a formula again, or nothing that the reader understands.
 */
final class Spoken {

    /** Longer texts are prose. */
    private static final int LONGEST = 300;

    private static final Pattern WORD = Pattern.compile("[A-Za-z]+");
    private static final Pattern POINT =
            Pattern.compile("(\\d+) point ((?:\\d(?: |(?!\\w)))+)", Pattern.CASE_INSENSITIVE);
    private static final Pattern PLUS_MINUS =
            Pattern.compile("\\bplus[ /-](?:(?:or|and)[ /-])?minus\\b", Pattern.CASE_INSENSITIVE);
    private static final Pattern ROUND = Pattern.compile(
            "\\b(?:an? )?(?<!\\d )(hundred|thousand|million|billion|dozen)\\b", Pattern.CASE_INSENSITIVE);
    private static final Pattern MIXED = Pattern.compile("(\\d{1,9}) and (\\d{1,9})/(\\d{1,9})\\b(?! *[/^])");
    private static final Pattern COMPOUND =
            Pattern.compile("^(\\d{1,9} [a-zA-Z]{3,12}) and (\\d{1,9} [a-zA-Z]{3,12})[.]?$");
    private static final Pattern BY_BLANKS =
            Pattern.compile("-?\\d{1,40}(?:[./]\\d{1,40})?(?: +-?\\d{1,40}(?:[./]\\d{1,40})?)++");

    private static final Pattern LABEL = Pattern.compile(
            "(?:the |at )?(?:points?|coordinates|vertex|vector|interval|set|ordered"
                    + " (?:pair|triple)|pair|number|value)s?,? (?=[-+(\\[{\\d\\\\])",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern IS = Pattern.compile("^([a-zA-Z]) (?:is(?: equal to)?|equals) (?=[-+(\\d\\\\])");
    private static final Pattern ABBREVIATED = Pattern.compile("\\b(sq|cu)\\. (?=\\p{L})");
    private static final Pattern EXCEPT = Pattern.compile(
            "(?:[a-z] (?:is|can be) )?(?:all|any|every) reals?(?: numbers?| values?)?(?: of)?(?: [a-z])?,?"
                    + " (?:except|other than|but|excluding|not equal to|with|where)(?: for)? ((?:[a-z] ?(?:=|\\\\n"
                    + "e) ?)?[-\\d\\\\].{0,80})",
            Pattern.CASE_INSENSITIVE);

    private static final Pattern BOUND = Pattern.compile(
            "(?:[a-z] )?(?:(?:is|are|must be|can be) )?(?:strictly"
                    + " )?(?:(greater|more|larger|bigger|less|smaller|fewer) than( or equal to)?|at (least|most))"
                    + " (-?\\d[\\d./]*?)[.]?",
            Pattern.CASE_INSENSITIVE);
    /** 3/2 (or 1.5): both have to be the answer. */
    private static final Pattern ALTERNATIVE =
            Pattern.compile("^([^(]*[^( ]) \\((?:or|i\\.e\\.|that is),? ([-+]?[\\d\\\\][^()]{0,40})\\)$");

    private static final String LETTER = "([a-z])";
    private static final String ANY = "(?:any|all|some|every|each|an?|arbitrary)?\\s*";
    private static final Pattern INTEGER_PARAMETER =
            Pattern.compile("[\\s,;(]*(?:where|with|for|and|when)?\\s*(?:" + ANY
                    + "integers?(?: values? of)?\\s+" + LETTER + "|" + ANY + LETTER
                    + "\\s+(?:is|be|being|are|denotes)?\\s*(?:an|any|some)?\\s*(?:arbitrary )?integers?|" + LETTER
                    + "\\s*\\\\in\\s*(?:\\\\mathbb\\s*\\{?\\s*)?Z\\s*\\}?)\\s*\\)?[.]?$");

    private Spoken() {}

    /** The formula that a text without fonts says; empty if nothing in it is said in words. */
    static Optional<String> formula(String words) {
        if (words.isEmpty() || words.length() > LONGEST) {
            return Optional.empty();
        }
        String said = withoutLabel(withParameter(words));
        said = IS.matcher(said).replaceFirst("$1 = ");
        said = ABBREVIATED.matcher(said).replaceAll("$1 ");
        said = withoutElements(said);
        said = bound(said);
        said = ALTERNATIVE.matcher(said).replaceFirst("$1 or $2");
        if (said.indexOf('\\') < 0) {
            said = PLUS_MINUS.matcher(said).replaceAll(Matcher.quoteReplacement("\\pm "));
            said = withDigits(said);
            said = POINT.matcher(said)
                    .replaceAll(point -> point.group(1) + "." + point.group(2).replace(" ", ""));
            said = ROUND.matcher(said).replaceAll("1 $1");
            said = COMPOUND.matcher(said).replaceFirst("$1 $2");
            said = MIXED.matcher(said).replaceAll("($1 $2/$3)");
        }
        return said.equals(words) ? Optional.empty() : Optional.of(said);
    }

    /** {@code the point (3, -2)}: what kind of thing it is goes without saying. */
    private static String withoutLabel(String words) {
        Matcher label = LABEL.matcher(words);
        return label.lookingAt() ? words.substring(label.end()) : words;
    }

    /** {@code greater than 4} as what is greater. */
    private static String bound(String words) {
        Matcher bound = BOUND.matcher(words);
        if (!bound.matches()) {
            return words;
        }
        boolean above = bound.group(1) != null
                ? bound.group(1).matches("(?i)greater|more|larger|bigger")
                : bound.group(3).equalsIgnoreCase("least");
        boolean closed = bound.group(1) == null || bound.group(2) != null;
        String value = bound.group(4);
        return above ? (closed ? "[" : "(") + value + ", \\infty)" : "(-\\infty, " + value + (closed ? "]" : ")");
    }

    /** {@code all real numbers except 3} as {@code ℝ ∖ {3}}. */
    private static String withoutElements(String words) {
        Matcher except = EXCEPT.matcher(words);
        if (!except.matches()) {
            return words;
        }
        String elements = except.group(1).replace(" and ", ", ").replace(" or ", ", ");
        return "\\mathbb{R} \\setminus \\{" + elements.replaceAll("[a-z] ?(?:=|\\\\ne) ?", "") + "\\}";
    }

    /** {@code 2 3 5}: numbers with nothing but blanks between them are a list, if they are nothing else. */
    static Optional<String> list(String words) {
        return words.length() <= LONGEST && BY_BLANKS.matcher(words).matches()
                ? Optional.of(words.replaceAll(" +", ", "))
                : Optional.empty();
    }

    /** {@code where k is an integer} as {@code , k ∈ ℤ}. */
    private static String withParameter(String words) {
        Matcher clause = INTEGER_PARAMETER.matcher(words);
        if (!clause.find() || clause.start() == 0) {
            return words;
        }
        String letter =
                clause.group(1) != null ? clause.group(1) : clause.group(2) != null ? clause.group(2) : clause.group(3);
        return words.substring(0, clause.start()) + ", " + letter + " \\in \\mathbb{Z}";
    }

    /** The longest runs of words that are a number, as digits. */
    private static String withDigits(String words) {
        String lower = words.toLowerCase(Locale.ROOT);
        StringBuilder out = new StringBuilder();
        Matcher word = WORD.matcher(lower);
        int copied = 0;
        for (int at = 0; at < lower.length() && word.find(at); at = Math.max(copied, word.end())) {
            int end = runEnd(lower, word.start());
            if (end > word.start()) {
                OptionalLong value = NumberWords.cardinal(lower.substring(word.start(), end));
                out.append(words, copied, word.start()).append(value.orElseThrow());
                copied = end;
            }
        }
        return out.append(words, copied, words.length()).toString();
    }

    /** The end of the longest number that begins with the word at an index; the index itself if there is none. */
    private static int runEnd(String lower, int start) {
        int best = start;
        int at = start;
        while (at < lower.length()) {
            int end = at;
            while (end < lower.length() && Character.isLetter(lower.charAt(end))) {
                end++;
            }
            String run = lower.substring(start, end);
            if (end == at || !NumberWords.mayBegin(lower.substring(at, end))) {
                break;
            }
            if (!run.endsWith("and") && NumberWords.cardinal(run).isPresent()) {
                best = end;
            }
            at = end + 1;
            if (end >= lower.length() || lower.charAt(end) != ' ' && lower.charAt(end) != '-') {
                break;
            }
        }
        return best;
    }
}
