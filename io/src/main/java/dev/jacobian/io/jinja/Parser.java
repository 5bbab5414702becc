// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import dev.jacobian.io.jinja.Statement.Branch;
import dev.jacobian.io.jinja.Statement.MacroBody;
import dev.jacobian.io.jinja.Statement.Pipe;
import dev.jacobian.io.jinja.Statement.Target;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Parses the blocks of a template; {@link ExpressionParser} parses what stands in them. */
final class Parser {
    private static final Set<String> CONSTANTS = Set.of("true", "false", "none", "True", "False", "None");

    private final TokenStream tokens;
    private final ExpressionParser expressions;
    private final Map<String, Statement.Block> blocks = new HashMap<>();
    private boolean generations;
    private int loops; // around the present place, within the present macro

    private Parser(TokenStream tokens) {
        this.tokens = tokens;
        this.expressions = new ExpressionParser(tokens);
    }

    /**
     * The statements of a source.
     *
     * @throws JinjaException if it cannot be parsed
     */
    static Source parse(String source) {
        if (source.length() > JinjaLimits.MAX_SOURCE) {
            throw JinjaException.limit("the template has " + source.length() + " characters; templates up to "
                    + JinjaLimits.MAX_SOURCE + " are read (limit: length of a template)");
        }
        Parser parser = new Parser(new TokenStream(Lexer.tokens(source)));
        List<Statement> body = parser.body(Set.of());
        return new Source(body, Map.copyOf(parser.blocks), parser.generations);
    }

    /**
     * What was parsed.
     *
     * @param blocks by name, wherever they stand
     * @param generations whether there is a {@code generation} block
     */
    record Source(List<Statement> body, Map<String, Statement.Block> blocks, boolean generations) {}

    /** Statements up to one of the tags, which is the next token then. */
    private List<Statement> body(Set<String> ends) {
        tokens.enter();
        List<Statement> statements = new ArrayList<>();
        while (true) {
            Token token = tokens.peek();
            switch (token.kind()) {
                case DATA -> statements.add(new Statement.Text(tokens.take().text()));
                case VARIABLE_BEGIN -> {
                    tokens.take();
                    statements.add(new Statement.Print(expressions.tuple(true), token.line()));
                    tokens.expect(Token.Kind.VARIABLE_END);
                }
                case BLOCK_BEGIN -> {
                    tokens.take();
                    Token name = tokens.peek();
                    if (name.kind() == Token.Kind.NAME && ends.contains(name.text())) {
                        tokens.leave();
                        return List.copyOf(statements);
                    }
                    statements.add(statement(tokens.expect(Token.Kind.NAME)));
                    tokens.expect(Token.Kind.BLOCK_END);
                }
                default -> {
                    if (!ends.isEmpty()) {
                        throw tokens.error("unexpected end of template, a block lacks its "
                                + String.join(" or ", ends.stream().sorted().toList()));
                    }
                    tokens.leave();
                    return List.copyOf(statements);
                }
            }
        }
    }

    /** A body with its end tag: behind the opening tag's end, up to before the closing tag's end. */
    private List<Statement> bodyTo(String end) {
        tokens.expect(Token.Kind.BLOCK_END);
        List<Statement> body = body(Set.of(end));
        tokens.take();
        return body;
    }

    private Statement statement(Token tag) {
        int line = tag.line();
        return switch (tag.text()) {
            case "if" -> condition(line);
            case "for" -> loop(line);
            case "set" -> assignment(line);
            case "macro" -> macro(line);
            case "call" -> call(line);
            case "filter" -> {
                List<Pipe> filters = pipes();
                yield new Statement.FilterBlock(filters, bodyTo("endfilter"), line);
            }
            case "with" -> with(line);
            case "block" -> block();
            case "generation" -> {
                generations = true;
                yield new Statement.Generation(outsideLoops(() -> bodyTo("endgeneration")));
            }
            case "print" -> new Statement.Print(printed(), line);
            case "break" -> inLoop(new Statement.Break(), tag);
            case "continue" -> inLoop(new Statement.Continue(), tag);
            case "include", "import", "from", "extends" ->
                throw new JinjaException(
                        JinjaException.Kind.SYNTAX,
                        "'" + tag.text() + "' needs other templates, and a chat template stands alone",
                        line);
            default ->
                throw new JinjaException(
                        JinjaException.Kind.SYNTAX, "encountered unknown tag '" + tag.text() + "'", line);
        };
    }

    /** Several values, one behind the other. */
    private Expression printed() {
        List<Expression> values = new ArrayList<>();
        do {
            values.add(expressions.expression());
        } while (tokens.skipOperator(","));
        return new Expression.Concatenation(List.copyOf(values));
    }

    private Statement inLoop(Statement statement, Token tag) {
        if (loops == 0) {
            throw new JinjaException(
                    JinjaException.Kind.SYNTAX, "'" + tag.text() + "' stands outside of a loop", tag.line());
        }
        return statement;
    }

    /** Parses a body that is a function of its own, out of which no {@code break} can lead. */
    private <T> T outsideLoops(Supplier<T> body) {
        int around = loops;
        loops = 0;
        T result = body.get();
        loops = around;
        return result;
    }

