// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.rl.arithmetic.ExpressionParser;
import java.math.BigInteger;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Puzzles with numbers, solved once more from their texts. */
class NumberPuzzlesTest {
    @Test
    void arithmetic() {
        Asked.each("arithmetic", asked -> {
            assertThat(ExpressionParser.parse(asked.find("What is (.*)\\?"))
                            .value()
                            .toString())
                    .isEqualTo(asked.answer());
            assertThat(asked.solvedBy("+" + asked.answer()))
                    .isEqualTo(!asked.answer().startsWith("-"));
            assertThat(asked.solvedBy(asked.answer() + ".0")).isFalse();
        });
    }

    @Test
    void fractions() {
        Asked.each("fractions", asked -> {
            String value = ExpressionParser.parse(asked.find("Compute (.*?)\\."))
                    .value()
                    .toString();
            assertThat(asked.answer()).isEqualTo(value);
            List<Integer> parts = Asked.integers(value);
            assertThat(asked.solvedBy(parts.get(0) + " / " + (parts.size() > 1 ? parts.get(1) : 1)))
                    .isTrue();
            assertThat(asked.solvedBy(2 * parts.get(0) + "/" + 2 * (parts.size() > 1 ? parts.get(1) : 1)))
                    .isFalse();
            assertThat(asked.solvedBy(parts.get(0) + "/0")).isFalse();
        });
    }

    @Test
    void gcd() {
        Asked.each("gcd", asked -> {
            BigInteger common = Asked.integers(asked.text()).stream()
                    .map(BigInteger::valueOf)
                    .reduce(BigInteger.ZERO, BigInteger::gcd);
            assertThat(asked.answer()).isEqualTo(common.toString());
        });
    }

    @Test
    void factoring() {
        Asked.each("factoring", asked -> {
            int number = Asked.integers(asked.text()).getFirst();
            List<Integer> factors = Asked.integers(asked.answer());
            assertThat(factors.stream().mapToLong(Integer::longValue).reduce(1, (a, b) -> a * b))
                    .isEqualTo(number);
            assertThat(factors).allMatch(factor -> BigInteger.valueOf(factor).isProbablePrime(50));
            List<Integer> backwards = new ArrayList<>(factors);
            Collections.reverse(backwards);
            assertThat(asked.solvedBy(Words.join(backwards, " \u00d7 "))).isTrue();
            assertThat(asked.solvedBy(Integer.toString(number))).isEqualTo(factors.size() == 1);
            assertThat(asked.solvedBy("1 * " + asked.answer())).isFalse();
            assertThat(asked.solvedBy("-1 * -1 * " + asked.answer())).isFalse();
        });
    }

    @Test
    void modularPower() {
        Asked.each("modular-power", asked -> {
            List<Integer> numbers = Asked.integers(asked.text());
            int power = 1;
            for (int i = 0; i < Math.min(numbers.get(1), 20_000); i++) {
                power = (int) ((long) power * numbers.get(0) % numbers.get(2));
            }
            if (numbers.get(1) <= 20_000) {
                assertThat(asked.answer()).isEqualTo(Integer.toString(power));
            }
        });
    }

    @Test
    void recurrenceHasOneContinuation() {
        Asked.each("recurrence", asked -> {
            List<Integer> numbers = Asked.integers(asked.text());
            List<Long> continuations = new ArrayList<>();
            for (int factor = -20; factor <= 20; factor++) {
                for (int constant = -500; constant <= 500; constant++) {
                    long term = numbers.get(0);
                    boolean fits = true;
                    for (int i = 1; i < numbers.get(4); i++) {
                        term = factor * term + constant;
                        fits &= i > 3 || term == numbers.get(i);
                    }
                    if (fits) {
                        continuations.add(term);
                    }
                }
            }
            assertThat(continuations).containsExactly(Long.parseLong(asked.answer()));
        });
    }

    @Test
    void subsetSum() {
        Asked.each("subset-sum", asked -> {
            List<Integer> numbers = Asked.integers(asked.text());
            int target = numbers.getFirst();
            List<Integer> from = numbers.subList(1, numbers.size());
            int right = 0;
            for (int choice = 0; choice < 1 << Math.min(from.size(), 9); choice++) {
                List<Integer> chosen = new ArrayList<>();
                for (int i = 0; i < from.size(); i++) {
                    if ((choice >> i & 1) == 1) {
                        chosen.add(from.get(i));
                    }
                }
                boolean sums = chosen.stream().mapToInt(Integer::intValue).sum() == target;
                assertThat(asked.solvedBy(Words.join(chosen))).isEqualTo(sums);
                right += sums ? 1 : 0;
            }
            assertThat(right > 0 || from.size() > 9).isTrue();
            assertThat(asked.solvedBy(Integer.toString(target))).isEqualTo(from.contains(target));
        });
    }

