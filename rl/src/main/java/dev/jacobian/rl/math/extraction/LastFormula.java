// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.extraction;

import dev.jacobian.rl.math.expression.Work;
import dev.jacobian.rl.math.reading.Readings;
import dev.jacobian.rl.math.reading.Wrapping;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The answer of a text that announces none: the last value of the last sentence that has one. */
final class LastFormula {

    private static final String VERBS = "(?:is|are|lies)"
        + " at|is|are|was|be|equals?|takes?|costs?|needs?|weighs?|lasts?|earns?|pays?|saves?|gets?|got|obtains?|gives?|yields?|have|has|leaves|makes|find";
    private static final String WORDS =
            "thus|hence|therefore|so|then|answer|no|wait|actually|rather|sorry|mean|say|total|exactly|only";
    private static final String SIGNS = ":(?=\\s)|所以|因此|于是|[是为得有故即]|→|=>|[\\\\]to\\b";
    /** What a value stands behind. */
    private static final Pattern LEAD = Pattern.compile(
            "(?:\\b(?:" + VERBS + "|" + WORDS + ")\\b|" + SIGNS + ")[\\s,:]*", Pattern.CASE_INSENSITIVE);

    private static final String ABOUT =
            "(?:which is |that is |or )?(?:about|approximately|roughly|around|nearly)\\s+[$]?\\d";
    private static final String EACH = "or [$€£]?\\d[\\d.,]* (?:each|apiece|per [a-z]+)";
    /** A rounded value behind the exact one, a price for each behind the whole. */
    private static final Pattern APPROXIMATION =
            Pattern.compile("\\s*[,(;]?\\s*(?:" + ABOUT + "|[\\\\]approx\\s*\\d|" + EACH + ").*$", Pattern.DOTALL);

    private static final Pattern NUMBER = Pattern.compile(
            "(?<![\\w.:])\\d{1,3}(?::\\d{1,3})+(?:\\s?[ap]\\.?\\s?m\\b\\.?)?|(?<![\\w.])-?[$£€]?\\d[\\d,]*(?:\\.\\d+)?(?:/\\d+)?%?(?![\\w])");
    /** C. 42: a letter of multiple choice with what it stands for, which is no sentence. */
    private static final Pattern CHOICE = Pattern.compile("\\(?[A-J][).:] ?[^.\\n]{0,60}\\.?");

