// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import dev.jacobian.io.jinja.Statement.Target;
import dev.jacobian.tensor.Nullable;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Carries out the statements of one rendering; {@link Evaluator} computes their expressions. */
final class Interpreter implements Session {
    /** How a body ended. */
    private enum Flow {
        NORMAL,
        BREAK,
        CONTINUE
    }

    private final Parser.Source source;
    private final Clock clock;
    private final Meter meter;
    private final Scope root = new Scope(null);
    private final Scope top = new Scope(root); // the template's own variables, which are all that a block sees
    private final Evaluator evaluator = new Evaluator(this);
    private final StringBuilder page = new StringBuilder();
    private final List<JinjaTemplate.Span> generations = new ArrayList<>();

    Interpreter(Parser.Source source, Clock clock, JinjaLimits limits) {
        this.source = source;
        this.clock = clock;
        this.meter = new Meter(limits);
    }

    /** Renders the template with these variables. */
    JinjaTemplate.Rendering run(Map<String, Value> variables) {
        Globals.ALL.forEach(root::set);
        root.set("self", new Blocks());
        variables.forEach(root::set);
        execute(source.body(), top, page);
        return new JinjaTemplate.Rendering(page.toString(), List.copyOf(generations));
    }

    @Override
    public Meter meter() {
        return meter;
    }

    @Override
    public Clock clock() {
        return clock;
    }

    Value evaluate(Expression expression, Scope scope) {
        return evaluator.evaluate(expression, scope);
    }

    /** What a body writes. */
    String render(List<Statement> body, Scope scope) {
        StringBuilder out = new StringBuilder();
        execute(body, scope, out);
        return out.toString();
    }

    private void write(String text, StringBuilder out) {
        meter.make(text.length());
        out.append(text);
        meter.output(page.length());
    }

    private Flow execute(List<Statement> body, Scope scope, StringBuilder out) {
        meter.enter();
        Flow flow = Flow.NORMAL;
        for (int i = 0; i < body.size() && flow == Flow.NORMAL; i++) {
            flow = execute(body.get(i), scope, out);
        }
        meter.leave();
        return flow;
    }

    private Flow execute(Statement statement, Scope scope, StringBuilder out) {
        meter.step();
        switch (statement) {
            case Statement.Text(String text) -> write(text, out);
            case Statement.Print(Expression value, int line) ->
                at(line, () -> write(text(evaluate(value, scope)), out));
            case Statement.If branching -> {
                return branch(branching, scope, out);
            }
            case Statement.For loop -> loop(loop, scope, out);
            case Statement.Set(Target target, Expression value, int line) ->
                at(line, () -> assign(target, evaluate(value, scope), scope));
            case Statement.SetBlock(Target target, List<Statement.Pipe> filters, List<Statement> body, int line) -> {
                String text = render(body, new Scope(scope));
                at(line, () -> assign(target, filtered(text, filters, scope), scope));
            }
            case Statement.Definition(Statement.MacroBody macro, int line) ->
                scope.set(macro.name(), new Macro(macro, scope, this));
            case Statement.CallBlock(Expression.Call call, Statement.MacroBody caller, int line) ->
                at(line, () -> {
                    Macro macro = new Macro(caller, scope, this);
                    write(text(evaluator.call(call, Map.of("caller", macro), scope)), out);
                });
            case Statement.FilterBlock(List<Statement.Pipe> filters, List<Statement> body, int line) -> {
                String text = render(body, new Scope(scope));
                at(line, () -> write(text(filtered(text, filters, scope)), out));
            }
            case Statement.With with -> with(with, scope, out);
            case Statement.Block block -> execute(block.body(), new Scope(top), out);
            case Statement.Generation(List<Statement> body) -> {
                String text = render(body, new Scope(scope));
                generations.add(new JinjaTemplate.Span(page.length(), page.length() + text.length()));
                write(text, out);
            }
            case Statement.Break b -> {
                return Flow.BREAK;
            }
            case Statement.Continue c -> {
                return Flow.CONTINUE;
            }
        }
        return Flow.NORMAL;
    }

