// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.arithmetic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExpressionTest {

    @ParameterizedTest
    @CsvSource({
        "7, 7",
        "1+2*3, 7",
        "(1+2)*3, 9",
        "10-4-3, 3",
        "16/4/2, 2",
        "8/(3-8/3), 24",
        "1/3+1/6, 1/2",
        "-3+5, 2",
        "2*-3, -6",
        "--4, 4",
        "+5, 5",
        "-(2+3), -5",
        "0, 0",
        "' ( 8 + ((48\t+ 18) / 2) ) ', 41",
        "6×7÷2−1, 20",
        "-6/-4, 3/2",
    })
    void values(String text, String value) {
        assertThat(ExpressionParser.parse(text).value()).hasToString(value);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "   ",
                "1+",
                "+",
                "*3",
                "(1",
                "1)",
                "()",
                "1 2",
                "2(3)",
                "(2)(3)",
                "08",
                "3.5",
                "2**3",
                "7//2",
                "1e5",
                "x",
                "1=1",
                "٣",
                "1\0",
                "0x10",
                "1_000",
                "1234567890123456",
            })
    void notExpressions(String text) {
        assertThatThrownBy(() -> ExpressionParser.parse(text))
                .isInstanceOf(ExpressionException.class)
                .hasMessageContaining("at character");
    }

    @Test
    void theErrorSaysWhere() {
        assertThatThrownBy(() -> ExpressionParser.parse("12 + x"))
                .isInstanceOfSatisfying(
                        ExpressionException.class, e -> assertThat(e.position()).isEqualTo(5));
    }

    @Test
    void hostileInputIsLimited() {
        assertThatThrownBy(() -> ExpressionParser.parse("1+".repeat(100_000) + "1"))
                .hasMessageContaining("longer");
        assertThatThrownBy(() -> ExpressionParser.parse("(".repeat(500) + "1" + ")".repeat(500)))
                .hasMessageContaining("deeper");
        assertThatThrownBy(() -> ExpressionParser.parse("-".repeat(500) + "1")).hasMessageContaining("deeper");
        Expression huge = ExpressionParser.parse("999999999*999999999*999999999");
        assertThatThrownBy(huge::value).isInstanceOf(ArithmeticException.class);
        Expression byZero = ExpressionParser.parse("5/(3-3)");
        assertThatThrownBy(byZero::value)
                .isInstanceOf(ArithmeticException.class)
                .hasMessage("division by zero");
        // Breadth is not depth.
        assertThat(ExpressionParser.parse("1+".repeat(500) + "1").value()).isEqualTo(Rational.of(501));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1 + 2 * 3",
                "(1 + 2) * 3",
                "10 - (4 - 3)",
                "8 / (3 - 8 / 3)",
                "2 * -3",
                "-(2 + 3)",
                "1 + (2 + 3)"
            })
    void writtenAsRead(String text) {
        Expression expression = ExpressionParser.parse(text);
        assertThat(expression).hasToString(text);
        assertThat(ExpressionParser.parse(expression.toString())).isEqualTo(expression);
    }

    @Test
    void redundantParenthesesGo() {
        assertThat(ExpressionParser.parse("((1 + 2)) + (3 * 4)")).hasToString("1 + 2 + 3 * 4");
    }

    @Test
    void numbersInOrder() {
        assertThat(ExpressionParser.parse("(8+48)/-2*8").numbers()).containsExactly(8L, 48L, 2L, 8L);
    }

    @Test
    void rationals() {
        assertThat(new Rational(6, -4)).isEqualTo(new Rational(-3, 2));
        assertThat(new Rational(0, -7)).isEqualTo(Rational.ZERO);
        assertThat(new Rational(1, 3).compareTo(new Rational(1, 2))).isNegative();
        assertThat(new Rational(Long.MAX_VALUE, 3).compareTo(new Rational(Long.MAX_VALUE - 1, 3)))
                .isPositive();
        assertThatThrownBy(() -> new Rational(1, 0)).isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> new Rational(Long.MIN_VALUE, 1)).isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> Rational.of(Long.MAX_VALUE).plus(Rational.of(1)))
                .isInstanceOf(ArithmeticException.class);
    }
}
