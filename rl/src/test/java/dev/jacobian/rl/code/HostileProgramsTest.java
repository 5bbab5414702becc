// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.sandbox.Language;
import dev.jacobian.rl.sandbox.Limits;
import dev.jacobian.rl.sandbox.Outcome;
import dev.jacobian.rl.sandbox.Program;
import dev.jacobian.rl.sandbox.Sandbox;
import dev.jacobian.rl.sandbox.Sandboxes;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Programs that attack whoever runs them, one at a time and only behind walls: each gets an acceptable verdict, and host and neighbours are as they were.
 */
@ParameterizedClass
@EnumSource(Sandboxes.Walls.class)
class HostileProgramsTest {
    private static final long MIB = 1L << 20;
    private static final Limits LIMITS =
            new Limits(2, 8, 256 * MIB, 4 * MIB, 64, 64 * MIB); // time by the clock is short: one of them only sleeps
    private static final int PORT = 18080;
    private static final int MOST_SECONDS = 110; // what a program that waits for a processor all the time may have

    @TempDir
    static Path neighbour; // somebody else's tests

    private static Sandbox sandbox;

    private static Map<Long, String> worker; // the processes of a warm worker, which stay

    @Parameter
    Sandboxes.Walls walls;

    @BeforeParameterizedClassInvocation
    static void open(Sandboxes.Walls walls) {
        sandbox = walls.open();
        sandbox.run(new Program(Language.shell(), ":"), new byte[0], LIMITS);
        worker = Sandboxes.idle(walls);
    }

    @AfterParameterizedClassInvocation
    static void close() {
        if (sandbox != null) {
            sandbox.close();
            sandbox = null;
        }
    }

    @TestFactory
    Stream<DynamicTest> programsAreContained() throws IOException {
        return Files.readAllLines(TestPaths.testdata("rewards", "code", "hostile.jsonl")).stream()
                .map(line -> Json.parse(line, "hostile.jsonl"))
                .map(program -> DynamicTest.dynamicTest(program.get("name").asText(), () -> check(program)));
    }

    private void check(JsonNode attack) throws Exception {
        String name = attack.get("name").asText();
        Language language =
                Sandboxes.needed(Language.named(attack.get("language").asText()).orElseThrow());
        Files.createDirectories(neighbour.resolve("tests"));
        Files.writeString(neighbour.resolve("tests/1.out"), "7\n");
        long users = Files.size(Path.of("/etc/passwd"));
        long free = Files.getFileStore(sandboxFolder()).getUsableSpace();
        Outcome outcome;
        try (Listener listener = new Listener()) {
            String input = name.equals("stdin_never_read") ? "0123456789abcde\n".repeat(4 << 20) : "";
            outcome = sandbox.run(
                    new Program(language, attack.get("source").asText()),
                    input.getBytes(StandardCharsets.US_ASCII),
                    LIMITS);
            assertThat(listener.visitors()).as("connections to the host").isZero();
        }
        List<String> acceptable = new ArrayList<>();
        attack.get("acceptable_verdicts").forEach(verdict -> acceptable.add(verdict.asText()));
        Verdict verdict = Verdict.of(outcome, OutputText.same(outcome.stdout(), "7"));
        assertThat(verdict)
                .as("%s: %s", outcome, attack.get("expected_containment").asText())
                .extracting(Verdict::toString)
                .isIn(acceptable);
        assertThat(outcome.wallSeconds()).isLessThan(MOST_SECONDS);
        assertThat(outcome.peakMemoryBytes()).isLessThan(LIMITS.memoryBytes() + (192 + 64) * MIB);
        host(users, free);
        said(name, outcome.stdoutText());
    }

    private static Path sandboxFolder() {
        return Path.of(System.getProperty("java.io.tmpdir"));
    }

    /** What must be as it was. */
    private static void host(long users, long free) throws IOException {
        for (String folder : List.of("/tmp", "/var/tmp", System.getProperty("user.home"), "/etc", "/", "/dev/shm")) {
            assertThat(Path.of(folder, "hostile_marker")).doesNotExist();
            assertThat(Path.of(folder, "hostile_cwd_marker")).doesNotExist();
        }
        assertThat(Path.of("hostile_cwd_marker")).doesNotExist();
        assertThat(Path.of("..", "hostile_cwd_marker")).doesNotExist();
        assertThat(neighbour.resolve("tests/1.out")).hasContent("7\n");
        assertThat(Files.size(Path.of("/etc/passwd"))).isEqualTo(users);
        assertThat(Files.getFileStore(sandboxFolder()).getUsableSpace())
                .as("free space, which others use too")
                .isGreaterThan(free - 1024 * MIB);
        Sandboxes.awaitProcessesOfRuns(worker);
    }

    /** What the program itself found out. */
    private static void said(String name, String output) {
        switch (name) {
            case "fork_bomb_bounded" ->
                assertThat(number(output, "made (\\d+)")).isLessThanOrEqualTo(64);
            case "thread_bomb" -> assertThat(output).doesNotContain("started 4000");
            case "memory_bomb_8g" -> assertThat(output).doesNotContain("got");
            case "endless_output" -> assertThat(output.length()).isEqualTo((int) LIMITS.outputBytes());
            case "read_secrets" -> {
                List<String> visible = Pattern.compile("'(\\w+)'")
                        .matcher(output.lines().skip(1).findFirst().orElseThrow())
                        .results()
                        .map(found -> found.group(1))
                        .toList();
                assertThat(visible)
                        .isSubsetOf(
                                "HOME",
                                "LC_ALL",
                                "OLDPWD",
                                "OMP_NUM_THREADS",
                                "OPENBLAS_NUM_THREADS",
                                "PATH",
                                "PWD",
                                "TZ",
                                "PYTHONDONTWRITEBYTECODE",
                                "PYTHONHASHSEED",
                                "TMPDIR");
                assertThat(output).contains("canary None", "/etc/shadow no", "/root/.ssh/id_rsa no");
            }
            case "proc_snoop" -> {
                assertThat(number(output, "mem-openable (\\d+)")).isZero();
                assertThat(number(output, "others (\\d+)")).isLessThanOrEqualTo(3);
            }
            case "net_connect" -> assertThat(output).doesNotContain("connected");
            default -> assertThat(output).isNotNull();
        }
    }

    private static int number(String text, String pattern) {
        Matcher number = Pattern.compile(pattern).matcher(text);
        assertThat(number.find()).as(text).isTrue();
        return Integer.parseInt(number.group(1));
    }

    /** Listens where an attack tries to connect. */
    private static final class Listener implements AutoCloseable {
        private final ServerSocket socket;

        Listener() throws IOException {
            ServerSocket open;
            try {
                open = new ServerSocket(PORT, 10, InetAddress.getLoopbackAddress());
            } catch (BindException taken) {
                open = new ServerSocket(
                        0,
                        10,
                        InetAddress.getLoopbackAddress()); // somebody else listens there, and is not to be reached
            }
            socket = open;
            socket.setSoTimeout(50);
        }

        int visitors() throws IOException {
            try {
                socket.accept().close();
                return 1;
            } catch (SocketTimeoutException nobody) {
                return 0;
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
