// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.extraction;

import dev.jacobian.rl.math.expression.Work;
import dev.jacobian.rl.math.reading.Readings;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Several answers below each other: a text that ends in "The solutions are:" and a list, or in {@code x = 2} and {@code y = -1}. */
final class Bullets {

    private static final Pattern ITEM = Pattern.compile("\\s*(?:[-*•+]|\\(?\\d{1,2}[.)])\\s+(\\S.{0,200})");
    private static final Pattern LEAD = Pattern.compile(
            ".*\\b(?:solutions|roots|answers|zeros|values|numbers|points|intercepts|intervals)\\b[^:]{0,60}:\\s*",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern ASSIGNMENT = Pattern.compile(
            "\\s*(?:[-*•+]\\s+|\\(?\\d{1,2}[.)]\\s+)?[$]?([a-zA-Z])\\s*=\\s*([^=$]{1,100})[$]?[.,;]?\\s*");
    private static final int MOST_ITEMS = 20;

    private Bullets() {}

    /** The last lines as one list, if each gives a letter of its own a value; or the last of them alone, which may be all that was asked for. */
    static Optional<FinalAnswer> assignments(String text, Work work) {
        List<String> lines = text.lines().filter(line -> !line.isBlank()).toList();
        TreeMap<String, String> values = new TreeMap<>();
        List<String> items = new ArrayList<>();
        for (String line : lines.reversed()) {
            Matcher assignment = ASSIGNMENT.matcher(line);
            if (items.size() >= MOST_ITEMS || !assignment.matches() || values.put(assignment.group(1), line) != null) {
                break;
            }
            items.addFirst(
                    assignment.group(1) + " = " + assignment.group(2).strip().replaceFirst("[.,;]$", ""));
        }
        String joined = String.join(" , ", items);
        return items.size() > 1 && Readings.isReadable(joined, true, work)
                ? FinalAnswer.of(joined.indexOf('\\') < 0, joined, items.getLast())
                : Optional.empty();
    }

    /** The items as one list; empty if the text does not end in such a one, or one of its items is more than a formula. */
    static Optional<FinalAnswer> atEnd(String text, Work work) {
        List<String> lines = text.lines().filter(line -> !line.isBlank()).toList();
        List<String> items = new ArrayList<>();
        boolean plain = true;
        int at = lines.size() - 1;
        while (at > 0 && items.size() < MOST_ITEMS) {
            Matcher item = ITEM.matcher(lines.get(at));
            if (!item.matches()) {
                break;
            }
            String content = item.group(1).replaceFirst("[.;,]\\s*$", "").strip();
            plain &= content.indexOf('$') < 0 && content.indexOf('\\') < 0;
            if (!Readings.isReadable(content, plain, work)) {
                return Optional.empty();
            }
            items.addFirst(content.replace("$", ""));
            at--;
        }
        return items.size() > 1 && at >= 0 && LEAD.matcher(lines.get(at)).matches()
                ? FinalAnswer.of(plain, String.join(" , ", items))
                : Optional.empty();
    }
}
