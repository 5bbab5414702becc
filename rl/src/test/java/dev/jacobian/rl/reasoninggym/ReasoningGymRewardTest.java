// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.reward.ExactMatchReward.Answer;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.transformer.generation.FinishReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** reasoning-gym's rules on rows of our own, one for each form of answer. */
class ReasoningGymRewardTest {
    @TempDir
    Path folder;

    /**
     * A row, and what is right and wrong for it.
     *
     * @param metadata its metadata after {@code source_dataset}
     */
    record Case(String task, String answer, String metadata, List<String> right, List<String> wrong) {}

    static List<Case> cases() {
        return List.of(
                new Case("gcd", "6", "", List.of("6", " 6 "), List.of("66", "6.0", "the 6")),
                new Case("products", "1200", "", List.of("1,200", "1200.0", "+1200", "1.2e3"), List.of("120", "1200x")),
                new Case("bitwise_arithmetic", "0x1f", "", List.of("1F", "0X1f", "+0x1f"), List.of("31", "0x", "g")),
                new Case("calendar_arithmetic", "Friday", "", List.of("Friday"), List.of("friday", "Monday")),
                new Case("calendar_arithmetic", "12", "", List.of("12", "012"), List.of("13", "12.0", "-12")),
                new Case(
                        "complex_arithmetic",
                        "3.0 - 1.0i",
                        ", \"result\": [3, -1]",
                        List.of("3-1i", "3 - i", "3-1j"),
                        List.of("3", "i", "3-1", "-", "i3", "3+-1i")),
                new Case(
                        "decimal_arithmetic",
                        "0.125",
                        ", \"decimal_places\": 3",
                        List.of("0.125", ".125", "1.25e-1"),
                        List.of("0.12501", "1/8")),
                new Case(
                        "fraction_simplification",
                        "2/3",
                        ", \"simplified_numerator\": 2, \"simplified_denominator\": 3",
                        List.of("2/3", "$2/3$", "\\frac{2}{3}", "$\\dfrac{ 2 }{3}$"),
                        List.of("4/6", "2/3.", "2", "/")),
                new Case(
                        "knights_knaves",
                        "Ada is a sage, and Ben is a fool.",
                        ", \"knight_knave_terms\": {\"knight\": \"sage\", \"knave\": \"fool\"}",
                        List.of("Ben is a fool and Ada is a sage"),
                        List.of("Ada is a fool, and Ben is a sage", "Ada is a sage")),
                new Case(
                        "number_sorting",
                        "['1.5', '2.0']",
                        ", \"direction\": \"ascending\"",
                        List.of("[1.5, 2]", "[\"1.5\",'2.0']"),
                        List.of("[1.5, 2.1]", "1.5, 2.0", "[2, 1.5]", "[", "[]")),
                new Case(
                        "word_sorting",
                        "ant, bee",
                        ", \"sorted_words\": [\"ant\", \"bee\"]",
                        List.of("ant,bee", " ant , bee "),
                        List.of("bee, ant", "ant, bee, cat", "ant")),
                new Case(
                        "polynomial_equations",
                        "-1.5, 2.0",
                        "",
                        List.of("2.0, -1.5", "-1.5,2"),
                        List.of("-1.5", "-1.5, 2, 2", "x = 2, -1.5")),
                new Case(
                        "prime_factorization",
                        "2 \u00d7 3",
                        ", \"factors\": [2, 3]",
                        List.of("2 \u00d7 3", "3\u00d72"),
                        List.of("6", "2 * 3", "1 \u00d7 6")),
                new Case("spell_backward", "cba", "", List.of("cba", "CBA"), List.of("cbaa", "abc")),
                new Case(
                        "spiral_matrix", "1 2", ", \"solution\": [1, 2]", List.of("1 2"), List.of("1  2", "2 1", "12")),
                new Case(
                        "mini_sudoku",
                        "1 2 3 4\\n3 4 1 2\\n2 1 4 3\\n4 3 2 1",
                        ", \"puzzle\": [[1,0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,1]]",
                        List.of("1 2 3 4\n3 4 1 2\n2 1 4 3\n4 3 2 1", "1 3 2 4\n2 4 1 3\n3 1 4 2\n4 2 3 1"),
                        List.of("1 2 3 4\n3 4 1 2\n2 1 4 3", "2 1 3 4\n3 4 1 2\n1 2 4 3\n4 3 2 1")),
                new Case(
                        "n_queens",
                        "_ Q _ _\\n_ _ _ Q\\nQ _ _ _\\n_ _ Q _",
                        ", \"puzzle\":"
                            + " [[\"_\",\"_\",\"_\",\"_\"],[\"_\",\"_\",\"_\",\"_\"],[\"_\",\"_\",\"_\",\"_\"],[\"_\",\"_\",\"_\",\"_\"]],"
                            + " \"valid_answers\": [\"_ Q _ _\\n"
                            + "_ _ _ Q\\n"
                            + "Q _ _ _\\n"
                            + "_ _ Q _\"]",
                        List.of("_ Q _ _\n_ _ _ Q\nQ _ _ _\n_ _ Q _", "_ _ Q _\nQ _ _ _\n_ _ _ Q\n_ Q _ _"),
                        List.of("Q _ _ _\n_ Q _ _\n_ _ Q _\n_ _ _ Q", "_ Q _ _", "Q Q Q Q\nQ Q Q Q\nQ Q Q Q\nQ Q Q Q")),
                new Case(
                        "shortest_path",
                        "right down",
                        ", \"matrix\": [[\"*\",\"O\"],[\"O\",\"#\"]]",
                        List.of("right down", "down right"),
                        List.of("right left right down", "infeasible", "down", "jump")),
                new Case(
                        "tower_of_hanoi",
                        "Move disk 1 from Peg 1 to Peg 3",
                        ", \"num_disks\": 1, \"num_pegs\": 3, \"start_peg\": 1, \"target_peg\": 3,"
                                + " \"solution_length\": 1",
                        List.of(
                                "Move disk 1 from Peg 1 to Peg 3",
                                "Move disk 1 from Peg 1 to Peg 2\nMove disk 1 from Peg 2 to Peg 3"),
                        List.of(
                                "Move disk 1 from Peg 1 to Peg 2",
                                "Move disk 2 from Peg 1 to Peg 3",
                                "Move disk 1 from Peg 1 to Peg 9")),
                new Case(
                        "countdown",
                        "(2 + 3)*4",
                        ", \"numbers\": [2, 3, 4], \"target\": 20",
                        List.of("4*(3+2)", "(3 + 2)*4"),
                        List.of("20", "4*5", "4*3+4*2", "(2 + 3)*4 = 20", "2**3", "5*4")),
                new Case(
                        "puzzle24",
                        "4*6*1*1",
                        ", \"numbers\": [4, 6, 1, 1]",
                        List.of("6*4/1/1", "(6 - 1 + 1)*4"),
                        List.of("8*3", "24", "4*6", "6*4*1*1*1")),
                new Case(
                        "polynomial_multiplication",
                        "x**2 - 1",
                        ", \"polynomial_expr\": \"(x - 1)*(x + 1)\"",
                        List.of("x**2-1", "x*x - 1", "(x-1)*(1+x)", "-1 + 2*x**2/2"),
                        List.of("x^2-1", "x**2", "X**2 - 1", "x**2 - 1 +")),
                new Case(
                        "simple_integration",
                        "x**2 + C",
                        ", \"integrand\": \"2*x\", \"variable\": \"x\"",
                        List.of("x**2 + C", "x**2", "C + x*x - 3"),
                        List.of("x**2 + x", "2*x", "x**3/x", "x**2 + C.")),
                new Case(
                        "propositional_logic",
                        "(P \u2227 R)",
                        ", \"variables\": [\"P\", \"Q\", \"R\"], \"premises\": [\"P\", \"(P \u2192 R)\"]",
                        List.of("R", "(P \u2227 R)", "P \u2227 R", "\u00ac\u00acR"),
                        List.of("P", "Q", "(Q \u2228 \u00acQ)", "(P \u2192 R)", "S", "R)", "\u00ac", "P \u2227")));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void rightAndWrong(Case one) throws IOException {
        Problem problem = read(one).allProblems().getFirst();
        assertThat(problem.prompt()).startsWith("What?\n").contains("<answer>");
        for (String right : one.right()) {
            assertThat(score(GymScoring.RIGHT, problem, right)).as(right).isEqualTo(1);
        }
        for (String wrong : one.wrong()) {
            assertThat(score(GymScoring.RIGHT, problem, wrong)).as(wrong).isEqualTo(0);
        }
        assertThat(ReasoningGymReward.DEFAULT
                        .score(problem.completion(
                                "6 <answer>" + one.right().getFirst() + "</answer>", new int[0], FinishReason.STOP))
                        .orNaN())
                .isEqualTo(1);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void hostileAnswersAreWrongAndQuick(Case one) throws IOException {
        Problem problem = read(one).allProblems().getFirst();
        List<String> texts = List.of(
                "9".repeat(60_000),
                "(".repeat(60_000),
                "-".repeat(60_000),
                "\u00ac".repeat(60_000),
                "(x+1)**99*(x+1)**99*(x+1)**99",
                "(x+y+z+a+b+c)**60",
                "9**99**99",
                "((((9**99)**99)**99)**99)**99",
                "1/0",
                "1/(x-x)",
                "1,".repeat(20_000),
                "[" + "1,".repeat(20_000) + "1]",
                "1e999999999",
                "1e-999999999",
                "Move disk 9999999999 from Peg 1 to Peg 1",
                "\\frac{".repeat(5000),
                "$".repeat(60_000),
                "up ".repeat(20_000),
                "Ada is a sage ".repeat(4000),
                "\uD83D\uDE00\0\uD800",
                "(".repeat(1 << 20));
        long start = System.nanoTime();
        for (String text : texts) {
            assertThat(score(GymScoring.RIGHT, problem, text)).isEqualTo(0);
            assertThat(score(GymScoring.ORIGINAL, problem, text)).isBetween(0.0, 0.5);
        }
        assertThat(System.nanoTime() - start).isLessThan(4_000_000_000L);
    }

    @Test
    void rowsThatCannotBeScoredAreRefusedByNumber() throws IOException {
        assertThatThrownBy(() -> read(
                        "{\"question\": \"?\", \"answer\": \"1\", \"metadata\": {\"source_dataset\": \"arc_agi\"}}"))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("row 1")
                .hasMessageContaining("there is no scorer for reasoning-gym's task 'arc_agi'")
                .hasMessageContaining("base_conversion, basic_arithmetic");
        assertThatThrownBy(() -> read("{\"question\": \"?\", \"answer\": \"1\"}"))
                .hasMessageContaining("'metadata.source_dataset' or 'task'");
        assertThatThrownBy(() -> read("{\"question\": \"?\", \"answer\": \"1\", \"task\": \"countdown\"}"))
                .hasMessageContaining("not a row of reasoning-gym's countdown")
                .hasMessageContaining("metadata");
        assertThatThrownBy(() -> read("{\"answer\": \"1\", \"task\": \"gcd\"}")).hasMessageContaining("'prompt'");
        JsonlTask named = ReasoningGym.task(
                Files.writeString(folder.resolve("named.jsonl"), "{\"question\": \"?\", \"answer\": \"1\"}\n"),
                new ReasoningGymReward(GymScoring.RIGHT, Answer.TAG, "gcd"),
                false);
        assertThat(named.allProblems()).hasSize(1);
    }

    @Test
    void partialCreditIsTheOriginals() {
        Map<String, Double> scores = Map.of("12", 1.0, " 12", 2 / 3.0, "the answer is 12", 0.125, "13", 0.0);
        scores.forEach((answer, score) -> assertThat(
                        new Contained().score(new dev.jacobian.rl.reward.Columns(Map.of("answer", "12")), answer))
                .isEqualTo(score));
    }

    private JsonlTask read(Case one) throws IOException {
        return read("{\"question\": \"What?\", \"answer\": \"" + one.answer()
                + "\", \"metadata\": {\"source_dataset\": \"" + one.task() + "\"" + one.metadata() + "}}");
    }

    private JsonlTask read(String row) throws IOException {
        return ReasoningGym.task(
                Files.writeString(folder.resolve("rows.jsonl"), row + "\n"), ReasoningGymReward.DEFAULT, false);
    }

    private static double score(GymScoring scoring, Problem problem, String answer) {
        return new ReasoningGymReward(scoring, Answer.WHOLE, "")
                .score(problem.completion(answer, new int[0], FinishReason.STOP))
                .orNaN();
    }
}
