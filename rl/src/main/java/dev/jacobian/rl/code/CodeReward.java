// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.ExplainedReward;
import dev.jacobian.rl.reward.Explanation;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.sandbox.Language;
import dev.jacobian.rl.sandbox.Limits;
import dev.jacobian.rl.sandbox.Program;
import dev.jacobian.rl.sandbox.Sandbox;
import dev.jacobian.rl.sandbox.SandboxException;
import java.util.Optional;
import java.util.Set;

/**
 * Runs the program in a completion on its problem's tests: 1 if it passes all of them, else 0 or the share that it passed.
 *
 * <p>The program is the last block between lines of {@code ```} that names the language, else the last that names none, else the whole
 * completion. Where a row has a column {@code language}, that is its language. {@link CodeTests} says which forms of tests are
 * read.
 *
 * <p>That the sandbox fails, or that a problem's tests cannot run at all, is a failure and never a 0: a policy would unlearn to write programs. By default programs are not run at all
 * where the machine offers no isolation, because what a policy writes will one day delete a file or send a mail;
 * {@code requireIsolation} false says that this machine may be lost.
 *
 * @param column with the tests
 * @param language of rows that name none: python, java, c, cpp or shell
 * @param partial whether a program that fails gets the share of the tests that it passed; all tests are run then
 * @param cpuSeconds the processor's time that a test may take; by the clock three times as much, at least 5 s more
 * @param memoryMib the memory that a test may use, in MiB
 * @param requireIsolation whether to refuse to run anything without isolation
 */
public record CodeReward(
        @Setting(value = "tests", doc = "column with the tests: inputs and outputs, assertions, or code")
        String column,

        @Setting(value = "python", doc = "language where a row has no column 'language': python, java, c, cpp, shell")
        String language,

        @Setting(value = "false", doc = "give the share of the tests that were passed, not all or nothing")
        boolean partial,

        @Setting(value = "5", doc = "seconds of the processor's time that a test may take")
        double cpuSeconds,

        @Setting(value = "256", doc = "MiB of memory that a test may use")
        int memoryMib,

        @Setting(value = "true", doc = "run nothing where the machine cannot isolate programs; see 'jacobian doctor'")
        boolean requireIsolation)
        implements ExplainedReward {
    /** Python, tests in column {@code tests}, all or nothing, 5 s and 256 MiB, with isolation. */
    public static final CodeReward DEFAULT = ConfigTree.defaults(CodeReward.class);

    private static final String LANGUAGE = "language";

    /** Checks the limits and that the language is known. */
    public CodeReward {
        requirePositive("cpu_seconds", cpuSeconds);
        requireAtLeast("memory_mib", 1, memoryMib);
        limits(cpuSeconds, memoryMib);
        language(language);
    }

    @Override
    public String name() {
        return "code";
    }

    /** Limits of time are limits of a machine: a program that comes close to one may pass today and not tomorrow. */
    @Override
    public boolean repeatable() {
        return false;
    }

    @Override
    public Explanation explain(Completion completion) {
        Columns columns = completion.columns();
        CodeTests tests = CodeTests.of(columns, column);
        String name = columns.has(LANGUAGE) ? columns.string(LANGUAGE) : language;
        Language spoken = language(name);
        String source = source(completion.text(), spoken);
        try {
            Judge judge = new Judge(Sandbox.shared(requireIsolation), limits(cpuSeconds, memoryMib), partial);
            Judged judged = tests.judge(judge, new Program(spoken, source));
            boolean accepted = judged.verdict() == Verdict.ACCEPTED;
            double score = accepted ? 1 : partial ? judged.passed() : 0;
            return new Explanation(
                    Score.of(score),
                    Optional.of(source),
                    Optional.of(judged.verdict().toString()));
        } catch (SandboxException e) {
            return new Explanation(Score.failure(e.toString()), Optional.of(source), Optional.empty());
        } catch (BrokenTestsException e) {
            String message = "the tests of problem '" + completion.problemId() + "' in column '" + column
                    + "' can judge no program: " + e.getMessage();
            return new Explanation(Score.failure(message), Optional.of(source), Optional.empty());
        }
    }

    /** The tests must be readable and the language known. */
    @Override
    public void requireUsable(Columns columns) {
        CodeTests.of(columns, column);
        if (columns.has(LANGUAGE)) {
            language(columns.string(LANGUAGE));
        }
    }

    private static String source(String text, Language language) {
        return CodeBlock.last(text, names(language)).orElse(text);
    }

    private static Set<String> names(Language language) {
        return switch (language.name()) {
            case "python" -> Set.of("python", "python3", "py");
            case "cpp" -> Set.of("cpp", "c++");
            case "shell" -> Set.of("shell", "sh", "bash");
            default -> Set.of(language.name());
        };
    }

    private static Language language(String name) {
        return Language.named(name)
                .orElseThrow(() -> new IllegalArgumentException(
                        "language '" + name + "' is not known; known are python, java, c, cpp and shell"));
    }

    private static Limits limits(double cpuSeconds, int memoryMib) {
        return Limits.DEFAULT.withCpu(cpuSeconds).withMemory((long) memoryMib << 20);
    }
}
