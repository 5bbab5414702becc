// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a {@code Split} or a {@code Replace} looks for: {@code {"String": s}} or {@code {"Regex": r}}. */
sealed interface TextPattern {
    /** A part of a text, and whether it matched the pattern or lies between matches. */
    record Span(int start, int end, boolean isMatch) {}

    /** Cuts a text into matches and what lies between them; together the spans cover it. */
    List<Span> spans(String text, Work work);

    /** The text with every match replaced. */
    default String replaceAll(String text, String replacement, Work work) {
        StringBuilder out = new StringBuilder(text.length());
        for (Span span : spans(text, work)) {
            if (span.isMatch) {
                work.requireRoom((long) out.length() + replacement.length());
                out.append(replacement);
            } else {
                out.append(text, span.start, span.end);
            }
        }
        return out.toString();
    }

    /** These very characters. */
    record Literal(String literal) implements TextPattern {
        @Override
        public List<Span> spans(String text, Work work) {
            List<Span> out = new ArrayList<>();
            int done = 0;
            int at = literal.isEmpty() ? -1 : text.indexOf(literal);
            while (at >= 0) {
                if (at > done) {
                    out.add(new Span(done, at, false));
                }
                done = at + literal.length();
                out.add(new Span(at, done, true));
                at = text.indexOf(literal, done);
            }
            if (done < text.length()) {
                out.add(new Span(done, text.length(), false));
            }
            return out;
        }

        @Override
        public String replaceAll(String text, String replacement, Work work) {
            return literal.isEmpty() || replacement.length() > literal.length()
                    ? TextPattern.super.replaceAll(text, replacement, work)
                    : text.replace(literal, replacement); // does not grow
        }
    }

    /** What a regular expression matches. */
    record Regex(Pattern regex, String where) implements TextPattern {
        @Override
        public List<Span> spans(String text, Work work) {
            List<Span> out = new ArrayList<>();
            int done = 0;
            try {
                for (Matcher m = work.matcher(regex, text); m.find(); done = m.end()) {
                    if (m.start() > done) {
                        out.add(new Span(done, m.start(), false));
                    }
                    out.add(new Span(m.start(), m.end(), true));
                }
            } catch (Work.OutOfSteps e) {
                throw work.outOfSteps(regex, text);
            } catch (StackOverflowError e) {
                // java.util.regex recurses once for each repetition of a group.
                throw new FormatException(
                        where,
                        "the regular expression " + regex + " needs more stack than this thread has for a text of "
                                + text.length() + " characters",
                        "Run with a larger stack (-Xss) or encode shorter texts");
            }
            if (done < text.length()) {
                out.add(new Span(done, text.length(), false));
            }
            return out;
        }
    }

    /** Each single character of a class. */
    record CharacterClass(IntPredicate contains) implements TextPattern {
        @Override
        public List<Span> spans(String text, Work work) {
            List<Span> out = new ArrayList<>();
            int done = 0;
            for (int i = 0, next; i < text.length(); i = next) {
                int c = text.codePointAt(i);
                next = i + Character.charCount(c);
                if (contains.test(c)) {
                    if (i > done) {
                        out.add(new Span(done, i, false));
                    }
                    out.add(new Span(i, next, true));
                    done = next;
                }
            }
            if (done < text.length()) {
                out.add(new Span(done, text.length(), false));
            }
            return out;
        }
    }

    /** Reads {@code {"String": s}} or {@code {"Regex": r}}. */
    static TextPattern read(JsonNode json, String where) {
        JsonFields fields = JsonFields.of(json, where);
        TextPattern pattern;
        if (fields.has("Regex")) {
            pattern = new Regex(HuggingFaceRegex.compile(fields.string("Regex"), where), where);
        } else {
            pattern = new Literal(fields.string("String"));
        }
        fields.finish();
        return pattern;
    }
}
