// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import dev.jacobian.io.jinja.Expression.CallArguments;
import dev.jacobian.io.jinja.Expression.Comparator;
import dev.jacobian.io.jinja.Expression.Named;
import dev.jacobian.io.jinja.Expression.Operator;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Parses expressions by precedence, loosest first: conditional, {@code or}, {@code and}, {@code not}, comparisons, {@code + -},
 * {@code ~}, {@code * / // %}, {@code **}, signs, then what stands behind a value. All binary operators group to the left,
 * {@code **} too, and a filter binds looser than a sign: Jinja's rules, not Python's.
 */
final class ExpressionParser {
    private static final Map<String, Comparator> COMPARATORS = Arrays.stream(Comparator.values())
            .filter(c -> c != Comparator.IN && c != Comparator.NOT_IN)
            .collect(Collectors.toMap(Comparator::symbol, c -> c));
    private static final Map<String, Operator> ARITHMETIC =
            Arrays.stream(Operator.values()).collect(Collectors.toMap(Operator::symbol, o -> o));

    private final TokenStream tokens;

    ExpressionParser(TokenStream tokens) {
        this.tokens = tokens;
    }

    /** A whole expression. */
    Expression expression() {
        tokens.enter();
        Expression value = or();
        while (tokens.skipName("if")) {
            Expression condition = or();
            Optional<Expression> otherwise = tokens.skipName("else") ? Optional.of(expression()) : Optional.empty();
            value = new Expression.Conditional(condition, value, otherwise);
        }
        tokens.leave();
        return value;
    }

    /** An expression without a conditional, as conditions and iterables are: {@code if} means something else behind them. */
    Expression or() {
        tokens.enter();
        Expression left = and();
        while (tokens.skipName("or")) {
            left = new Expression.Or(left, and());
        }
        tokens.leave();
        return left;
    }

    /**
     * One expression, or a tuple of several with commas between them.
     *
     * @param conditional whether the elements may be conditionals
     */
    Expression tuple(boolean conditional) {
        return tuple(conditional, false);
    }

    private Expression tuple(boolean conditional, boolean parenthesized) {
        List<Expression> items = new ArrayList<>();
        boolean comma = false;
        while (!endsTuple()) {
            items.add(conditional ? expression() : or());
            comma = tokens.skipOperator(",");
            if (!comma) {
                break;
            }
        }
        if (items.isEmpty() && !parenthesized) {
            throw tokens.unexpected("an expression");
        }
        return items.size() == 1 && !comma ? items.getFirst() : new Expression.TupleOf(List.copyOf(items));
    }

    private boolean endsTuple() {
        Token token = tokens.peek();
        return switch (token.kind()) {
            case BLOCK_END, VARIABLE_END, END -> true;
            case OPERATOR -> token.isOperator(")");
            case NAME -> token.isName("recursive");
            default -> false;
        };
    }

    private Expression and() {
        Expression left = not();
        while (tokens.skipName("and")) {
            left = new Expression.And(left, not());
        }
        return left;
    }

    private Expression not() {
        if (!tokens.skipName("not")) {
            return comparison();
        }
        tokens.enter();
        Expression operand = not();
        tokens.leave();
        return new Expression.Not(operand);
    }

    private Expression comparison() {
        Expression first = sum();
        List<Comparator> comparators = new ArrayList<>();
        List<Expression> others = new ArrayList<>();
        while (true) {
            Token token = tokens.peek();
            if (token.kind() == Token.Kind.OPERATOR && COMPARATORS.containsKey(token.text())) {
                comparators.add(COMPARATORS.get(tokens.take().text()));
            } else if (tokens.skipName("in")) {
                comparators.add(Comparator.IN);
            } else if (token.isName("not") && tokens.peekSecond().isName("in")) {
                tokens.take();
                tokens.take();
                comparators.add(Comparator.NOT_IN);
            } else {
                break;
            }
            others.add(sum());
        }
        return comparators.isEmpty()
                ? first
                : new Expression.Comparison(first, List.copyOf(comparators), List.copyOf(others));
    }

    private Expression sum() {
        Expression left = concatenation();
        while (isOperator("+", "-")) {
            left = new Expression.Binary(operator(), left, concatenation());
        }
        return left;
    }

    private Expression concatenation() {
        Expression first = product();
        if (!tokens.peek().isOperator("~")) {
            return first;
        }
        List<Expression> parts = new ArrayList<>(List.of(first));
        while (tokens.skipOperator("~")) {
            parts.add(product());
        }
        return new Expression.Concatenation(List.copyOf(parts));
    }

    private Expression product() {
        Expression left = power();
        while (isOperator("*", "/", "//", "%")) {
            left = new Expression.Binary(operator(), left, power());
        }
        return left;
    }

    private Expression power() {
        Expression left = unary(true);
        while (isOperator("**")) {
            left = new Expression.Binary(operator(), left, unary(true));
        }
        return left;
    }

    private boolean isOperator(String... spellings) {
        return Arrays.stream(spellings).anyMatch(tokens.peek()::isOperator);
    }

    private Operator operator() {
        Operator operator = ARITHMETIC.get(tokens.take().text());
        if (operator == null) {
            throw new AssertionError("asked for without having looked");
        }
        return operator;
    }

    private Expression unary(boolean withFilters) {
        Expression value;
        if (isOperator("+", "-")) {
            boolean minus = tokens.take().isOperator("-");
            tokens.enter();
            value = new Expression.Sign(minus, unary(false));
            tokens.leave();
        } else {
            value = postfix(primary());
        }
        return withFilters ? filters(value) : value;
    }

    private Expression primary() {
        Token token = tokens.peek();
        switch (token.kind()) {
            case NAME:
                tokens.take();
                return switch (token.text()) {
                    case "true", "True" -> new Expression.Literal(Value.Bool.TRUE);
                    case "false", "False" -> new Expression.Literal(Value.Bool.FALSE);
                    case "none", "None" -> new Expression.Literal(Value.None.NONE);
                    default -> new Expression.Name(token.text());
                };
            case STRING:
                StringBuilder text = new StringBuilder();
                while (tokens.peek().kind() == Token.Kind.STRING) {
                    text.append(tokens.take().text());
                }
                return new Expression.Literal(new Value.Str(text.toString()));
            case INTEGER:
                tokens.take();
                return new Expression.Literal(integer(token));
            case FLOAT:
                tokens.take();
                return new Expression.Literal(
                        new Value.Real(Double.parseDouble(token.text().replace("_", ""))));
            case OPERATOR:
                return bracketed(token);
            default:
                throw tokens.unexpected("an expression");
        }
    }

    private Expression bracketed(Token token) {
        tokens.enter();
        Expression value;
        if (tokens.skipOperator("(")) {
            value = tuple(true, true);
            tokens.expectOperator(")");
        } else if (tokens.skipOperator("[")) {
            List<Expression> items = new ArrayList<>();
            separated("]", () -> items.add(expression()));
            value = new Expression.ListOf(List.copyOf(items));
        } else if (tokens.skipOperator("{")) {
            List<Expression> keys = new ArrayList<>();
            List<Expression> values = new ArrayList<>();
            separated("}", () -> {
                keys.add(expression());
                tokens.expectOperator(":");
                values.add(expression());
            });
            value = new Expression.DictOf(List.copyOf(keys), List.copyOf(values));
        } else {
            throw tokens.error("unexpected '" + token.text() + "'");
        }
        tokens.leave();
        return value;
    }

    /** Elements with commas between them, perhaps one behind the last, up to a closing bracket. */
    private void separated(String end, Runnable element) {
        boolean comma = true;
        while (!tokens.skipOperator(end)) {
            if (!comma) {
                throw tokens.unexpected("','");
            }
            element.run();
            comma = tokens.skipOperator(",");
        }
    }

    private static Value integer(Token token) {
        String digits = token.text().replace("_", "");
        char mark = digits.length() > 1 ? digits.charAt(1) : ' ';
        int radix = switch (mark) {
            case 'x', 'X' -> 16;
            case 'o', 'O' -> 8;
            case 'b', 'B' -> 2;
            default -> 10;
        };
        if (digits.length() > JinjaLimits.MAX_INTEGER_BITS) {
            throw Meter.tooLarge().at(token.line());
        }
        try {
            return Meter.integer(new BigInteger(radix == 10 ? digits : digits.substring(2), radix));
        } catch (JinjaException e) {
            throw e.at(token.line());
        }
    }

    /** Attributes, indices and calls behind a value. */
    private Expression postfix(Expression start) {
        Expression value = start;
        while (true) {
            if (tokens.skipOperator(".")) {
                value = attribute(value);
            } else if (tokens.skipOperator("[")) {
                value = item(value);
            } else if (tokens.peek().isOperator("(")) {
                value = new Expression.Call(value, arguments());
            } else {
                return value;
            }
        }
    }

    private Expression attribute(Expression target) {
        Token token = tokens.take();
        return switch (token.kind()) {
            case NAME -> new Expression.Attribute(target, token.text());
            case INTEGER -> new Expression.Item(target, new Expression.Literal(integer(token)));
            default ->
                throw new JinjaException(
                        JinjaException.Kind.SYNTAX, "expected a name or a number behind '.'", token.line());
        };
    }

    private Expression item(Expression target) {
        tokens.enter();
        List<Expression> indices = new ArrayList<>();
        separated("]", () -> indices.add(index(target)));
        tokens.leave();
        if (indices.size() == 1) {
            Expression only = indices.getFirst();
            return only instanceof Expression.Slice ? only : new Expression.Item(target, only);
        }
        if (indices.isEmpty() || indices.stream().anyMatch(Expression.Slice.class::isInstance)) {
            throw tokens.error("expected one index or one slice between brackets");
        }
        return new Expression.Item(target, new Expression.TupleOf(List.copyOf(indices)));
    }

    /** An index, or the whole slice. */
    private Expression index(Expression target) {
        Optional<Expression> start = bound();
        if (!tokens.skipOperator(":")) {
            return start.orElseThrow(() -> tokens.unexpected("an index"));
        }
        Optional<Expression> stop = bound();
        Optional<Expression> step = tokens.skipOperator(":") ? bound() : Optional.empty();
        return new Expression.Slice(target, start, stop, step);
    }

    private Optional<Expression> bound() {
        return isOperator(":", "]", ",") ? Optional.empty() : Optional.of(expression());
    }

    /** Filters and tests behind a value, and calls of their results. */
    private Expression filters(Expression start) {
        Expression value = start;
        while (true) {
            if (tokens.skipOperator("|")) {
                String name = dotted();
                value = new Expression.Filter(value, name, optionalArguments());
            } else if (tokens.skipName("is")) {
                value = test(value);
            } else if (tokens.peek().isOperator("(")) {
                value = new Expression.Call(value, arguments());
            } else {
                return value;
            }
        }
    }

    /** A filter's name and arguments without an input. */
    Statement.Pipe pipe() {
        return new Statement.Pipe(dotted(), optionalArguments());
    }

    private String dotted() {
        StringBuilder name = new StringBuilder(tokens.expect(Token.Kind.NAME).text());
        while (tokens.skipOperator(".")) {
            name.append('.').append(tokens.expect(Token.Kind.NAME).text());
        }
        return name.toString();
    }

    private CallArguments optionalArguments() {
        return tokens.peek().isOperator("(") ? arguments() : CallArguments.NONE;
    }

    private Expression test(Expression value) {
        boolean negated = tokens.skipName("not");
        String name = dotted();
        CallArguments arguments = CallArguments.NONE;
        if (tokens.peek().isOperator("(")) {
            arguments = arguments();
        } else if (beginsOperand(tokens.peek())) {
            if (tokens.peek().isName("is")) {
                throw tokens.error("you cannot chain multiple tests with is");
            }
            arguments = CallArguments.of(List.of(postfix(primary())));
        }
        Expression test = new Expression.Test(value, name, arguments);
        return negated ? new Expression.Not(test) : test;
    }

    /** Whether a test's only argument begins here, without parentheses. */
    private static boolean beginsOperand(Token token) {
        return switch (token.kind()) {
            case NAME -> !token.isName("else") && !token.isName("or") && !token.isName("and");
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.isOperator("[") || token.isOperator("{");
            default -> false;
        };
    }

    /** What stands between parentheses behind something that is called. */
    CallArguments arguments() {
        tokens.expectOperator("(");
        tokens.enter();
        List<Expression> positional = new ArrayList<>();
        List<Named> named = new ArrayList<>();
        List<Expression> spread = new ArrayList<>();
        List<Expression> spreadNamed = new ArrayList<>();
        separated(")", () -> {
            if (tokens.skipOperator("**")) {
                spreadNamed.add(expression());
            } else if (tokens.skipOperator("*")) {
                spread.add(expression());
            } else if (tokens.peek().kind() == Token.Kind.NAME
                    && tokens.peekSecond().isOperator("=")) {
                String name = tokens.take().text();
                tokens.take();
                named.add(new Named(name, expression()));
            } else if (named.isEmpty() && spread.isEmpty() && spreadNamed.isEmpty()) {
                positional.add(expression());
            } else {
                throw tokens.error("invalid syntax for function call expression");
            }
        });
        tokens.leave();
        if (spread.size() > 1 || spreadNamed.size() > 1) {
            throw tokens.error("invalid syntax for function call expression");
        }
        return new CallArguments(
                List.copyOf(positional),
                List.copyOf(named),
                spread.stream().findFirst(),
                spreadNamed.stream().findFirst());
    }
}
