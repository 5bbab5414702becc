// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * One command, run in this process.
 *
 * @param code exit code
 * @param out standard output
 * @param err standard error
 */
record Run(int code, String out, String err) {
    static Run of(Object... args) {
        return withInput("", args);
    }

    static Run withInput(String input, Object... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        String[] strings = List.of(args).stream().map(Object::toString).toArray(String[]::new);
        int code = Cli.run(
                strings,
                new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, false, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Run(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** The result of a command that must succeed. */
    String result() {
        assertThat(code).as(err).isZero();
        return out;
    }

    /** The JSON of a command that must succeed: one line, nothing else. */
    JsonNode json() {
        assertThat(result()).endsWith("\n");
        assertThat(out.strip()).doesNotContain("\n");
        return Json.parse(out, "standard output");
    }

    /** The message of a command that must fail: one line, no stack trace, no result. */
    String failure(int expectedCode) {
        assertThat(code).as(err).isEqualTo(expectedCode);
        assertThat(out).isEmpty();
        List<String> lines =
                err.lines().filter(line -> !line.startsWith("jacobian: JDK ")).toList();
        assertThat(lines).as("messages").hasSize(1);
        assertThat(lines.getFirst()).startsWith("jacobian: error: ").doesNotContain("a defect in Jacobian");
        return lines.getFirst().substring("jacobian: error: ".length());
    }

    /** The message of a command that failed after it had said what it was about to do; no stack trace. */
    String failureBehindNotes() {
        assertThat(code).as(err).isEqualTo(ExitCode.FAILED);
        String message = err.lines().toList().getLast();
        assertThat(message).startsWith("jacobian: error: ").doesNotContain("a defect in Jacobian");
        return message.substring("jacobian: error: ".length());
    }
}
