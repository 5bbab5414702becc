// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Checks;
import dev.jacobian.rl.config.Setting;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/** How {@link Prm} reads stepwise supervision, TRL's {@code prompt}, {@code completions} and {@code labels}. */
public record StepRows(
        @Setting(value = "\n", doc = "what stands behind each step, and is scored")
        String stepSeparator,

        @Setting(value = "false", doc = "learn from the last step's label alone")
        boolean trainOnLastStepOnly,

        @Setting(value = "null", doc = "longest chain of steps in tokens; null for what max_length leaves")
        OptionalInt maxCompletionLength) {
    public StepRows {
        Checks.require(!stepSeparator.isEmpty(), "step_separator must not be empty: its last token is what is scored");
        requireAtLeast("max_completion_length", 1, maxCompletionLength.orElse(1));
    }

    Steps read(JsonNode row, RowEncoder encoder) {
        JsonNode steps = row.path("completions");
        JsonNode labels = row.path("labels");
        require(row.path("prompt").isTextual(), "'prompt' must be a string, found " + Json.excerpt(row.path("prompt")));
        require(
                steps.isArray() && !steps.isEmpty(),
                "'completions' must be a list of steps, found " + Json.excerpt(steps));
        require(labels.isArray(), "'labels' must be a list, found " + Json.excerpt(labels));
        require(
                labels.size() == steps.size(),
                "there are " + steps.size() + " steps in 'completions' and " + labels.size() + " labels in 'labels'");
        int[] separator = encoder.plain(stepSeparator);
        require(separator.length > 0, "step_separator has no token in this tokenizer");
        IntStream.Builder chain = IntStream.builder();
        int[] judged = new int[steps.size()];
        int[] values = new int[steps.size()];
        int at = 0;
        for (int s = 0; s < steps.size(); s++) {
            require(steps.get(s).isTextual(), "a step must be a string, found " + Json.excerpt(steps.get(s)));
            JsonNode label = labels.get(s);
            boolean known = label.isBoolean() || label.isInt() && (label.intValue() == 0 || label.intValue() == 1);
            require(known, "a label must be true or false, found " + Json.excerpt(label));
            int[] step = encoder.plain(steps.get(s).textValue());
            IntStream.concat(Arrays.stream(step), Arrays.stream(separator)).forEach(chain::add);
            at += step.length + separator.length;
            judged[s] = at - 1;
            values[s] = label.isBoolean() ? (label.booleanValue() ? 1 : 0) : label.intValue();
        }
        Steps all = new Steps(chain.build().toArray(), judged, values);
        Steps chosen = trainOnLastStepOnly ? last(all) : all;
        Steps fits = chosen.cut(maxCompletionLength.orElse(Integer.MAX_VALUE));
        Steps whole = behind(prompt(row, encoder), fits);
        return whole.cut(encoder.fittingStart(whole.tokens().length));
    }

    private static int[] prompt(JsonNode row, RowEncoder encoder) {
        int[] text = encoder.plain(row.get("prompt").textValue());
        OptionalInt begin = encoder.begin();
        return begin.isEmpty()
                ? text
                : IntStream.concat(begin.stream(), Arrays.stream(text)).toArray();
    }

    private static Steps last(Steps all) {
        int count = all.labels().length;
        return new Steps(
                all.tokens(),
                Arrays.copyOfRange(all.judged(), count - 1, count),
                Arrays.copyOfRange(all.labels(), count - 1, count));
    }

    private static Steps behind(int[] prompt, Steps steps) {
        return new Steps(
                IntStream.concat(Arrays.stream(prompt), Arrays.stream(steps.tokens()))
                        .toArray(),
                Arrays.stream(steps.judged()).map(at -> at + prompt.length).toArray(),
                steps.labels());
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new FormatException(
                    "the row", what, "Write 'prompt', 'completions' (the steps) and 'labels' (one for each) per line");
        }
    }
}