    private Statement condition(int line) {
        List<Branch> branches = new ArrayList<>();
        while (true) {
            Expression condition = expressions.tuple(false);
            tokens.expect(Token.Kind.BLOCK_END);
            branches.add(new Branch(condition, body(Set.of("elif", "else", "endif"))));
            Token end = tokens.take();
            if (end.isName("elif")) {
                continue;
            }
            List<Statement> otherwise = end.isName("else") ? bodyTo("endif") : List.of();
            return new Statement.If(List.copyOf(branches), otherwise, line);
        }
    }

    private Statement loop(int line) {
        Target target = target(false);
        if (!tokens.skipName("in")) {
            throw tokens.unexpected("'in'");
        }
        Expression iterable = expressions.tuple(false);
        Optional<Expression> filter = tokens.skipName("if") ? Optional.of(expressions.expression()) : Optional.empty();
        boolean recursive = tokens.skipName("recursive");
        tokens.expect(Token.Kind.BLOCK_END);
        loops++;
        List<Statement> body = body(Set.of("else", "endfor"));
        loops--;
        List<Statement> otherwise = tokens.take().isName("else") ? bodyTo("endfor") : List.of();
        return new Statement.For(target, iterable, filter, body, otherwise, recursive, line);
    }

    private Statement assignment(int line) {
        Target target = target(true);
        if (tokens.skipOperator("=")) {
            return new Statement.Set(target, expressions.tuple(true), line);
        }
        List<Pipe> filters = tokens.skipOperator("|") ? pipes() : List.of();
        return new Statement.SetBlock(target, filters, bodyTo("endset"), line);
    }

    private List<Pipe> pipes() {
        List<Pipe> filters = new ArrayList<>();
        do {
            filters.add(expressions.pipe());
        } while (tokens.skipOperator("|"));
        return List.copyOf(filters);
    }

    private Statement macro(int line) {
        String name = variable();
        List<String> parameters = new ArrayList<>();
        List<Expression> defaults = new ArrayList<>();
        signature(parameters, defaults);
        return new Statement.Definition(function(name, parameters, defaults, "endmacro"), line);
    }

    private Statement call(int line) {
        List<String> parameters = new ArrayList<>();
        List<Expression> defaults = new ArrayList<>();
        if (tokens.peek().isOperator("(")) {
            signature(parameters, defaults);
        }
        Expression called = expressions.expression();
        if (!(called instanceof Expression.Call call)) {
            throw tokens.error("expected a call behind 'call'");
        }
        return new Statement.CallBlock(call, function("caller", parameters, defaults, "endcall"), line);
    }

    private MacroBody function(String name, List<String> parameters, List<Expression> defaults, String end) {
        int from = tokens.position();
        List<Statement> body = outsideLoops(() -> bodyTo(end));
        return new MacroBody(name, List.copyOf(parameters), List.copyOf(defaults), body, tokens.namesSince(from));
    }

    private void signature(List<String> parameters, List<Expression> defaults) {
        tokens.expectOperator("(");
        while (!tokens.skipOperator(")")) {
            if (!parameters.isEmpty()) {
                tokens.expectOperator(",");
            }
            parameters.add(variable());
            if (tokens.skipOperator("=")) {
                defaults.add(expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw tokens.error("non-default argument follows default argument");
            }
        }
    }

    private Statement with(int line) {
        List<Target> targets = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (tokens.peek().kind() != Token.Kind.BLOCK_END) {
            if (!targets.isEmpty()) {
                tokens.expectOperator(",");
            }
            targets.add(singleTarget(false));
            tokens.expectOperator("=");
            values.add(expressions.expression());
        }
        return new Statement.With(List.copyOf(targets), List.copyOf(values), bodyTo("endwith"), line);
    }

    private Statement block() {
        String name = variable();
        tokens.skipName("scoped");
        tokens.skipName("required");
        List<Statement> body = outsideLoops(() -> bodyTo("endblock"));
        tokens.skipName(name);
        Statement.Block block = new Statement.Block(name, body);
        if (blocks.put(name, block) != null) {
            throw tokens.error("block '" + name + "' defined twice");
        }
        return block;
    }

    /** Variables with commas between them. */
    private Target target(boolean namespaces) {
        List<Target> targets = new ArrayList<>();
        boolean comma;
        do {
            targets.add(singleTarget(namespaces));
            comma = tokens.skipOperator(",");
        } while (comma
                && (tokens.peek().kind() == Token.Kind.NAME && !tokens.peek().isName("in")
                        || tokens.peek().isOperator("(")));
        return targets.size() == 1 && !comma ? targets.getFirst() : new Target.Unpacked(List.copyOf(targets));
    }

    private Target singleTarget(boolean namespaces) {
        if (tokens.skipOperator("(")) {
            tokens.enter();
            Target target = target(false);
            tokens.expectOperator(")");
            tokens.leave();
            return target;
        }
        String name = variable();
        if (namespaces && tokens.skipOperator(".")) {
            return new Target.Attribute(name, tokens.expect(Token.Kind.NAME).text());
        }
        return new Target.Variable(name);
    }

    private String variable() {
        Token token = tokens.expect(Token.Kind.NAME);
        if (CONSTANTS.contains(token.text())) {
            throw new JinjaException(
                    JinjaException.Kind.SYNTAX, "can't assign to '" + token.text() + "'", token.line());
        }
        return token.text();
    }
}
