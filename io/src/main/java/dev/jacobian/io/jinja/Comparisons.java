// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import dev.jacobian.io.jinja.Expression.Comparator;
import java.math.BigDecimal;
import java.util.Iterator;
import java.util.List;

/** {@code == != < <= > >= in not in}. */
final class Comparisons {
    private Comparisons() {}

    static boolean holds(Comparator comparator, Value left, Value right, Meter meter) {
        return switch (comparator) {
            case EQUAL -> equal(left, right, meter);
            case NOT_EQUAL -> !equal(left, right, meter);
            case IN -> contains(right, left, meter);
            case NOT_IN -> !contains(right, left, meter);
            case LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL -> ordered(comparator, left, right, meter);
        };
    }

    static boolean equal(Value left, Value right, Meter meter) {
        meter.read(Math.min(left.extent().weight(), right.extent().weight()));
        return left.equals(right);
    }

    private static boolean ordered(Comparator comparator, Value left, Value right, Meter meter) {
        boolean unordered = left instanceof Value.Numeric a
                && right instanceof Value.Numeric b
                && (Double.isNaN(a.real()) || Double.isNaN(b.real()));
        int order = compare(left, right, comparator.symbol(), meter);
        return !unordered
                && switch (comparator) {
                    case LESS -> order < 0;
                    case LESS_OR_EQUAL -> order <= 0;
                    case GREATER -> order > 0;
                    default -> order >= 0;
                };
    }

    /** Negative, zero or positive, as the left value is smaller, equal or greater. */
    static int compare(Value left, Value right, Meter meter) {
        return compare(left, right, "<", meter);
    }

    private static int compare(Value left, Value right, String symbol, Meter meter) {
        meter.read(Math.min(left.extent().weight(), right.extent().weight()));
        return switch (left) {
            case Value.Numeric a when right instanceof Value.Numeric b -> numbers(a, b);
            case Value.Str a when right instanceof Value.Str b -> texts(a.text(), b.text());
            case Value.Items a when right instanceof Value.Items b -> sequences(a.items(), b.items(), symbol, meter);
            case Value.Tuple a when right instanceof Value.Tuple b -> sequences(a.items(), b.items(), symbol, meter);
            case Value.Undefined undefined -> throw undefined.failure();
            default -> {
                if (right instanceof Value.Undefined undefined) {
                    throw undefined.failure();
                }
                throw JinjaException.operation("'" + symbol + "' not supported between instances of '"
                        + PythonText.typeName(left) + "' and '" + PythonText.typeName(right) + "'");
            }
        };
    }

    private static int numbers(Value.Numeric a, Value.Numeric b) {
        if (a.isInteger() && b.isInteger()) {
            return a.integer().compareTo(b.integer());
        }
        boolean finite = Double.isFinite(a.isInteger() ? 0 : a.real()) && Double.isFinite(b.isInteger() ? 0 : b.real());
        return finite && a.isInteger() != b.isInteger()
                ? exact(a).compareTo(exact(b))
                : Double.compare(a.real() + 0.0, b.real() + 0.0); // + 0.0: no negative zero
    }

    private static BigDecimal exact(Value.Numeric number) {
        return number.isInteger() ? new BigDecimal(number.integer()) : new BigDecimal(number.real());
    }

    /** By code points; the order of UTF-16 puts some before others that are smaller. */
    private static int texts(String a, String b) {
        int i = 0;
        while (i < a.length() && i < b.length() && a.charAt(i) == b.charAt(i)) {
            i++;
        }
        if (i == a.length() || i == b.length()) {
            return a.length() - b.length();
        }
        boolean aPair = Character.isSurrogate(a.charAt(i));
        boolean bPair = Character.isSurrogate(b.charAt(i));
        return aPair == bPair ? a.charAt(i) - b.charAt(i) : aPair ? 1 : -1;
    }

    private static int sequences(List<Value> a, List<Value> b, String symbol, Meter meter) {
        for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
            if (!a.get(i).equals(b.get(i))) {
                return compare(a.get(i), b.get(i), symbol, meter);
            }
        }
        return a.size() - b.size();
    }

    /** {@code element in container}. */
    static boolean contains(Value container, Value element, Meter meter) {
        return switch (container) {
            case Value.Str string -> {
                if (element instanceof Value.Str part) {
                    meter.read(string.text().length());
                    yield TextSearch.indexOf(string.text(), part.text(), 0) >= 0;
                }
                throw element instanceof Value.Undefined undefined
                        ? undefined.failure()
                        : JinjaException.operation(
                                "'in <string>' requires string as left operand, not " + PythonText.typeName(element));
            }
            case Value.Dict dict -> {
                meter.read(element.extent().weight());
                yield dict.entries().containsKey(Hashing.require(element));
            }
            default -> {
                Iterator<Value> elements = Iterables.iterator(container);
                boolean found = false;
                while (!found && elements.hasNext()) {
                    found = equal(elements.next(), element, meter);
                }
                yield found;
            }
        };
    }
}
