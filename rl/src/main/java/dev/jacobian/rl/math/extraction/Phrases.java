// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.extraction;

import dev.jacobian.rl.math.expression.Work;
import dev.jacobian.rl.math.reading.Readings;
import dev.jacobian.rl.math.reading.Units;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What follows "the answer is": a formula, or the words up to where the reasons begin. */
final class Phrases {

    private static final Pattern NEGATED = Pattern.compile(
            "(?s)^\\s*(?:not|n't)\\s+.+?(?:\\s+but\\s+(?:rather\\s+)?|[,;]\\s*(?:it|that)(?:'s|\\s+is)\\s+)(.+)$");
    private static final Pattern NO_ANSWER = Pattern.compile("(?s)^\\s*(?:not|n't|wrong|incorrect|unclear)\\b.*");
    private static final Pattern CONNECTOR = Pattern.compile("\\s*(?:,|;|and|or|,\\s*and|,\\s*or|&)\\s*");
    private static final Pattern CHOICE_BEFORE = Pattern.compile("\\s*\\(?[A-J]\\)?\\s*[.:)]?\\s*");
    private static final Pattern REASON = Pattern.compile(
            "\\s*(?:[,;(]|\\.\\s|--?\\s|\\b(?:because|since|as|which|where|so|when|if|after|with|but|for|of|due|by|in|on|about|approximately|roughly|i"
                + " hope)\\b).*",
            Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
    /** What goes on like this was not the whole value: 7 or more, 2 times 3, 5 p.m. */
    private static final Pattern CONTINUED = Pattern.compile(
            "[\\s$]*(?:(?:or\\s+(?!equivalently|about|approximately|roughly|simply|just)[\\w$-]"
                + "|and\\s+(?:[-$\\d]|up\\b|above\\b|over\\b|below\\b)|at\\s+(?:least|most)\\b|[ap]\\.?\\s?m\\b)"
                + "|(?:plus|minus|times|over|mod|modulo|remainder|squared|cubed|factorial|choose|hundred|thousand|million|billion|trillion"
                + "|percent|than|less|more|fewer|below|above|maybe|perhaps|divided|multiplied)\\b|\\d|[+*/^!=<>%±]|[\\\\](?:times|cdot|div)\\b)",
            Pattern.CASE_INSENSITIVE);

    /** 8 if n is even and 9 if n is odd: each is the answer to another problem. */
    private static final Pattern BY_CASES = Pattern.compile(
            "\\b(?:if|when|for)\\b[^.]*[,;\\s](?:and|or|but|while|,)?\\s*-?[\\d$\\\\][^\\s]*\\s+(?:if|when|for|otherwise)\\b|\\botherwise\\b",
            Pattern.CASE_INSENSITIVE);

    /** Behind it the answer is said again, as it is meant. */
    static final Pattern THAT_IS = Pattern.compile(
            ",?\\s*\\b(?:that is|which is|i\\.e\\.|or equivalently|in other words),?\\s+(?=[-\\d$\\\\])",
            Pattern.CASE_INSENSITIVE);

    private static final Pattern ASSIGNMENT = Pattern.compile("\\s*[a-zA-Z](?:_\\{?\\w+\\}?)?\\s*=");
    private static final Pattern REASON_FOLLOWS =
            Pattern.compile("\\b(?:since|because|as|if|when|for|where|given|from)\\s+$", Pattern.CASE_INSENSITIVE);

    private static final Pattern ADVERB = Pattern.compile(
            "(?:therefore|thus|hence|then|so|simply|just|clearly|indeed|now|exactly|equal to|given by)\\b,?\\s*(?=\\S)",
            Pattern.CASE_INSENSITIVE);
    private static final int MOST_WORDS = 30;

    private Phrases() {}

    static Optional<FinalAnswer> answer(String text, int from, Work work) {
        int start = from;
        while (start < text.length()
                && (Character.isWhitespace(text.charAt(start))
                        || text.charAt(start) == '*'
                        || text.charAt(start) == ':')) {
            start++;
        }
        Matcher adverb = ADVERB.matcher(text).region(start, text.length());
        start = adverb.lookingAt() ? adverb.end() : start;
        String rest = text.substring(start, Math.min(text.length(), start + 4_000));
        List<Formulas.Span> spans = Formulas.in(rest);
        int end = Sentences.end(Formulas.masked(rest, spans), 0);
        String sentence = rest.substring(0, end);
        return inSentence(
                sentence, spans.stream().filter(span -> span.end() <= end).toList(), work);
    }

    private static Optional<FinalAnswer> inSentence(String sentence, List<Formulas.Span> spans, Work work) {
        Matcher negated = NEGATED.matcher(sentence);
        if (negated.matches()) {
            String meant = negated.group(1);
            return inSentence(meant, Formulas.in(meant), work);
        }
        if (NO_ANSWER.matcher(sentence).matches()) {
            return Optional.empty();
        }
        if (!spans.isEmpty()) {
            String before = sentence.substring(0, spans.getFirst().start());
            if (CHOICE_BEFORE.matcher(before).matches() && !before.isBlank()) {
                return FinalAnswer.of(true, sentence, before);
            }
            int last = lastListed(sentence, spans, 0);
            if (Denied.isBound(before, sentence.substring(spans.get(last).end()))) {
                return FinalAnswer.of(true, sentence);
            }
            if (before.isBlank()
                    || !Readings.isReadable(before, true, work)
                            && beginning(before, work).isEmpty()) {
                return FinalAnswer.of(false, joined(sentence, spans, 0));
            }
        }
        return plain(sentence, work);
    }

    /** The first of the formulas that are listed up to one: $1$, $2$ and $3$. */
    static int firstListed(String sentence, List<Formulas.Span> spans, int last) {
        int first = last;
        while (first > 0
                && !isReason(sentence, spans.get(first - 1))
                && !isStep(spans.get(first - 1), spans.get(last))
                && CONNECTOR
                        .matcher(sentence.substring(
                                spans.get(first - 1).end(), spans.get(first).start()))
                        .matches()) {
            first--;
        }
        return first;
    }

    /** {@code since x > 0, x = 15}: what is known is no part of the answer. */
    private static boolean isReason(String sentence, Formulas.Span span) {
        return REASON_FOLLOWS
                .matcher(sentence.substring(Math.max(0, span.start() - 20), span.start()))
                .find();
    }

    /** {@code so 2n = 84 and n = 42}: an equation that is not solved beside one that is. */
    private static boolean isStep(Formulas.Span span, Formulas.Span last) {
        return span.content().indexOf('=') > 0
                && !ASSIGNMENT.matcher(span.content()).lookingAt()
                && ASSIGNMENT.matcher(last.content()).lookingAt();
    }

    private static int lastListed(String sentence, List<Formulas.Span> spans, int first) {
        int last = first;
        while (last + 1 < spans.size()
                && CONNECTOR
                        .matcher(sentence.substring(
                                spans.get(last).end(), spans.get(last + 1).start()))
                        .matches()) {
            last++;
        }
        return last;
    }

    /** The formulas that are listed from one on, and the unit behind the last. */
    static String joined(String sentence, List<Formulas.Span> spans, int first) {
        StringBuilder all = new StringBuilder(spans.get(first).content());
        int last = lastListed(sentence, spans, first);
        for (int k = first + 1; k <= last; k++) {
            String between =
                    sentence.substring(spans.get(k - 1).end(), spans.get(k).start());
            all.append(between.contains("or") ? " \\text{ or } " : " , ")
                    .append(spans.get(k).content());
        }
        String after = sentence.substring(spans.get(last).end())
                .replaceAll("[.!]$", "")
                .strip();
        if (after.startsWith("%")) {
            all.append("\\%");
        } else if (!after.isEmpty()
                && after.length() < 80
                && Units.phrase(after, false).isPresent()) {
            all.append(" \\text{").append(after).append('}');
        }
        return all.toString();
    }

    /** Words: all of them, those before the reasons, and the longest beginning that is a formula. */
    static Optional<FinalAnswer> plain(String sentence, Work work) {
        String whole = sentence.strip();
        if (whole.isEmpty()) {
            return Optional.empty();
        }
        if (Readings.isReadable(whole, true, work)) {
            return FinalAnswer.of(true, whole);
        }
        if (BY_CASES.matcher(whole).find()) {
            return FinalAnswer.of(true, whole);
        }
        String shorter = REASON.matcher(whole).replaceFirst("");
        List<String> texts = new ArrayList<>();
        Optional<String> value = beginning(whole, work);
        Matcher again = THAT_IS.matcher(whole);
        if (value.isEmpty() && again.find()) {
            value = beginning(whole.substring(again.end()), work);
        }
        value.ifPresent(texts::add);
        texts.add(whole);
        texts.add(shorter);
        return FinalAnswer.of(true, texts.toArray(String[]::new));
    }

    /** The longest beginning that reads as a formula and has a digit or a command in it. */
    static Optional<String> beginning(String text, Work work) {
        int words = 0;
        List<Integer> ends = new ArrayList<>();
        for (int k = 0; k < text.length() && words < MOST_WORDS; k++) {
            char c = text.charAt(k);
            if (k > 0 && (c == ' ' || c == ',' || c == ';' || c == '(' || c == ')' || c == '\n')) {
                ends.add(k);
                words++;
            }
        }
        ends.add(text.length());
        for (int end : ends.reversed()) {
            String start = text.substring(0, end);
            if (isValue(start) && Readings.isReadable(start, true, work)) {
                Matcher continued = CONTINUED.matcher(text).region(end, text.length());
                if (!continued.lookingAt()) {
                    return Optional.of(start);
                }
                if (continued.group().strip().startsWith("and")) {
                    return Optional.empty(); // 15 apples and 3 pears: not 15
                }
            }
        }
        return Optional.empty();
    }

    private static boolean isValue(String text) {
        return text.length() < 2_000 && text.chars().anyMatch(c -> Character.isDigit(c) || c == '\\');
    }
}
