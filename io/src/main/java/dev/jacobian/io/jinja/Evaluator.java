// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import dev.jacobian.io.jinja.Expression.CallArguments;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Computes expressions. */
final class Evaluator {
    private final Session session;

    Evaluator(Session session) {
        this.session = session;
    }

    Value evaluate(Expression expression, Scope scope) {
        Meter meter = session.meter();
        meter.step();
        meter.enter(); // not left when something fails: then the rendering is over
        Value value = switch (expression) {
            case Expression.Literal(Value constant) -> constant;
            case Expression.Name(String name) -> {
                Value found = scope.find(name);
                yield found != null ? found : Value.Undefined.named(name);
            }
            case Expression.ListOf(List<Expression> items) -> Value.Items.of(all(items, scope));
            case Expression.TupleOf(List<Expression> items) -> Value.Tuple.of(all(items, scope));
            case Expression.DictOf dict -> dictionary(dict, scope);
            case Expression.Attribute(Expression target, String name) ->
                Attributes.attribute(evaluate(target, scope), name);
            case Expression.Item item -> item(item, scope);
            case Expression.Slice slice -> slice(slice, scope);
            case Expression.Call call -> call(call, Map.of(), scope);
            case Expression.Filter(Expression input, String name, CallArguments arguments) ->
                session.filter(name, evaluate(input, scope), arguments(name, arguments, scope));
            case Expression.Test(Expression input, String name, CallArguments arguments) ->
                Value.Bool.of(session.test(name, evaluate(input, scope), arguments(name, arguments, scope)));
            case Expression.Not(Expression operand) -> Value.Bool.of(!Truth.of(evaluate(operand, scope)));
            case Expression.Sign sign -> signed(sign, scope);
            case Expression.Binary(Expression.Operator operator, Expression left, Expression right) ->
                Arithmetic.apply(operator, evaluate(left, scope), evaluate(right, scope), session);
            case Expression.And(Expression left, Expression right) -> {
                Value first = evaluate(left, scope);
                yield Truth.of(first) ? evaluate(right, scope) : first;
            }
            case Expression.Or(Expression left, Expression right) -> {
                Value first = evaluate(left, scope);
                yield Truth.of(first) ? first : evaluate(right, scope);
            }
            case Expression.Comparison comparison -> Value.Bool.of(holds(comparison, scope));
            case Expression.Concatenation(List<Expression> parts) -> concatenated(parts, scope);
            case Expression.Conditional conditional -> conditional(conditional, scope);
        };
        meter.leave();
        return value;
    }

    private List<Value> all(List<Expression> expressions, Scope scope) {
        session.meter().make(2L * expressions.size());
        List<Value> values = new ArrayList<>(expressions.size());
        for (Expression expression : expressions) {
            values.add(evaluate(expression, scope));
        }
        return values;
    }

    private Value dictionary(Expression.DictOf dict, Scope scope) {
        List<Value> keys = all(dict.keys(), scope);
        List<Value> values = all(dict.values(), scope);
        Map<Value, Value> entries = new LinkedHashMap<>();
        for (int i = 0; i < keys.size(); i++) {
            session.meter().make(4 + keys.get(i).extent().weight() / 8); // the key is hashed
            entries.put(Hashing.require(keys.get(i)), values.get(i));
        }
        return Value.Dict.of(entries);
    }

    private Value item(Expression.Item item, Scope scope) {
        Value target = evaluate(item.target(), scope);
        Value index = evaluate(item.index(), scope);
        session.meter().read(index.extent().weight());
        if (target instanceof Value.Str string) {
            session.meter().read(string.text().length()); // characters are counted from the front
        }
        return Attributes.item(target, index);
    }

    private Value slice(Expression.Slice slice, Scope scope) {
        Value target = evaluate(slice.target(), scope);
        Optional<Value> start = slice.start().map(bound -> evaluate(bound, scope));
        Optional<Value> stop = slice.stop().map(bound -> evaluate(bound, scope));
        Optional<Value> step = slice.step().map(bound -> evaluate(bound, scope));
        return Attributes.slice(target, start, stop, step, session.meter());
    }

    /** A call with further keywords. */
    Value call(Expression.Call call, Map<String, Value> more, Scope scope) {
        Value callee = evaluate(call.callee(), scope);
        String name = call.callee() instanceof Expression.Name(String simple) ? simple : "the function";
        Arguments arguments = arguments(name, call.arguments(), scope);
        if (!more.isEmpty()) {
            Map<String, Value> named = new LinkedHashMap<>(arguments.named());
            named.putAll(more);
            arguments = new Arguments(name, arguments.positional(), named);
        }
        return switch (callee) {
            case Value.Special special -> special.call(session, arguments);
            case Value.Undefined undefined -> throw undefined.failure();
            default -> throw JinjaException.operation("'" + PythonText.typeName(callee) + "' object is not callable");
        };
    }

    /** The arguments of a call. */
    Arguments arguments(String function, CallArguments arguments, Scope scope) {
        List<Value> positional = all(arguments.positional(), scope);
        Map<String, Value> named = new LinkedHashMap<>();
        for (Expression.Named argument : arguments.named()) {
            if (named.put(argument.name(), evaluate(argument.value(), scope)) != null) {
                throw JinjaException.operation("keyword argument repeated: " + argument.name());
            }
        }
        arguments
                .spread()
                .ifPresent(spread -> positional.addAll(Iterables.list(evaluate(spread, scope), session.meter())));
        arguments.spreadNamed().ifPresent(spread -> named.putAll(Filters.stringKeys(evaluate(spread, scope))));
        return new Arguments(function, positional, named);
    }

    private Value signed(Expression.Sign sign, Scope scope) {
        Value operand = evaluate(sign.operand(), scope);
        return switch (operand) {
            case Value.Numeric number
            when number.isInteger() ->
                new Value.Int(sign.minus() ? number.integer().negate() : number.integer());
            case Value.Numeric number -> new Value.Real(sign.minus() ? -number.real() : number.real());
            case Value.Undefined undefined -> throw undefined.failure();
            default ->
                throw JinjaException.operation("bad operand type for unary " + (sign.minus() ? "-" : "+") + ": '"
                        + PythonText.typeName(operand) + "'");
        };
    }

    private boolean holds(Expression.Comparison comparison, Scope scope) {
        Value left = evaluate(comparison.first(), scope);
        for (int i = 0; i < comparison.others().size(); i++) {
            Value right = evaluate(comparison.others().get(i), scope);
            if (!Comparisons.holds(comparison.comparators().get(i), left, right, session.meter())) {
                return false;
            }
            left = right;
        }
        return true;
    }

    private Value concatenated(List<Expression> parts, Scope scope) {
        StringBuilder text = new StringBuilder();
        for (Expression part : parts) {
            String next = session.text(evaluate(part, scope));
            session.meter().make(next.length());
            text.append(next);
        }
        return new Value.Str(text.toString());
    }

    private Value conditional(Expression.Conditional conditional, Scope scope) {
        if (Truth.of(evaluate(conditional.condition(), scope))) {
            return evaluate(conditional.value(), scope);
        }
        return conditional
                .otherwise()
                .map(otherwise -> evaluate(otherwise, scope))
                .orElseGet(() -> new Value.Undefined(
                        "the inline if-expression evaluated to false and no else section was defined.", false));
    }
}
