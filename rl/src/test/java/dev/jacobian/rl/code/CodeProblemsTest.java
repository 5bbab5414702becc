// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.sandbox.Language;
import dev.jacobian.rl.sandbox.Limits;
import dev.jacobian.rl.sandbox.Program;
import dev.jacobian.rl.sandbox.Sandbox;
import dev.jacobian.rl.sandbox.Sandboxes;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.opentest4j.TestAbortedException;

/** Every program of every golden problem gets its verdict. */
class CodeProblemsTest {
    private static final ExecutorService THREADS = Executors.newVirtualThreadPerTaskExecutor();
    private static Sandbox sandbox;

    @BeforeAll
    static void open() {
        sandbox = Sandboxes.isolated();
    }

    @AfterAll
    static void close() {
        THREADS.close();
        if (sandbox != null) {
            sandbox.close();
        }
    }

    @TestFactory
    Stream<DynamicContainer> programsGetTheirVerdicts() throws IOException {
        return Files.readAllLines(TestPaths.testdata("rewards", "code", "problems.jsonl")).stream()
                .map(line -> Json.parse(line, "problems.jsonl"))
                .map(CodeProblemsTest::problem);
    }

    private static DynamicContainer problem(JsonNode problem) {
        Optional<List<TestCase>> all = allTests(problem);
        List<TestCase> tests =
                all.orElseGet(() -> StreamSupport.stream(problem.get("tests").spliterator(), false)
                        .map(test -> new TestCase(
                                test.get("input").asText(), test.get("output").asText()))
                        .toList());
        List<DynamicTest> programs = new ArrayList<>();
        for (JsonNode program : problem.get("programs")) {
            // begun at once, as many at a time as the sandbox allows, and asked for in order
            CompletableFuture<Verdict> verdict =
                    CompletableFuture.supplyAsync(() -> verdict(problem, program, tests), THREADS);
            programs.add(DynamicTest.dynamicTest(
                    program.get("file").asText(), () -> check(program, verdict, all.isPresent())));
        }
        return DynamicContainer.dynamicContainer(problem.get("name").asText(), programs);
    }

    private static Verdict verdict(JsonNode problem, JsonNode program, List<TestCase> tests) {
        Language language = Language.named(program.get("language").asText()).orElseThrow();
        if (language.missing().isPresent()) {
            throw new TestAbortedException("skipped: " + language.missing().get());
        }
        JsonNode limits = problem.get("limits");
        Judge judge = new Judge(
                sandbox,
                Limits.DEFAULT
                        .withCpu(limits.get("cpu_s").asDouble())
                        .withWall(limits.get("wall_s").asDouble())
                        .withMemory(limits.get("memory_mib").asLong() << 20)
                        .withOutput(limits.get("output_bytes").asLong()),
                false);
        return judge.judge(new Program(language, program.get("source").asText()), tests)
                .verdict();
    }

    private static void check(JsonNode program, CompletableFuture<Verdict> verdict, boolean allTests) {
        String expected = program.get("expected").asText();
        List<String> right = new ArrayList<>(List.of(expected));
        if (!expected.equals(
                "memory_limit")) { // other judges may call it a run-time error; here it is always told apart
            program.get("also_ok").forEach(also -> right.add(also.asText()));
        }
        Assumptions.assumeTrue(
                allTests || !program.get("file").asText().contains("slow"),
                "skipped: the large tests that show that a program is slow may not be committed");
        String found = verdict.handle((value, failure) -> {
                    if (failure != null && failure.getCause() instanceof TestAbortedException skipped) {
                        throw skipped;
                    }
                    return failure == null ? value.toString() : failure.toString();
                })
                .join();
        assertThat(found).as(program.get("note").asText()).isIn(right);
    }

    /** Also the tests that are not committed, where they are. */
    private static Optional<List<TestCase>> allTests(JsonNode problem) {
        List<TestCase> tests = new ArrayList<>();
        try {
            Path folder = TestPaths.shared(
                    "golden", "rewards", "code", "problems", problem.get("name").asText(), "tests");
            for (int i = 1; i <= problem.get("all_tests").asInt(); i++) {
                tests.add(new TestCase(
                        Files.readString(folder.resolve(i + ".in")), Files.readString(folder.resolve(i + ".out"))));
            }
            return Optional.of(tests);
        } catch (TestAbortedException notThere) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
