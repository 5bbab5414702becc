// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class LineEndsTest {
    private static String printed(List<String> pieces) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(bytes, false, StandardCharsets.UTF_8);
        Streams streams = new Streams(InputStream.nullInputStream(), out, out);
        LineEnds ends = new LineEnds();
        pieces.forEach(piece -> streams.stream(ends.next(piece)));
        streams.line(ends.rest());
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aLineEndInTwoPiecesIsOne() {
        assertThat(printed(List.of("a\r", "\nb"))).isEqualTo("a\r\nb\n");
        assertThat(printed(List.of("a", "\r", "", "\n", "b\r\n"))).isEqualTo("a\r\nb\r\n\n");
    }

    @Test
    void aReturnAloneIsWrittenOut() {
        assertThat(printed(List.of("ok\r", "FAKE"))).isEqualTo("ok\\u000dFAKE\n");
        assertThat(printed(List.of("a\r", "\r", "\n"))).isEqualTo("a\\u000d\r\n\n");
    }

    /** The end of the text is followed by a line end of ours. */
    @Test
    void aReturnAtTheEndIsPartOfTheLastLineEnd() {
        assertThat(printed(List.of("a\r"))).isEqualTo("a\r\n");
    }
}
