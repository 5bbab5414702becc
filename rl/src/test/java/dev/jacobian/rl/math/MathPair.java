// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Jsonl;
import java.nio.file.Path;
import java.util.List;

/**
 * A reference and an answer with the verdict of a careful teacher and that of Math-Verify 0.8.0.
 *
 * @param truth whether the answer is right
 * @param debatable whether reasonable graders differ, so that {@code truth} proves nothing
 * @param mathVerify whether Math-Verify accepts it
 */
record MathPair(
        String category,
        String gold,
        String answer,
        boolean truth,
        boolean debatable,
        boolean mathVerify,
        String note) {

    static List<MathPair> read(Path file) {
        return Jsonl.read(file).stream().map(MathPair::of).toList();
    }

    private static MathPair of(JsonNode row) {
        return new MathPair(
                row.get("category").asText(),
                row.get("gold").asText(),
                row.get("answer").asText(),
                row.get("truth").booleanValue(),
                row.path("debatable").booleanValue(),
                row.get("math_verify").asText().equals("true"),
                row.get("note").asText());
    }

    boolean isJudgedRight() {
        return MathAnswers.judge(gold, answer).isRight() == truth;
    }
}
