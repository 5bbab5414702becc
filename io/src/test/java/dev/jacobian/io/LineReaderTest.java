// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LineReaderTest {
    private static List<String> lines(String text, int most) throws IOException {
        List<String> lines = new ArrayList<>();
        try (LineReader reader = new LineReader(new StringReader(text), most)) {
            for (String line = reader.next(); line != null; line = reader.next()) {
                lines.add(line);
            }
        }
        return lines;
    }

    @Test
    void linesAreThoseOfTheJdk() throws IOException {
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < 3000; i++) {
            StringBuilder text = new StringBuilder();
            for (int n = random.nextInt(12); n > 0; n--) {
                switch (random.nextInt(5)) {
                    case 0 -> text.append('\n');
                    case 1 -> text.append('\r');
                    case 2 -> text.append("\r\n");
                    case 3 -> text.append("x".repeat(8187 + random.nextInt(8))); // about a buffer
                    default -> text.append("ab");
                }
            }
            List<String> expected = new BufferedReader(new StringReader(text.toString()))
                    .lines()
                    .toList();
            assertThat(lines(text.toString(), 1 << 20)).isEqualTo(expected);
        }
    }

    @Test
    void aLineMayBeAsLongAsTheLimit() throws IOException {
        String line = "x".repeat(20_000);
        assertThat(lines(line + "\r\n" + line, 20_000)).containsExactly(line, line);
        assertThatThrownBy(() -> lines(line + "\n" + line + "y", 20_000)).isInstanceOf(LineReader.TooLong.class);
    }
}