    @Test
    void linearEquation() {
        Asked.each("linear-equation", asked -> {
            String[] sides = asked.find("x: (.*?)\\. ").split(" = ");
            for (int x = -160; x <= 160; x++) {
                boolean holds = value(sides[0], x) == value(sides[1], x);
                assertThat(asked.solvedBy(x)).as("%s with %s", asked.text(), x).isEqualTo(holds);
            }
            assertThat(asked.solvedBy("x = " + asked.answer())).isTrue();
            assertThat(asked.solvedBy("y = " + asked.answer())).isFalse();
        });
    }

    /** {@code -3(x + 2) - 7} for some x. */
    private static long value(String side, int x) {
        String spelled =
                side.replaceAll("(\\d)([x(])", "$1*$2").replace("-x", "-1*x").replace("-(", "-1*(");
        return ExpressionParser.parse(spelled.replace("x", "(" + x + ")"))
                .value()
                .numerator();
    }

    @Test
    void linearSystem() {
        Asked.each("linear-system", asked -> {
            List<Integer> values = Asked.integers(asked.answer());
            String unknowns = "uvwxyz";
            asked.text().lines().filter(line -> line.contains(" = ")).forEach(line -> {
                String spelled = line.substring(0, line.indexOf('='));
                for (int i = 0; i < values.size(); i++) {
                    spelled = spelled.replaceAll("(\\d)" + unknowns.charAt(i), "$1*" + unknowns.charAt(i))
                            .replace(unknowns.substring(i, i + 1), "(" + values.get(i) + ")");
                }
                assertThat(ExpressionParser.parse(spelled.replace("-(", "-1*(").strip())
                                .value()
                                .numerator())
                        .as(asked.text())
                        .isEqualTo(Asked.integers(line.substring(line.indexOf('=')))
                                .getFirst()
                                .longValue());
            });
            for (int i = 0; i < values.size(); i++) {
                List<Integer> other = new ArrayList<>(values);
                other.set(i, other.get(i) + 1);
                assertThat(asked.solvedBy(Words.join(other))).isFalse();
            }
        });
    }

    @Test
    void polynomialProduct() {
        Asked.each("polynomial-product", asked -> {
            List<Integer> coefficients = Asked.integers(asked.answer());
            for (int x = -3; x <= 3; x++) {
                int value = 0;
                for (int coefficient : coefficients) {
                    value = value * x + coefficient;
                }
                String[] factors = asked.find("out: \\((.*)\\)\\. ").split("\\)\\(");
                assertThat(value).isEqualTo(polynomial(factors[0], x) * polynomial(factors[1], x));
            }
        });
    }

    private static int polynomial(String text, int x) {
        int sum = 0;
        for (String term : text.replace(" - ", " + -").split(" \\+ ")) {
            String factor = term.contains("x") ? term.substring(0, term.indexOf('x')) : term;
            int power = !term.contains("x")
                    ? 0
                    : term.contains("^") ? Asked.integers(term).getLast() : 1;
            int number = factor.isEmpty() ? 1 : factor.equals("-") ? -1 : Integer.parseInt(factor);
            sum += number * (int) Math.pow(x, power);
        }
        return sum;
    }

    @Test
    void bases() {
        Asked.each("bases", asked -> {
            String number = asked.find("Write (\\w+),");
            List<Integer> bases = Asked.integers(asked.text().substring(6 + number.length()));
            BigInteger value = new BigInteger(number, bases.get(0));
            assertThat(asked.answer()).isEqualTo(value.toString(bases.get(1)));
            assertThat(bases.get(0)).isNotEqualTo(bases.get(1));
            assertThat(asked.solvedBy(asked.answer().toUpperCase(java.util.Locale.ROOT)))
                    .isTrue();
        });
    }

    @Test
    void calendar() {
        Asked.each("calendar", asked -> {
            long days = Long.parseLong(asked.find("is (\\d+) days"));
            LocalDate from = LocalDate.parse(asked.find("(\\d{4}-\\d\\d-\\d\\d)"));
            assertThat(ChronoUnit.DAYS.between(from, LocalDate.parse(asked.answer())))
                    .isEqualTo(asked.text().contains("after") ? days : -days);
        });
    }

    @Test
    void matrixProduct() {
        Asked.each("matrix-product", asked -> {
            List<Integer> numbers = Asked.integers(asked.text());
            int size = (int) Math.sqrt(numbers.size() / 2);
            int[] product = new int[size * size];
            for (int row = 0; row < size; row++) {
                for (int k = 0; k < size; k++) {
                    for (int column = 0; column < size; column++) {
                        product[row * size + column] +=
                                numbers.get(row * size + k) * numbers.get((size + k) * size + column);
                    }
                }
            }
            assertThat(Asked.integers(asked.answer()))
                    .isEqualTo(Arrays.stream(product).boxed().toList());
        });
    }
}
