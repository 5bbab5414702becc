// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.rl.math.expression.Work;
import dev.jacobian.tensor.Rng;
import dev.jacobian.testing.TestPaths;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What holds for every text, tried on real answers and on what random changes make of them. */
class MathMutationsTest {

    /** Kinds of answers where neither side is special: no unit, percentage or name may be left out on one of them. */
    private static final Set<String> SYMMETRIC = Set.of(
            "decimals",
            "fractions",
            "mixed_numbers",
            "negatives",
            "roots",
            "powers",
            "pi_e",
            "polynomials",
            "rational_functions",
            "combinatorial",
            "complex",
            "matrices",
            "tuples",
            "plus_minus",
            "lists_and_or");

    private static final List<String> PIECES = List.of(
            "{",
            "}",
            "(",
            ")",
            "[",
            "\\",
            "$",
            "^",
            "_",
            "-",
            "/",
            "!",
            "%",
            ",",
            ".",
            " ",
            "\n",
            "0",
            "9",
            "10^{10}",
            "x",
            "\\frac",
            "\\sqrt",
            "\\boxed{",
            "\\text{",
            "\\left(",
            "\\pm ",
            "\\infty",
            "\\int_0^1 ",
            "\\lim_{x\\to0}",
            "=",
            "<",
            "and",
            " or ",
            "&",
            "\\\\",
            "\\begin{pmatrix}",
            "\\end{pmatrix}",
            "\u0000",
            "\uD835",
            "²",
            "|",
            "\\{",
            ":",
            "'",
            "\\implies ");

    private static final List<MathPair> PAIRS = MathPair.read(TestPaths.testdata("rewards/math_pairs.jsonl"));

    private static List<String> references(Set<String> categories) {
        return PAIRS.stream()
                .filter(pair -> categories.isEmpty() || categories.contains(pair.category()))
                .map(MathPair::gold)
                .filter(gold -> !gold.isBlank())
                .distinct()
                .toList();
    }

    @Test
    @DisplayName("every reference is right against itself, bare, in a box, between dollars and in a tag")
    void reflexive() {
        for (String gold : references(Set.of())) {
            assertThat(MathAnswers.equal(gold, gold)).as(gold).isTrue();
            for (String around : List.of("\\boxed{%}", "So it is\n\\[ \\boxed{%} \\]", "<answer>$%$</answer>")) {
                String completion = around.replace("%", gold);
                assertThat(MathAnswers.judge(gold, completion).isRight())
                        .as(completion)
                        .isTrue();
            }
        }
    }

    @Test
    @DisplayName("which of two expressions is the reference does not matter")
    void symmetric() {
        List<String> golds = references(SYMMETRIC);
        for (int k = 0; k < 4000; k++) {
            Rng rng = new Rng(20261201L, k);
            String a = golds.get(rng.nextInt(golds.size()));
            String b = k % 2 == 0 ? golds.get(rng.nextInt(golds.size())) : mutated(a, rng, 1);
            if (b.matches("(?s).*(?:boxed|####|[%$=<>:]).*")) {
                continue; // worked solutions, percentages, names and bounds: rules that know which side is which
            }
            assertThat(MathAnswers.equal(a, b)).as("%s against %s", a, b).isEqualTo(MathAnswers.equal(b, a));
        }
    }

    @Test
    @DisplayName("any change of an answer gets a verdict within the steps")
    void bounded() {
        int inputs = Integer.getInteger("jacobian.fuzz.inputs", 1500);
        for (int k = 0; k < inputs; k++) {
            Rng rng = new Rng(20261202L, k);
            MathPair pair = PAIRS.get(rng.nextInt(PAIRS.size()));
            if (pair.answer().length() > 3_000) {
                continue;
            }
            String gold = rng.nextInt(3) == 0 ? mutated(pair.gold(), rng, 3) : pair.gold();
            String answer = mutated(pair.answer(), rng, 1 + rng.nextInt(6));
            Work work = new Work();
            MathVerdict verdict = MathAnswers.judge(gold, answer, work);
            assertThat(verdict.outcome()).isNotNull();
            assertThat(work.left()).as(answer).isGreaterThanOrEqualTo(0);
        }
    }

    /** Deletes, doubles, moves and inserts. */
    private static String mutated(String text, Rng rng, int times) {
        StringBuilder out = new StringBuilder(text);
        for (int k = 0; k < times; k++) {
            int at = rng.nextInt(out.length() + 1);
            int to = Math.min(out.length(), at + 1 + rng.nextInt(6));
            String span = out.substring(at, to);
            switch (rng.nextInt(5)) {
                case 0 -> out.delete(at, to);
                case 1 -> out.insert(at, span);
                case 2 -> out.delete(at, to).insert(rng.nextInt(out.length() + 1), span);
                case 3 -> out.insert(at, span.repeat(1 + rng.nextInt(200)));
                default -> out.insert(at, PIECES.get(rng.nextInt(PIECES.size())));
            }
        }
        return out.toString();
    }
}
