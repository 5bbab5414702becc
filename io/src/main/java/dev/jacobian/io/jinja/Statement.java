// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.util.List;
import java.util.Optional;

/** The parts of a template, as the parser found them. */
sealed interface Statement {
    /** Text that is written as it is. */
    record Text(String text) implements Statement {}

    /** <code>{{ value }}</code>. */
    record Print(Expression value, int line) implements Statement {}

    /** {@code if}, {@code elif}, {@code else}. */
    record If(List<Branch> branches, List<Statement> otherwise, int line) implements Statement {}

    /** A condition and what happens under it. */
    record Branch(Expression condition, List<Statement> body) {}

    /** {@code for target in iterable if filter}. */
    record For(
            Target target,
            Expression iterable,
            Optional<Expression> filter,
            List<Statement> body,
            List<Statement> otherwise,
            boolean recursive,
            int line)
            implements Statement {}

    /** {@code set target = value}. */
    record Set(Target target, Expression value, int line) implements Statement {}

    /** {@code set target} with a body. */
    record SetBlock(Target target, List<Pipe> filters, List<Statement> body, int line) implements Statement {}

    /** {@code macro}. */
    record Definition(MacroBody macro, int line) implements Statement {}

    /** {@code call}: a call whose macro can call the body. */
    record CallBlock(Expression.Call call, MacroBody caller, int line) implements Statement {}

    /** {@code filter}. */
    record FilterBlock(List<Pipe> filters, List<Statement> body, int line) implements Statement {}

    /** {@code with}. */
    record With(List<Target> targets, List<Expression> values, List<Statement> body, int line) implements Statement {}

    /** {@code block}: without inheritance, a body that {@code self} can write again. */
    record Block(String name, List<Statement> body) implements Statement {}

    /** {@code generation}, transformers' own: what the assistant says. */
    record Generation(List<Statement> body) implements Statement {}

    /** {@code break}. */
    record Break() implements Statement {}

    /** {@code continue}. */
    record Continue() implements Statement {}

    /** A filter without its input. */
    record Pipe(String name, Expression.CallArguments arguments) {}

    /**
     * A macro, or the body of a call.
     *
     * @param defaults of the last parameters
     * @param names that occur in the body
     */
    record MacroBody(
            String name,
            List<String> parameters,
            List<Expression> defaults,
            List<Statement> body,
            java.util.Set<String> names) {
        /** Whether the body can use one of the variables that only exist for those who do. */
        boolean mentions(String name) {
            return names.contains(name);
        }
    }

    /** What is assigned to. */
    sealed interface Target {
        /** A variable. */
        record Variable(String name) implements Target {}

        /** Several at once. */
        record Unpacked(List<Target> targets) implements Target {}

        /** An attribute of a namespace. */
        record Attribute(String namespace, String name) implements Target {}
    }
}
