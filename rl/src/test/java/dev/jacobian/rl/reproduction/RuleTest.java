// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.rl.evaluation.Estimate;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Verdicts from made-up figures. */
class RuleTest {
    private static Results results(double... values) {
        return new Results(Arrays.stream(values)
                .mapToObj(value -> Measured.builder().figure("gain", value).build())
                .toList());
    }

    @Test
    @DisplayName("an interval beyond the bound is a verdict, one that contains it is none")
    void bound() {
        Rule rule = Rule.above("gain", 0);
        assertThat(rule.judge(results(1.1, 1.2, 1.3))).isEqualTo(ClaimVerdict.REPRODUCED);
        assertThat(rule.judge(results(-1.1, -1.2, -1.3))).isEqualTo(ClaimVerdict.NOT_REPRODUCED);
        assertThat(rule.judge(results(-0.1, 0.5, 0.5))).isEqualTo(ClaimVerdict.INCONCLUSIVE);
        assertThat(Rule.below("gain", 0).judge(results(1.1, 1.2, 1.3))).isEqualTo(ClaimVerdict.NOT_REPRODUCED);
        assertThat(Rule.below("gain", 0).judge(results(-1.1, -1.2, -1.3))).isEqualTo(ClaimVerdict.REPRODUCED);
    }

    @Test
    @DisplayName("of few seeds, of a figure that is not finite and of one that is missing nothing is concluded")
    void nothing() {
        assertThat(Rule.above("gain", 0).judge(results(1, 1))).isEqualTo(ClaimVerdict.INCONCLUSIVE);
        assertThat(Rule.above("gain", 0).judge(results(1, Double.NaN, 1))).isEqualTo(ClaimVerdict.INCONCLUSIVE);
        assertThat(Rule.above("gain", 0).judge(results(1, Double.POSITIVE_INFINITY, 1)))
                .isEqualTo(ClaimVerdict.INCONCLUSIVE);
        assertThat(Rule.above("loss", 0).judge(results(1, 1, 1))).isEqualTo(ClaimVerdict.INCONCLUSIVE);
    }

    @Test
    @DisplayName("seeds that agree to the bit and lie on the bound conclude nothing")
    void onTheBound() {
        assertThat(Rule.above("gain", 0).judge(results(0, 0, 0))).isEqualTo(ClaimVerdict.INCONCLUSIVE);
    }

    @Test
    @DisplayName("of several parts one that fails decides, and all must hold")
    void all() {
        Rule good = Rule.above("gain", 0);
        Rule open = Rule.above("gain", 1.2);
        Rule bad = Rule.above("gain", 2);
        Results measured = results(1.1, 1.2, 1.3);
        assertThat(Rule.all(good, Rule.below("gain", 2)).judge(measured)).isEqualTo(ClaimVerdict.REPRODUCED);
        assertThat(Rule.all(good, open).judge(measured)).isEqualTo(ClaimVerdict.INCONCLUSIVE);
        assertThat(Rule.all(open, bad).judge(measured)).isEqualTo(ClaimVerdict.NOT_REPRODUCED);
        assertThatThrownBy(Rule::all).hasMessageContaining("give one at least");
        assertThat(Rule.all(good, Rule.below("loss", 0.5)).words()).isEqualTo("gain above 0; loss below 0.5");
    }

    @Test
    @DisplayName(
            "the interval is Student's: of three seeds 2.484 deviations to either side, of five 1.242, none of equal"
                    + " ones")
    void interval() {
        Estimate three = results(0.3, 0.1, 0.2).interval("gain");
        assertThat(three.value()).isCloseTo(0.2, within(1e-15));
        assertThat(three.low()).isCloseTo(0.2 - 0.1 * 2.48414, within(1e-6));
        assertThat(three.high()).isCloseTo(0.2 + 0.1 * 2.48414, within(1e-6));
        Estimate five = results(1, 2, 3, 4, 5).interval("gain"); // s = √2.5
        assertThat(five.high() - five.value()).isCloseTo(Math.sqrt(2.5) * 1.241664, within(1e-5));
        assertThat(results(2, 2, 2).interval("gain").low()).isEqualTo(2);
        assertThat(results(1, 2).interval("gain").low()).isNaN();
    }

    @Test
    @DisplayName("quantiles are those of tables, on both sides of where the expansion begins")
    void quantiles() {
        double[][] known = {
            {1, 12.7062}, {2, 4.30265}, {9, 2.26216}, {10, 2.22814}, {15, 2.13145}, {30, 2.04227}, {120, 1.97993}
        };
        for (double[] one : known) {
            assertThat(StudentQuantile.of((int) one[0])).isCloseTo(one[1], within(2e-4));
        }
    }

    @Test
    @DisplayName("where a condition fails or is open there is nothing to compare")
    void given() {
        Rule condition = Rule.above("gain", 0);
        Rule rule = Rule.below("gain", 2);
        assertThat(Rule.given(condition, rule).judge(results(1.1, 1.2, 1.3))).isEqualTo(ClaimVerdict.REPRODUCED);
        assertThat(Rule.given(condition, rule).judge(results(3.1, 3.2, 3.3))).isEqualTo(ClaimVerdict.NOT_REPRODUCED);
        assertThat(Rule.given(condition, rule).judge(results(-1.1, -1.2, -1.3))).isEqualTo(ClaimVerdict.INCONCLUSIVE);
        assertThat(Rule.given(condition, rule).words()).isEqualTo("given that gain above 0: gain below 2");
        assertThat(Rule.given(condition, rule).figures()).containsExactly("gain", "gain");
    }

    @Test
    @DisplayName("a curve is the mean over seeds as far as all reach")
    void curve() {
        Results two = new Results(List.of(
                Measured.builder()
                        .curve("arm", new double[] {0, 1}, new double[] {1, 3})
                        .build(),
                Measured.builder()
                        .curve("arm", new double[] {0, 1, 2}, new double[] {3, 5, 9})
                        .build()));
        assertThat(two.curve("arm").x()).containsExactly(0, 1);
        assertThat(two.curve("arm").y()).containsExactly(2, 4);
    }

    @Test
    @DisplayName("a long curve is kept as means of neighbours")
    void thin() {
        double[] x = new double[130];
        Arrays.setAll(x, i -> i);
        Measured.Curve thin =
                Measured.builder().curve("long", x, x).build().curves().get("long");
        assertThat(thin.x()).hasSize(44).startsWith(1, 4).endsWith(129); // three together, and the one that is left
        assertThat(thin.y()).isEqualTo(thin.x());
    }
}
