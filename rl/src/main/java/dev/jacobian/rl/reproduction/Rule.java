// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction;

import dev.jacobian.rl.evaluation.Estimate;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Turns figures into a verdict. It is a part of the claim's code, so that it stands before anything is run.
 *
 * <pre>
 * above(figure, bound)   reproduced      the interval over seeds lies above the bound
 *                        not reproduced  it lies below
 *                        inconclusive    it contains the bound, or is none (fewer than 3 seeds, a figure that is not finite)
 * below(figure, bound)   the same, the other way round
 * all(rules)             not reproduced if one part is not, reproduced if all are, else inconclusive
 * given(condition, rule) what the rule says where the condition is fulfilled, else inconclusive: there was nothing to compare
 * </pre>
 */
public sealed interface Rule {
    /** What the figures say. */
    ClaimVerdict judge(Results results);

    /** The rule in words. */
    String words();

    /** The figures that it looks at. */
    Stream<String> figures();

    /** A figure's interval lies above a bound. */
    static Rule above(String figure, double bound) {
        return new Bound(figure, bound, true);
    }

    /** A figure's interval lies below a bound. */
    static Rule below(String figure, double bound) {
        return new Bound(figure, bound, false);
    }

    /** All of several. */
    static Rule all(Rule... parts) {
        return new All(List.of(parts));
    }

    /** A rule that says something only where a condition is fulfilled, such as that the clip that is compared clips at all. */
    static Rule given(Rule condition, Rule rule) {
        return new Given(condition, rule);
    }

    /** One figure and a bound. */
    record Bound(String figure, double bound, boolean above) implements Rule {
        @Override
        public ClaimVerdict judge(Results results) {
            Estimate interval = results.interval(figure);
            boolean higher = interval.low() > bound;
            boolean lower = interval.high() < bound;
            if (!higher && !lower) { // NaN compares with nothing
                return ClaimVerdict.INCONCLUSIVE;
            }
            return higher == above ? ClaimVerdict.REPRODUCED : ClaimVerdict.NOT_REPRODUCED;
        }

        @Override
        public String words() {
            return figure + (above ? " above " : " below ") + number(bound);
        }

        @Override
        public Stream<String> figures() {
            return Stream.of(figure);
        }

        private static String number(double value) {
            return value == Math.rint(value) ? String.format(Locale.ROOT, "%.0f", value) : Double.toString(value);
        }
    }

    /** All of several. */
    record All(List<Rule> parts) implements Rule {
        /** Copies the parts, of which there must be one. */
        public All {
            parts = List.copyOf(parts);
            if (parts.isEmpty()) {
                throw new IllegalArgumentException("a rule of no parts says nothing; give one at least");
            }
        }

        @Override
        public ClaimVerdict judge(Results results) {
            List<ClaimVerdict> verdicts =
                    parts.stream().map(part -> part.judge(results)).toList();
            return Stream.of(ClaimVerdict.NOT_REPRODUCED, ClaimVerdict.INCONCLUSIVE)
                    .filter(verdicts::contains)
                    .findFirst()
                    .orElse(ClaimVerdict.REPRODUCED);
        }

        @Override
        public String words() {
            return parts.stream().map(Rule::words).collect(Collectors.joining("; "));
        }

        @Override
        public Stream<String> figures() {
            return parts.stream().flatMap(Rule::figures);
        }
    }

    /** A condition, and what holds under it. */
    record Given(Rule condition, Rule rule) implements Rule {
        @Override
        public ClaimVerdict judge(Results results) {
            return condition.judge(results) == ClaimVerdict.REPRODUCED
                    ? rule.judge(results)
                    : ClaimVerdict.INCONCLUSIVE;
        }

        @Override
        public String words() {
            return "given that " + condition.words() + ": " + rule.words();
        }

        @Override
        public Stream<String> figures() {
            return Stream.concat(condition.figures(), rule.figures());
        }
    }
}