    /** Failures get the line of the innermost statement. */
    private static void at(int line, Runnable action) {
        try {
            action.run();
        } catch (JinjaException e) {
            throw e.at(line);
        }
    }

    private Flow branch(Statement.If branching, Scope scope, StringBuilder out) {
        for (Statement.Branch branch : branching.branches()) {
            boolean[] holds = {false};
            at(branching.line(), () -> holds[0] = Truth.of(evaluate(branch.condition(), scope)));
            if (holds[0]) {
                return execute(branch.body(), scope, out);
            }
        }
        return execute(branching.otherwise(), scope, out);
    }

    private void loop(Statement.For loop, Scope scope, StringBuilder out) {
        Value[] elements = {Value.None.NONE};
        at(loop.line(), () -> elements[0] = evaluate(loop.iterable(), scope));
        loop(loop, elements[0], 0, scope, out);
    }

    private void loop(Statement.For loop, Value iterable, int depth, Scope scope, StringBuilder out) {
        List<Value> elements = new ArrayList<>();
        at(loop.line(), () -> {
            for (Value element : Iterables.list(iterable, meter)) {
                if (loop.filter().isPresent()) {
                    Scope inner = new Scope(scope);
                    assign(loop.target(), element, inner);
                    if (!Truth.of(evaluate(loop.filter().get(), inner))) {
                        continue;
                    }
                }
                elements.add(element);
            }
        });
        if (elements.isEmpty()) {
            execute(loop.otherwise(), new Scope(scope), out);
            return;
        }
        Loop.Recursion recursion = loop.recursive()
                ? (children, level) -> {
                    StringBuilder inner = new StringBuilder();
                    loop(loop, children, level, scope, inner);
                    return inner.toString();
                }
                : null;
        Loop state = new Loop(elements, depth, recursion);
        for (int i = 0; i < elements.size(); i++) {
            meter.step();
            state.at(i);
            Scope inner = new Scope(scope);
            inner.set("loop", state);
            Value element = elements.get(i);
            at(loop.line(), () -> assign(loop.target(), element, inner));
            if (execute(loop.body(), inner, out) == Flow.BREAK) {
                break;
            }
        }
    }

    private void with(Statement.With with, Scope scope, StringBuilder out) {
        Scope inner = new Scope(scope);
        at(with.line(), () -> {
            for (int i = 0; i < with.targets().size(); i++) {
                assign(with.targets().get(i), evaluate(with.values().get(i), scope), inner);
            }
        });
        execute(with.body(), inner, out);
    }

    private Value filtered(String text, List<Statement.Pipe> filters, Scope scope) {
        Value value = new Value.Str(text);
        for (Statement.Pipe filter : filters) {
            value = filter(filter.name(), value, evaluator.arguments(filter.name(), filter.arguments(), scope));
        }
        return value;
    }

    private void assign(Target target, Value value, Scope scope) {
        switch (target) {
            case Target.Variable(String name) -> scope.set(name, value);
            case Target.Attribute(String name, String attribute) -> {
                if (!(scope.find(name) instanceof Value.Namespace namespace)) {
                    throw JinjaException.operation("cannot assign attribute on non-namespace object");
                }
                namespace.attributes().put(attribute, value);
            }
            case Target.Unpacked(List<Target> targets) -> {
                List<Value> parts = Iterables.list(value, meter);
                if (parts.size() != targets.size()) {
                    throw JinjaException.operation(
                            parts.size() > targets.size()
                                    ? "too many values to unpack (expected " + targets.size() + ")"
                                    : "not enough values to unpack (expected " + targets.size() + ", got "
                                            + parts.size() + ")");
                }
                for (int i = 0; i < targets.size(); i++) {
                    assign(targets.get(i), parts.get(i), scope);
                }
            }
        }
    }

    /** The variable {@code self}: its attributes write blocks again. */
    private final class Blocks implements Value.Special {
        @Override
        public String typeName() {
            return "TemplateReference";
        }

        @Override
        public @Nullable Value attribute(String name) {
            Statement.Block block = source.blocks().get(name);
            return block == null
                    ? null
                    : new Value.Function(
                            name, (session, arguments) -> new Value.Str(render(block.body(), new Scope(top))));
        }
    }
}
