// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** complex_arithmetic: e to the power of minus the distance to the right number. */
record ComplexAnswer() implements GymScorer {
    private record Complex(double real, double imaginary) {}

    @Override
    public double score(Columns row, String answer) {
        List<?> result = Row.list(row, "result");
        double real = ((Number) result.get(0)).doubleValue();
        double imaginary = ((Number) result.get(1)).doubleValue();
        return read(answer)
                .map(value -> Math.min(1, Math.exp(-Math.hypot(value.real() - real, value.imaginary() - imaginary))))
                .orElse(0.0);
    }

    private static Optional<Complex> read(String answer) {
        String text = answer.replace(" ", "").toLowerCase(Locale.ROOT);
        if (!text.contains("i") && !text.contains("j")) {
            return Python.decimal(text).map(BigDecimal::doubleValue).map(real -> new Complex(real, 0));
        }
        if (!text.endsWith("i") && !text.endsWith("j")) {
            return Optional.empty();
        }
        String number = text.substring(0, text.length() - 1);
        int split = Math.max(number.lastIndexOf('+'), number.lastIndexOf('-')); // the sign of the imaginary part
        String imaginary = number.substring(Math.max(split, 0));
        boolean unit = imaginary.isEmpty() || imaginary.equals("+") || imaginary.equals("-");
        Optional<BigDecimal> factor = Python.decimal(unit ? imaginary + "1" : imaginary);
        Optional<BigDecimal> real =
                split <= 0 ? Optional.of(BigDecimal.ZERO) : Python.decimal(number.substring(0, split));
        return real.flatMap(a -> factor.map(b -> new Complex(a.doubleValue(), b.doubleValue())));
    }
}
