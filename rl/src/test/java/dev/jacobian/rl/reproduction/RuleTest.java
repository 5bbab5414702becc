// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

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
        assertThat(rule.judge(results(0.1, 0.2, 0.3))).isEqualTo(ClaimVerdict.REPRODUCED);
        assertThat(rule.judge(results(-0.1, -0.2, -0.3))).isEqualTo(ClaimVerdict.NOT_REPRODUCED);
        assertThat(rule.judge(results(-0.1, 0.5, 0.5))).isEqualTo(ClaimVerdict.INCONCLUSIVE);
        assertThat(Rule.below("gain", 0).judge(results(0.1, 0.2, 0.3))).isEqualTo(ClaimVerdict.NOT_REPRODUCED);
        assertThat(Rule.below("gain", 0).judge(results(-0.1, -0.2, -0.3))).isEqualTo(ClaimVerdict.REPRODUCED);
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
        Rule open = Rule.above("gain", 0.2);
        Rule bad = Rule.above("gain", 1);
        Results measured = results(0.1, 0.2, 0.3);
        assertThat(Rule.all(good, Rule.below("gain", 1)).judge(measured)).isEqualTo(ClaimVerdict.REPRODUCED);
        assertThat(Rule.all(good, open).judge(measured)).isEqualTo(ClaimVerdict.INCONCLUSIVE);
        assertThat(Rule.all(open, bad).judge(measured)).isEqualTo(ClaimVerdict.NOT_REPRODUCED);
        assertThatThrownBy(Rule::all).hasMessageContaining("give one at least");
        assertThat(Rule.all(good, Rule.below("loss", 0.5)).words()).isEqualTo("gain above 0; loss below 0.5");
    }

    @Test
    @DisplayName("the interval of three seeds reaches from the smallest to the largest, and is the same every time")
    void interval() {
        Results three = results(0.3, 0.1, 0.2);
        assertThat(three.interval("gain").low()).isCloseTo(0.1, within(1e-15)); // a mean of three equal numbers
        assertThat(three.interval("gain").high()).isCloseTo(0.3, within(1e-15));
        assertThat(three.interval("gain").value()).isCloseTo(0.2, within(1e-15));
        assertThat(results(1, 2, 3, 4, 5).interval("gain"))
                .isEqualTo(results(1, 2, 3, 4, 5).interval("gain"));
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
}
