// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import dev.jacobian.tensor.Nullable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A macro with the variables around its definition. A call returns what it writes. */
final class Macro implements Value.Special {
    private final Statement.MacroBody body;
    private final Scope around;
    private final Interpreter interpreter;

    Macro(Statement.MacroBody body, Scope around, Interpreter interpreter) {
        this.body = body;
        this.around = around;
        this.interpreter = interpreter;
    }

    @Override
    public String typeName() {
        return "Macro " + PythonText.repr(body.name());
    }

    @Override
    public @Nullable Value attribute(String name) {
        return switch (name) {
            case "name" -> new Value.Str(body.name());
            case "arguments" ->
                Value.Tuple.of(
                        body.parameters().stream().<Value>map(Value.Str::new).toList());
            case "catch_varargs" -> Value.Bool.of(body.mentions("varargs"));
            case "catch_kwargs" -> Value.Bool.of(body.mentions("kwargs"));
            case "caller" -> Value.Bool.of(body.mentions("caller"));
            default -> null;
        };
    }

    @Override
    public boolean isCallable() {
        return true;
    }

    @Override
    public Value call(Session session, Arguments arguments) {
        List<String> parameters = body.parameters();
        List<Value> positional = arguments.positional();
        Map<String, Value> named = new LinkedHashMap<>(arguments.named());
        Scope scope = new Scope(around);
        int given = Math.min(positional.size(), parameters.size());
        for (int i = 0; i < given; i++) {
            scope.set(parameters.get(i), positional.get(i));
            if (named.containsKey(parameters.get(i))) {
                throw failure("got two values for the argument '" + parameters.get(i) + "'");
            }
        }
        int required = parameters.size() - body.defaults().size();
        for (int i = given; i < parameters.size(); i++) {
            String name = parameters.get(i);
            Value value = named.remove(name);
            if (value == null) {
                value = i >= required
                        ? interpreter.evaluate(body.defaults().get(i - required), scope)
                        : new Value.Undefined("parameter '" + name + "' was not provided", false);
            }
            scope.set(name, value);
        }
        if (body.mentions("caller") && !parameters.contains("caller")) {
            Value caller = named.remove("caller");
            scope.set("caller", caller != null ? caller : new Value.Undefined("No caller defined", false));
        }
        List<Value> more = positional.subList(given, positional.size());
        if (body.mentions("varargs")) {
            scope.set("varargs", Value.Tuple.of(more));
        } else if (!more.isEmpty()) {
            throw failure("takes not more than " + parameters.size() + " argument(s)");
        }
        if (body.mentions("kwargs")) {
            scope.set("kwargs", Globals.dictionary(session, new Arguments("kwargs", List.of(), named)));
        } else if (!named.isEmpty()) {
            throw failure(
                    "takes no keyword argument '" + named.keySet().iterator().next() + "'");
        }
        return new Value.Str(interpreter.render(body.body(), scope));
    }

    private JinjaException failure(String what) {
        return JinjaException.operation("macro " + PythonText.repr(body.name()) + " " + what);
    }
}
