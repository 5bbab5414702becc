// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One instance of a puzzle.
 *
 * @param text what is asked, without a word on where the answer goes
 * @param answer a right answer, in the form that the text asks for
 * @param data what the scorer needs to judge any answer, as JSON-like values
 * @param key what makes the instance itself: two with the same key are the same problem
 */
public record Question(String text, String answer, Map<String, Object> data, String key) {
    /** An instance that its text tells from all others. */
    public Question(String text, String answer, Map<String, Object> data) {
        this(text, answer, data, text);
    }

    /** An instance with one right answer only, the stored one. */
    public Question(String text, String answer) {
        this(text, answer, Map.of());
    }

    /** What a reward sees: the data and the {@code answer}. */
    Map<String, Object> columns() {
        Map<String, Object> columns = new LinkedHashMap<>(data);
        columns.put("answer", answer);
        return columns;
    }
}
