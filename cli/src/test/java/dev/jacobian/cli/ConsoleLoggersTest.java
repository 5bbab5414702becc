// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** What the library logs is a note like any other. */
class ConsoleLoggersTest {
    @Test
    void aLineEach() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.Logger log = new ConsoleLoggers(new PrintStream(out, true, StandardCharsets.UTF_8))
                .getLogger("dev.jacobian.x", getClass().getModule());
        log.log(System.Logger.Level.DEBUG, "nobody asked");
        log.log(System.Logger.Level.INFO, "{0}: cut {1} bytes", "f", 7);
        log.log(System.Logger.Level.WARNING, "two\nlines\u001b[31m");
        log.log(System.Logger.Level.ERROR, "it failed", new IllegalStateException("why"));
        assertThat(out.toString(StandardCharsets.UTF_8).lines())
                .containsExactly(
                        "jacobian: f: cut 7 bytes",
                        "jacobian: warning: two lines\\u001b[31m",
                        "jacobian: error: it failed: java.lang.IllegalStateException: why");
    }
}
