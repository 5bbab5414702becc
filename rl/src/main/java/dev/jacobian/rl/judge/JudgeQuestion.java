// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.judge;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.rl.reward.Completion;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a judge is asked of a completion. */
final class JudgeQuestion {
    private static final Pattern PLACES = Pattern.compile("\\{(prompt|reference|response)}");

    private JudgeQuestion() {}

    /**
     * The question with the texts in their places.
     *
     * @param question has {@code {prompt}}, {@code {reference}} and {@code {response}}
     * @param column the one with the reference
     */
    static String of(String question, Completion completion, String column) {
        Map<String, String> texts = Map.of(
                "{prompt}", readable(completion.prompt()),
                "{reference}", completion.columns().string(column),
                "{response}", completion.text());
        return PLACES.matcher(question).replaceAll(place -> Matcher.quoteReplacement(texts.get(place.group())));
    }

    /** What was asked, of a conversation what the user said last. */
    private static String readable(String prompt) {
        Optional<JsonNode> messages = JudgedText.conversation(prompt);
        return messages.map(list -> list.get(list.size() - 1).path("content").asText())
                .orElse(prompt);
    }
}
