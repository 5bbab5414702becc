// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class CodeBlockTest {
    private static final Set<String> PYTHON = Set.of("python", "py");

    @Test
    void theLastBlockOfTheLanguageCounts() {
        String text = """
            First try:
            ```python
            print(1)
            ```
            No:
              ```Python title="b"
              print(2)
              ```
            It prints
            ```
            2
            ```
            """;
        assertThat(CodeBlock.last(text, PYTHON)).contains("  print(2)\n");
        assertThat(CodeBlock.last(text, Set.of("java"))).contains("2\n");
    }

    @Test
    void aBlockWithoutALanguageCountsIfNoneNamesIt() {
        assertThat(CodeBlock.last("```\na\n```\n```text\nb\n```", PYTHON)).contains("a\n");
        assertThat(CodeBlock.last("```text\nb\n```", PYTHON)).isEmpty();
        assertThat(CodeBlock.last("print(1)", PYTHON)).isEmpty();
    }

    @Test
    void anUnfinishedBlockCountsIfThereIsNoOther() {
        assertThat(CodeBlock.last("```python\nprint(1)", PYTHON)).contains("print(1)\n");
        assertThat(CodeBlock.last("```python\nprint(1)\n```\n```python\nprint(", PYTHON))
                .contains("print(1)\n");
        assertThat(CodeBlock.last("```text\nb", PYTHON)).isEmpty();
    }

    @Test
    void aLongTextIsReadInOnePass() {
        String text = "```python\n" + "x = '``` not a fence'\n".repeat(200_000) + "```";
        assertThat(CodeBlock.last(text, PYTHON).orElseThrow()).hasSize(22 * 200_000);
    }
}
