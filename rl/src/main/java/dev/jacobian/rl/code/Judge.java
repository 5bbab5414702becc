// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

import dev.jacobian.rl.sandbox.Limits;
import dev.jacobian.rl.sandbox.Outcome;
import dev.jacobian.rl.sandbox.Prepared;
import dev.jacobian.rl.sandbox.Program;
import dev.jacobian.rl.sandbox.Sandbox;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs a program on tests: compiled once, run once a test, each time in a sandbox of its own. The tests' right outputs stay in our
 * memory; no program can find them.
 *
 * @param sandbox runs it
 * @param limits of each run
 * @param all whether to go on after a test that failed; the third that runs out of time is the last all the same, or a program that
 *     hangs would take its time by the number of tests
 */
public record Judge(Sandbox sandbox, Limits limits, boolean all) {

    private static final int MOST_LATE = 3;

    /** Whether a run's output is right. */
    @FunctionalInterface
    interface Check {
        boolean right(Outcome outcome, int test);
    }

    /**
     * Judges a program.
     *
     * @param tests at least one
     * @throws dev.jacobian.rl.sandbox.SandboxException if the sandbox could not do its work, which is no verdict
     */
    public Judged judge(Program program, List<TestCase> tests) {
        return judge(
                program,
                tests.stream().map(TestCase::input).toList(),
                (outcome, test) ->
                        OutputText.same(outcome.stdout(), tests.get(test).output()));
    }

    /** The same with another idea of what is right. */
    Judged judge(Program program, List<String> inputs, Check check) {
        if (inputs.isEmpty()) {
            throw new IllegalArgumentException("a program without tests cannot be judged");
        }
        List<Verdict> verdicts = new ArrayList<>();
        int late = 0;
        try (Prepared prepared = sandbox.prepare(program)) {
            for (int test = 0; test < inputs.size(); test++) {
                Outcome outcome = prepared.run(inputs.get(test).getBytes(StandardCharsets.UTF_8), limits);
                Verdict verdict = Verdict.of(outcome, check.right(outcome, test));
                verdicts.add(verdict);
                late += verdict == Verdict.TIME_LIMIT ? 1 : 0;
                if (verdict == Verdict.COMPILE_ERROR || late == MOST_LATE || !all && verdict != Verdict.ACCEPTED) {
                    break;
                }
            }
        }
        return new Judged(verdicts, inputs.size());
    }
}
