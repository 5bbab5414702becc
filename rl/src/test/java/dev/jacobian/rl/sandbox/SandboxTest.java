// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class SandboxTest {
    private static Sandbox sandbox;

    @BeforeAll
    static void open() {
        sandbox = Sandboxes.isolated();
    }

    @AfterAll
    static void close() {
        if (sandbox != null) {
            sandbox.close();
        }
    }

    private static Outcome shell(String script, String... arguments) {
        return sandbox.run(
                new Program(Language.shell(), script, java.util.List.of(arguments)), new byte[0], Limits.DEFAULT);
    }

    @Test
    void aProgramReadsItsInputAndItsArgumentsAndReturnsACode() {
        Outcome outcome = sandbox.run(
                new Program(
                        Language.shell(),
                        "read line; echo \"$1 $line\"; echo oh >&2; exit 3",
                        java.util.List.of("a b")),
                "c d\n".getBytes(StandardCharsets.UTF_8),
                Limits.DEFAULT);
        assertThat(outcome.ending()).isEqualTo(Ending.EXITED);
        assertThat(outcome.exitCode()).isEqualTo(3);
        assertThat(outcome.stdoutText()).isEqualTo("a b c d\n");
        assertThat(outcome.stderrText()).isEqualTo("oh\n");
        assertThat(outcome.succeeded()).isFalse();
        assertThat(shell("exit 0").succeeded()).isTrue();
    }
}
