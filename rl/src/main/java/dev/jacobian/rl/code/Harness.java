// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.sandbox.Limits;
import dev.jacobian.rl.sandbox.Outcome;
import dev.jacobian.rl.sandbox.Program;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Tries tests that are Python on a program that is empty, before they judge one that is not.
 *
 * <p>Tests are data, and data have faults. A syntax error in an assertion or a module that is not installed would give every program 0, a
 * {@code check} that nobody calls would give every program 1, both in silence. On nothing these show: what cannot be compiled or imported
 * without a program cannot with one, and what passes nothing passes anything. Any other exception is what tests are there to raise.
 *
 * <p>A problem is asked about once for all samples of its group; what was found is remembered.
 */
final class Harness {
    private static final int REMEMBERED = 4096;
    private static final int MOST_TIMES = 20; // of one test's time, for all of them together
    private static final Map<Key, Optional<String>> FOUND = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Optional<String>> eldest) {
            return size() > REMEMBERED;
        }
    };

    private static final String TRIAL = """
        import json, sys
        job = json.loads(sys.stdin.read())
        out = sys.stdout
        found = []
        for test in job["tests"]:
            names = {"__name__": "solution"}
            exec(job["prelude"], names)
            try:
                exec(compile(test, "test", "exec"), names)
                found.append({})
            except (SyntaxError, ImportError) as error:
                where = " (line %s)" % error.lineno if isinstance(error, SyntaxError) else ""
                found.append({"broken": "%s: %s%s" % (type(error).__name__, getattr(error, "msg", error), where)})
            except ValueError as error:  # a null character, in Python up to 3.11
                found.append({"broken": str(error)} if "null bytes" in str(error) else {"raised": 1})
            except BaseException:
                found.append({"raised": 1})
            sys.stdout = out  # a test may have put something else there, and not come to putting it back
        out.write("\\n" + json.dumps(found))
        """;

    /** What was tried: a digest of the tests, and what they were allowed. */
    private record Key(String tests, Limits limits) {}

    private Harness() {}

    /** @throws BrokenTestsException if no program could pass, or any would */
    static void requireUsable(Judge judge, List<String> tests) {
        Limits limits = together(judge.limits(), tests.size());
        Key key = new Key(digest(tests), limits);
        Optional<String> problem;
        synchronized (FOUND) {
            problem = FOUND.get(key);
        }
        if (problem == null) {
            problem = problem(judge, tests, limits);
            synchronized (FOUND) {
                FOUND.put(key, problem);
            }
        }
        problem.ifPresent(text -> {
            throw new BrokenTestsException(text);
        });
    }

    /** Here all tests run in one process, where each has its own limits otherwise. */
    private static Limits together(Limits each, int tests) {
        double times = Math.clamp(tests, 1, MOST_TIMES);
        return each.withCpu(times * each.cpuSeconds()).withWall(times * each.wallSeconds());
    }

    private static String digest(List<String> tests) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String test : tests) {
                digest.update(test.getBytes(StandardCharsets.UTF_8));
                digest.update((byte) 0xFF); // which UTF-8 has not
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e); // every JDK has it
        }
    }

    private static Optional<String> problem(Judge judge, List<String> tests, Limits limits) {
        ObjectNode job = Json.object().put("prelude", PythonTests.PRELUDE);
        ArrayNode all = job.putArray("tests");
        tests.forEach(all::add);
        Outcome outcome =
                judge.sandbox().run(Program.python(TRIAL), Json.compact(job).getBytes(StandardCharsets.UTF_8), limits);
        List<String> said = outcome.stdoutText().lines().toList();
        if (!outcome.succeeded() || said.isEmpty()) {
            return Optional.of("they do not come to their end on an empty program: " + outcome.ending() + ", exit code "
                    + outcome.exitCode());
        }
        JsonNode found = Json.parse(said.getLast(), "what tests came to");
        int passed = 0;
        for (int i = 0; i < found.size(); i++) {
            JsonNode broken = found.get(i).path("broken");
            if (broken.isTextual()) {
                return Optional.of("test " + (i + 1) + " cannot run, whatever the program: " + broken.textValue());
            }
            passed += found.get(i).isEmpty() ? 1 : 0;
        }
        return passed == tests.size()
                ? Optional.of("they pass an empty program, so they would pass any. Where they only define 'check', a"
                        + " column 'entry_point' must name the function to call it with")
                : Optional.empty();
    }
}
