// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrintableTest {
    @Test
    void whatATerminalWouldObeyIsWrittenOut() {
        assertThat(Printable.of("a\u001b[2Jb\u0007")).isEqualTo("a\\u001b[2Jb\\u0007");
        assertThat(Printable.of("\u009b31m\u007f")).isEqualTo("\\u009b31m\\u007f");
        assertThat(Printable.of("ok\rFAKE")).isEqualTo("ok\\u000dFAKE");
        assertThat(Printable.of("a\u202Eb\u2066")).isEqualTo("a\\u202eb\\u2066");
    }

    @Test
    void ordinaryTextStaysWhatItIs() {
        String text = "Grüße,\tשלום 😀 \\u001b\r\n";
        assertThat(Printable.of(text)).isSameAs(text);
    }

    @Test
    void messagesOfFormatErrorsAreWrittenOut() {
        assertThat(new FormatException("f\u001b", "\u001b[31mx", "y")).hasMessage("f\\u001b: \\u001b[31mx. y");
    }
}
