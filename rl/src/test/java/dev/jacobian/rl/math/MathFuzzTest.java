// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.Rng;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Completions are untrusted: whatever stands in one, there is a verdict, without an exception and within the allowed steps. */
class MathFuzzTest {
    private static final List<String> PIECES = List.of(
            "\\frac",
            "\\sqrt",
            "{",
            "}",
            "(",
            ")",
            "[",
            "]",
            "\\{",
            "\\}",
            "^",
            "_",
            "+",
            "-",
            "*",
            "/",
            "=",
            "<",
            "\\le ",
            ",",
            ";",
            ":",
            "|",
            "!",
            "1",
            "23",
            "4.5",
            "0.\\overline{3}",
            "x",
            "y",
            "n",
            "e",
            "i",
            "\\pi",
            "\\infty",
            "\\sin ",
            "\\log_",
            "\\ln ",
            "\\binom",
            "\\sum_{k=1}^{9}",
            "k",
            "\\begin{pmatrix}",
            "\\end{pmatrix}",
            "&",
            "\\\\",
            "\\cup ",
            "\\in ",
            "\\text{",
            "\\text{ and }",
            "\\boxed{",
            "$",
            "$$",
            "\\(",
            "\\)",
            "\\[",
            "\\]",
            " ",
            "\n",
            "%",
            "\\%",
            "\\$",
            "m",
            "\\text{ cm}",
            "^\\circ",
            "\\pm ",
            "\\left",
            "\\right",
            "\\mathbb{R}",
            "The answer is ",
            "####",
            "<think>",
            "</think>",
            "<answer>",
            "</answer>",
            "12:30",
            "December 3",
            "XIV",
            "２",
            "²",
            "½",
            "√",
            "\uD835",
            "\u202E",
            "\u0000",
            "é",
            "年",
            "0x1F",
            "101_2",
            "|x|",
            "\\bmod ",
            "\\pmod ",
            "\\over ",
            "\\choose ",
            "a_{n+1}",
            "f(x)",
            "'",
            "\\lfloor ",
            "\\rfloor ",
            "\\det",
            "^T",
            "...",
            "\\ldots",
            "and",
            "or");

    @Test
    void randomFormulas() {
        int inputs = Integer.getInteger("jacobian.fuzz.inputs", 3000);
        for (int k = 0; k < inputs; k++) {
            Rng rng = new Rng(20261130L, k);
            StringBuilder text = new StringBuilder();
            for (int pieces = 1 + rng.nextInt(30); pieces > 0; pieces--) {
                text.append(PIECES.get(rng.nextInt(PIECES.size())));
            }
            requireVerdict("\\frac{1}{2}", text.toString());
            requireVerdict(text.toString(), "\\boxed{" + text + "}");
        }
    }

    @Test
    void deepAndLong() {
        for (String piece : List.of(
                "(",
                "{",
                "[",
                "\\{",
                "\\frac{",
                "\\sqrt{",
                "\\boxed{",
                "|",
                "-",
                "$",
                "2^",
                "\\sin ",
                "x!",
                "1+",
                "1/",
                "a,",
                "\\text{",
                "\\left(",
                "<think>",
                "\\begin{pmatrix}",
                "\\cup",
                "answer is ",
                "\n",
                ". A",
                "~~",
                "**",
                "`",
                "1 ",
                "1,",
                "\\\\",
                "&",
                "0.",
                "9",
                "年",
                "x=",
                "\\pm ",
                "%",
                " ",
                "\t",
                "$1$ ",
                "if ",
                "since 3 ",
                "wait ",
                "x = 3\n",
                "- 3\n",
                "[x]_",
                "\\int ",
                "<2,",
                ":")) {
            for (int times : new int[] {50, 3_000, 200_000 / piece.length()}) {
                String text = piece.repeat(times);
                requireVerdict("5", text + "5");
                requireVerdict("5", "\\boxed{" + text + "}");
            }
            requireVerdict(piece.repeat(3_000), piece.repeat(3_000));
        }
    }

    private static void requireVerdict(String reference, String completion) {
        MathVerdict verdict = MathAnswers.judge(reference, completion);
        assertThat(verdict.outcome()).isNotNull();
    }
}
