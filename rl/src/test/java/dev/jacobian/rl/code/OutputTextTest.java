// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OutputTextTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "a|a|true",
                "a\\n|a|true",
                "a \\t\\r\\n\\n \\n|a|true",
                "a  \\nb|a\\nb|true",
                "\\na|a|false", // an empty line at the beginning counts
                " a|a|false",
                "a\\n\\nb|a\\nb|false",
                "a\\n  \\nb|a\\n\\nb|true",
                "ab|a b|false",
                "A|a|false",
                " \\n \\n||true",
                "a\u0000|a|false",
            })
    void blanksAtTheEndsOfLinesAndEmptyLinesAtTheEndDoNotCount(String written, String expected, boolean same) {
        assertThat(OutputText.same(bytes(written), text(expected))).isEqualTo(same);
        assertThat(OutputText.same(bytes(expected), text(written))).isEqualTo(same);
    }

    private static byte[] bytes(String spelled) {
        return text(spelled).getBytes(StandardCharsets.UTF_8);
    }

    private static String text(String spelled) {
        return spelled == null
                ? ""
                : spelled.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r");
    }
}
