// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.time.Clock;

/** One rendering, as functions, filters and tests see it. */
interface Session {
    /** Counts what they use. */
    Meter meter();

    /** The time that {@code strftime_now} tells. */
    Clock clock();

    /** Applies a filter by name. */
    default Value filter(String name, Value input, Arguments arguments) {
        Filters.Filter filter = Filters.ALL.get(name);
        if (filter == null) {
            throw new JinjaException(JinjaException.Kind.SYNTAX, "no filter named " + PythonText.repr(name));
        }
        return filter.apply(this, input, arguments);
    }

    /** Applies a test by name. */
    default boolean test(String name, Value input, Arguments arguments) {
        Tests.Test test = Tests.ALL.get(name);
        if (test == null) {
            throw new JinjaException(JinjaException.Kind.SYNTAX, "no test named " + PythonText.repr(name));
        }
        return test.holds(this, input, arguments);
    }

    /** A value as it is printed. */
    default String text(Value value) {
        return PythonText.str(value, meter());
    }

    /** A text that was just made. */
    default Value made(String text) {
        meter().make(text.length());
        return new Value.Str(text);
    }
}
