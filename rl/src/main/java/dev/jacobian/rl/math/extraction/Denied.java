// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.extraction;

import java.util.regex.Pattern;

/** Values that a text says are not the answer: "it is not 7", "I don't think it's 7", "7 is wrong"; and bounds, "at least 7", "7 or more". */
final class Denied {
    private static final String NOT = "(?:\\bnot|n't|\\bcannot|\\bnever|\\bimpossible|\\bunlikely)";
    private static final String BETWEEN =
            "(?:\\s+(?:be|equals?|to|think|believe|that|it|it's|is|the|an|answer|simply|just|really)){0,6}";
    private static final Pattern BEFORE_VALUE = Pattern.compile(
            NOT + BETWEEN + "\\s*[$*(\\[\\\\]{0,4}\\s*(?:boxed\\s*\\{)?\\s*-?\\d", Pattern.CASE_INSENSITIVE);
    private static final Pattern BEHIND_VALUE = Pattern.compile(
            "[\\d$}%)]\\s*(?:is|was|would\\s+be|must\\s+be|seems)\\s+(?:wrong|incorrect|false|not\\s+(?:right|correct|the\\s+answer))\\b",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern AT_END =
            Pattern.compile(NOT + BETWEEN + "\\s*[$*(\\[\\\\]{0,4}\\s*$", Pattern.CASE_INSENSITIVE);
    private static final Pattern BUT = Pattern.compile(
            "\\b(?:but|rather|instead|only)\\b|[,;]\\s*(?:it|that)(?:'s|\\s+is)\\b", Pattern.CASE_INSENSITIVE);

    private static final Pattern BOUND = Pattern.compile(
            "(?:\\b|(?=[<>\\\\]))(?:at\\s+(?:least|most)|(?:more|less|fewer|greater|larger|smaller|bigger|higher|lower)\\s+than(?:\\s+or\\s+equal\\s+to)?"
                + "|[<>]|[\\\\](?:ne|le|ge)(?:q|qslant)?|up\\s+to|exceeds?|between|twice|thrice|double|triple|(?:half|thirds?|quarters?|percent|%|times)\\s+of)\\s*[$*(\\\\]{0,4}\\s*$",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern OPEN = Pattern.compile(
            "^[\\s$*)]*(?:(?:or|and)\\s+(?:more|less|fewer|greater|larger|smaller|higher|lower|above|below|up|over)|at\\s+(?:least|most))\\b",
            Pattern.CASE_INSENSITIVE);

    private Denied() {}

    /** Whether a sentence denies its value, and does not give another one. */
    static boolean is(String sentence) {
        return (BEFORE_VALUE.matcher(sentence).find()
                        || BEHIND_VALUE.matcher(sentence).find())
                && !BUT.matcher(sentence).find();
    }

    /** Whether what stands around a value makes a bound of it, or part of something else: twice 8. */
    static boolean isBound(String before, String behind) {
        return BOUND.matcher(before).find() || OPEN.matcher(behind).find();
    }

    /** Whether what stands before a value denies it. */
    static boolean endsBefore(String text) {
        return AT_END.matcher(text).find();
    }
}
