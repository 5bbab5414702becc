// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.run;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonlWriter;
import java.nio.file.Path;

/** A log with a {@code step} on each line, brought back to the step that a run resumes from. */
final class StepLog {
    private StepLog() {}

    /**
     * Opens a log behind the last line of a step.
     *
     * @param last the last step kept; negative to begin anew
     * @param once whether each step has one line at most
     * @throws FormatException with the line's number, if a line before that is no JSON, has no step, or is out of order
     */
    static JsonlWriter resume(Path file, int last, boolean once) {
        int[] before = {-1};
        return JsonlWriter.resume(file, (line, number) -> {
            if (last < 0) {
                return false;
            }
            before[0] = stepOf(line, file + ", line " + number, before[0], once);
            return before[0] <= last;
        });
    }

    private static int stepOf(JsonNode line, String where, int before, boolean once) {
        JsonNode step = line.path("step");
        if (!step.isIntegralNumber() || !step.canConvertToInt() || step.intValue() < (once ? before + 1 : before)) {
            throw new FormatException(
                    where,
                    "'step' is " + (step.isMissingNode() ? "missing" : step) + " behind a line of step " + before,
                    "Two processes may have written this log; remove the lines that are not the run's and resume"
                            + " again");
        }
        return step.intValue();
    }
}