    private static final Pattern CLAUSE = Pattern.compile(
            ",?\\s*\\b(?:when|where|if|attained|achieved|because|for which)\\b", Pattern.CASE_INSENSITIVE);
    private static final Pattern REASON_CLAUSE =
            Pattern.compile(",?\\s+(?:since|because|given that|after|without)\\s", Pattern.CASE_INSENSITIVE);
    private static final Pattern VERB =
            Pattern.compile("\\b(?:" + VERBS + "|" + WORDS + ")\\b|[=:]", Pattern.CASE_INSENSITIVE);
    private static final Pattern CHOSEN = Pattern.compile(
            "(?:(?:.*\\s)?(?:choose|select|pick|option|choice)\\s+\\(?((?-i:[A-J]))\\)?"
                + "|(?:.*\\s)?only\\s+(?:option\\s+|choice\\s+)?\\(?((?-i:[A-J]))\\)?\\s+(?:satisfies|works|holds|fits|is)\\b[^.]{0,60}"
                + "|(?:(?:so|hence|thus|therefore|then),?\\s+)?(?:option\\s+|choice\\s+)?\\(?((?-i:[A-J]))\\)?\\s+is\\s+(?:the\\s+)?(?:correct|right)(?:\\s+\\w+)?)[.!]?",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern YES_OR_NO =
            Pattern.compile("(yes|no|true|false)\\s*[,.;!][^\\d$\\\\]*", Pattern.CASE_INSENSITIVE);
    private static final Pattern YES_OR_NO_FIRST =
            Pattern.compile("(yes|no|true|false)\\s*,.*", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    private static final Pattern CONCLUSION = Pattern.compile(
            "(?:so|hence|thus|therefore|then)\\b,?[^\\d\\\\$]*\\b(?:get|have|obtain|find|is|are|equals|be)\\s+(\\W?[^\\d\\\\$.!:]{1,40})[.!]?",
            Pattern.CASE_INSENSITIVE);
    /** What a sentence says that concludes the text and not the problem. */
    private static final Pattern ABOUT_ITSELF = Pattern.compile(
            "\\b(?:claim|claimed|proof|proved|proven|done|complete|completed|result|answer|solution|follows|desired|required|needed|it|this"
                + "|that|we|above|correct|contradiction|satisfied|valid|verified|fine|clear|unique|found|left|same|equal|all)\\b",
            Pattern.CASE_INSENSITIVE);

    /** From here on a text speaks of its answer. */
    private static final Pattern COMMENT = Pattern.compile(
            "\\n\\s*(?:explanation|note|remark|reasoning|justification|check|verification|proof)\\s*:",
            Pattern.CASE_INSENSITIVE);

    private static final Pattern NEGATED_VERB = Pattern.compile(
            "\\b(?:do|does|did|is|are|was|were|has|have|can|could|will|would)(?:n't|\\s+not)\\b|\\b(?:cannot|never)\\b",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern THERE_ARE = Pattern.compile(
            "there (?:are|is) (?:an )?(infinitely many|infinite)\\b[^\\d$\\\\]*", Pattern.CASE_INSENSITIVE);
    private static final Pattern NO_SOLUTION = Pattern.compile(
            "[^\\d$\\\\]*\\b(?:there (?:are|is)|has|have) (no (?:real )?solutions?)\\b[^\\d$\\\\]*",
            Pattern.CASE_INSENSITIVE);
    /** n² + n is always even: a sentence about a formula that is not its value. */
    private static final Pattern PREDICATE = Pattern.compile(
            "^\\s*(?:is|are)\\s+(?:always |never |not |both |all |too |clearly )*(?:an?"
                + " )?(?:even|odd|prime|composite|positive|negative|divisible|irrational|rational"
                + "|multiple|divisor|factor|perfect|greater|less|increasing|decreasing|possible|impossible|true|false)\\b",
            Pattern.CASE_INSENSITIVE);

    private static final Pattern SUPPOSITION = Pattern.compile(
            "(?:(?:let us|we|now) )?(?:suppose|assume|imagine)\\b(?!.*\\bthen\\b)", Pattern.CASE_INSENSITIVE);
    private static final Pattern OBJECT =
            Pattern.compile("^(?:him|her|them|us|me|you|it|on)\\s+", Pattern.CASE_INSENSITIVE);
    private static final int SENTENCES_BACK = 20;

    private LastFormula() {}

    /** A text that is the answer, such as the content of a tag. */
    static Optional<FinalAnswer> bare(String text, Work work) {
        return text.isBlank() ? Optional.of(new FinalAnswer(List.of(), true)) : in(text, work);
    }

    static Optional<FinalAnswer> in(String text, Work work) {
        if (text.isBlank()) {
            return Optional.empty();
        }
        Matcher comment = COMMENT.matcher(text);
        if (comment.find() && comment.start() > 0 && hasValue(text.substring(0, comment.start()))) {
            return in(text.substring(0, comment.start()), work);
        }
        Optional<FinalAnswer> assignments = Bullets.assignments(text, work);
        if (assignments.isPresent()) {
            return assignments;
        }
        String whole = text.strip();
        if (CHOICE.matcher(whole).matches()) {
            return FinalAnswer.of(true, whole);
        }
        if (whole.length() < 200 && whole.indexOf('$') < 0 && Readings.isReadable(whole, true, work)) {
            return FinalAnswer.of(true, whole.startsWith("\\") ? Wrapping.without(whole) : whole);
        }
        List<Formulas.Span> spans = Formulas.in(text);
        String masked = Formulas.masked(text, spans);
        List<int[]> sentences = Sentences.all(masked);
        String end = sentences.isEmpty()
                ? text
                : text.substring(sentences.getLast()[0], sentences.getLast()[1]);
        Optional<FinalAnswer> bullets = Bullets.atEnd(text, work);
        if (bullets.isPresent()) {
            return bullets;
        }
        Optional<String> word = concludedWord(end.strip());
        if (word.isPresent()) {
            return FinalAnswer.of(true, word.get());
        }
        for (int k = sentences.size() - 1; k >= Math.max(0, sentences.size() - SENTENCES_BACK); k--) {
            int from = sentences.get(k)[0];
            int to = from + mainClause(masked.substring(from, sentences.get(k)[1]));
            List<Formulas.Span> inside = spans.stream()
                    .filter(span -> span.start() >= from && span.end() <= to)
                    .toList();
            if (isRemark(text.substring(from, to), k == 0)) {
                continue;
            }
            Optional<FinalAnswer> found = inSentence(text.substring(from, to), moved(inside, from), work);
            if (found.isPresent()) {
                Matcher verdict =
                        YES_OR_NO_FIRST.matcher(text.substring(from, to).strip());
                return verdict.matches() ? found.map(value -> value.or(verdict.group(1))) : found;
            }
        }
        return Denied.is(end)
                ? Optional.empty()
                : FinalAnswer.of(
                        true,
                        sentences.isEmpty() || NEGATED_VERB.matcher(end).find() ? end : afterLead(end),
                        whole.length() < 300 ? whole : "");
    }

    /** What stands in brackets by itself, and what is only supposed. */
    private static boolean isRemark(String sentence, boolean first) {
        String said = sentence.strip();
        return !first && said.startsWith("(") && (said.endsWith(")") || said.endsWith(")."))
                || SUPPOSITION.matcher(said).lookingAt();
    }

    /** How long a sentence is without the clause at its end that only says when or why: {@code the minimum is 12, attained at x = 3}. */
    private static int mainClause(String masked) {
        Matcher reason = REASON_CLAUSE.matcher(masked);
        if (reason.find()
                && hasValue(masked.substring(0, reason.start()))
                && VERB.matcher(masked).region(0, reason.start()).find()) {
            return reason.start();
        }
        int value = 0;
        while (value < masked.length() && !hasValue(masked.substring(value, value + 1))) {
            value++;
        }
        int lastVerb = 0;
        Matcher verb = VERB.matcher(masked);
        while (verb.find()) {
            lastVerb = verb.start();
        }
        Matcher clause = CLAUSE.matcher(masked);
        while (clause.find()) {
            if (value < clause.start() && lastVerb < clause.end()) {
                return clause.start();
            }
        }
        return masked.length();
    }

    private static boolean hasValue(String masked) {
        return masked.chars().anyMatch(c -> c == '\u0001' || Character.isDigit(c));
    }

    /** {@code So we get odd.}: the word that a text concludes with, if the sentence concludes and has no number. */
    private static Optional<String> concludedWord(String sentence) {
        if (sentence.length() > 150) {
            return Optional.empty();
        }
        Matcher chosen = CHOSEN.matcher(sentence);
        if (chosen.matches()) {
            return Optional.of(
                    chosen.group(1) != null
                            ? chosen.group(1)
                            : chosen.group(2) != null ? chosen.group(2) : chosen.group(3));
        }
        Matcher many = THERE_ARE.matcher(sentence);
        if (many.lookingAt()) {
            return Optional.of(many.group(1));
        }
        Matcher none = NO_SOLUTION.matcher(sentence);
        if (none.matches()) {
            return Optional.of(none.group(1));
        }
        Matcher verdict = YES_OR_NO.matcher(sentence);
        if (verdict.matches()) {
            return Optional.of(verdict.group(1));
        }
        Matcher conclusion = CONCLUSION.matcher(sentence);
        return conclusion.matches()
                        && !ABOUT_ITSELF.matcher(conclusion.group(1)).find()
                ? Optional.of(conclusion.group(1))
                : Optional.empty();
    }

    private static List<Formulas.Span> moved(List<Formulas.Span> spans, int by) {
        return spans.stream()
                .map(span -> new Formulas.Span(span.start() - by, span.end() - by, span.content()))
                .toList();
    }

    private static String afterLead(String sentence) {
        Matcher lead = LEAD.matcher(sentence);
        int from = 0;
        while (lead.find()) {
            from = lead.end() < sentence.length() ? lead.end() : from;
        }
        return sentence.substring(from).strip();
    }

    /** {@code takes him 15 minutes}, {@code is on March 3}. */
    private static String withoutObject(String behind) {
        return OBJECT.matcher(behind).replaceFirst("");
    }

    private static Optional<FinalAnswer> inSentence(String sentence, List<Formulas.Span> spans, Work work) {
        if (Denied.is(sentence)) {
            return Optional.empty();
        }
        if (!spans.isEmpty()) {
            int last = spans.size() - 1;
            if (PREDICATE.matcher(sentence.substring(spans.get(last).end())).lookingAt()) {
                return Optional.empty();
            }
            Optional<FinalAnswer> behind =
                    inWords(sentence.substring(spans.get(last).end()), work);
            if (behind.isPresent() && !behind.get().texts().isEmpty()) {
                return behind;
            }
            return FinalAnswer.of(false, Phrases.joined(sentence, spans, Phrases.firstListed(sentence, spans, last)));
        }
        return inWords(sentence, work);
    }

    /** A value in ordinary words; empty if there is none. */
    private static Optional<FinalAnswer> inWords(String words, Work work) {
        String text = APPROXIMATION.matcher(words).replaceFirst("").strip();
        if (text.chars().noneMatch(c -> Character.isDigit(c) || c == '\\')) {
            return Optional.empty();
        }
        if (text.length() < 2_000 && Readings.isReadable(text, true, work)) {
            return FinalAnswer.of(true, text);
        }
        String behind = withoutObject(afterLead(text));
        Optional<String> value =
                behind.length() < 2_000 && !behind.isEmpty() ? Phrases.beginning(behind, work) : Optional.empty();
        Matcher again = Phrases.THAT_IS.matcher(text);
        int equals = text.lastIndexOf("= ");
        int meant = again.find() ? again.end() : equals < 0 ? equals : equals + 2;
        if (meant > 0 && value.isEmpty() && text.length() < 2_000) {
            behind = text.substring(meant);
            value = Phrases.beginning(behind, work);
        }
        if (value.isPresent()) {
            return FinalAnswer.of(true, value.get(), behind);
        }
        String end = text.length() > 20_000 ? text.substring(text.length() - 20_000) : text;
        Matcher number = NUMBER.matcher(end);
        String last = "";
        int start = 0;
        while (number.find()) {
            String before = end.substring(Math.max(0, number.start() - 40), number.start());
            String after = end.substring(number.end(), Math.min(end.length(), number.end() + 40));
            last = Denied.isBound(before, after) ? "" : number.group();
            start = number.start();
        }
        if (!last.isEmpty() && end.length() - start < 200) {
            last = Phrases.beginning(end.substring(start), work).orElse(last);
        }
        return FinalAnswer.of(true, last, behind.length() < 300 ? behind : "");
    }
}
