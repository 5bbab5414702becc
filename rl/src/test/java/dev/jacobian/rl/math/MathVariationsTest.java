// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Answers in many forms, right and wrong by construction: other notation of the same value, and a value, sign, bracket, unit, order or count
 * that is off. They were made after the reader and against it, kind by kind, with random values.
 */
class MathVariationsTest {

    /** One line each: category, reference, completion (¶ for an end of line), right or wrong. */
    record Variation(String category, String reference, String completion, boolean right) {

        static Variation of(String line) {
            String[] parts = line.split("\t", -1);
            return new Variation(parts[0], parts[1], parts[2].replace('¶', '\n'), parts[3].equals("right"));
        }

        boolean isJudgedSo() {
            return MathAnswers.judge(reference, completion).isRight() == right;
        }
    }

    private static List<Variation> variations(String file) throws IOException {
        return Files.readAllLines(TestPaths.testdata("rewards/" + file)).stream()
                .map(Variation::of)
                .toList();
    }

    @Test
    @DisplayName("each is judged as it was made, above all no wrong one is taken for right")
    void allAsMade() throws IOException {
        List<Variation> all = variations("math_variations.tsv");
        assertThat(all).hasSizeGreaterThan(3500);
        assertThat(all.parallelStream().filter(pair -> !pair.isJudgedSo()).toList())
                .isEmpty();
    }

    @Test
    @DisplayName("so are answers as models write them, with their thoughts, tables, tags and second thoughts")
    void outputs() throws IOException {
        List<Variation> all = variations("math_outputs.tsv");
        assertThat(all).hasSizeGreaterThan(1000);
        assertThat(all.stream().filter(pair -> !pair.right()).count()).isGreaterThan(all.size() * 2L / 5);
        assertThat(all.parallelStream().filter(pair -> !pair.isJudgedSo()).toList())
                .isEmpty();
    }
}
