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
import java.util.Optional;

/**
 * Makes tests for a problem that has none, as Kimi k1.5 does: a generator, which a model or a user wrote, makes inputs; programs that are said
 * to be right make outputs; {@link Consensus} decides what to believe.
 *
 * <p>A generator is a program too, and no more trusted than any other. Its run number, from 1, is its argument and its standard
 * input, so that it can be deterministic: {@code random.seed(int(input()))}.
 *
 * @param sandbox runs all of them
 * @param limits of each run
 * @param rule how many must agree
 */
public record TestGeneration(Sandbox sandbox, Limits limits, Consensus.Rule rule) {

    /**
     * The tests, and how they came about.
     *
     * @param tests those that were kept; empty if the problem is to be dropped
     * @param inputs all different inputs that the generator made
     * @param failed how often it failed to make one
     * @param consensus what the programs agreed on
     */
    public record Generated(List<TestCase> tests, List<String> inputs, int failed, Consensus consensus) {
        /** Copies the lists. */
        public Generated {
            tests = List.copyOf(tests);
            inputs = List.copyOf(inputs);
        }
    }

    /**
     * Generates tests.
     *
     * @param generator writes one input a run
     * @param runs how often it is run; the paper: 50
     * @param programs said to be right; the paper: 10
     * @throws dev.jacobian.rl.sandbox.SandboxException if the sandbox could not do its work
     */
    public Generated generate(Program generator, int runs, List<Program> programs) {
        List<String> inputs = new ArrayList<>();
        int failed = 0;
        for (int run = 1; run <= runs; run++) {
            String number = Integer.toString(run);
            List<String> arguments = new ArrayList<>(generator.arguments());
            arguments.add(number);
            Outcome outcome = sandbox.run(
                    new Program(generator.language(), generator.source(), arguments),
                    (number + "\n").getBytes(StandardCharsets.UTF_8),
                    limits);
            if (!outcome.succeeded()) {
                failed++;
            } else if (!inputs.contains(outcome.stdoutText())) {
                inputs.add(outcome.stdoutText());
            }
        }
        List<List<Optional<String>>> written =
                programs.stream().map(program -> outputs(program, inputs)).toList();
        Consensus consensus = Consensus.of(written, rule);
        List<TestCase> tests = new ArrayList<>();
        for (int i = 0; consensus.problemKept() && i < consensus.keptTests().size(); i++) {
            tests.add(new TestCase(
                    inputs.get(consensus.keptTests().get(i)),
                    consensus.outputs().get(i)));
        }
        return new Generated(tests, inputs, failed, consensus);
    }

    private List<Optional<String>> outputs(Program program, List<String> inputs) {
        try (Prepared prepared = sandbox.prepare(program)) {
            return inputs.stream()
                    .map(input -> prepared.run(input.getBytes(StandardCharsets.UTF_8), limits))
                    .map(outcome -> outcome.succeeded()
                            ? Optional.of(OutputText.canonical(outcome.stdoutText()))
                            : Optional.<String>empty())
                    .toList();
        }
    }
}
