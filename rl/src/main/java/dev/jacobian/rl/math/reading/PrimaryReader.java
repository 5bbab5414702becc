// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.Fn;
import dev.jacobian.rl.math.expression.MathProblem;
import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Node.Constant;
import dev.jacobian.rl.math.expression.Rational;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads what binds tightly: numbers, fractions and commands; what begins with a letter, a bracket or a function has its own reader. */
final class PrimaryReader {

    private static final Set<String> SPECIAL = Set.of(
            "frac",
            "binom",
            "sqrt",
            "surd",
            "cuberoot",
            "cbrt",
            "lfloor",
            "lceil",
            "langle",
            "log",
            "sum",
            "prod",
            "lg",
            "gcd",
            "overline");

    /** Roman type that is no word: 1/3, -, 25, sin. */
    private static final Pattern FORMULA_TEXT =
            Pattern.compile("[^\\p{L}]+|sin|cos|tan|ln|log|cis|[^\\p{L}]*[\\d)][^\\p{L}]*\\p{L}?");

    private static final Node D = new Node.Name("d");

    private final Cursor cursor;
    private final Style style;
    private final FormulaReader formulas;
    private final MatrixReader matrices;
    private final BracketReader brackets;
    private final FunctionReader functions;
    private final NameReader names;
    private final OperatorReader operators;

    PrimaryReader(Cursor cursor, Style style, FormulaReader formulas) {
        this.cursor = cursor;
        this.style = style;
        this.formulas = formulas;
        matrices = new MatrixReader(cursor, formulas);
        brackets = new BracketReader(cursor, formulas, this);
        functions = new FunctionReader(cursor, style, formulas, this, brackets);
        names = new NameReader(cursor, style, brackets, functions);
        operators = new OperatorReader(cursor);
    }

    /** Whether a colon means "such that". */
    boolean isInBuilder() {
        return brackets.isInBuilder();
    }

    /** Whether a primary begins with a command. */
    boolean starts(String command) {
        return SPECIAL.contains(command)
                || OperatorReader.isOperator(command)
                || Vocabulary.CONSTANTS.containsKey(command)
                || Vocabulary.GREEK.contains(command)
                || Fn.byName(command).isPresent();
    }

    /** A single letter, or the name of a function, in roman type. */
    boolean isLetterText(Token token) {
        String text = token.text().strip();
        return Fn.byName(text).isPresent() && FORMULA_TEXT.matcher(text).matches()
                || text.length() == 1
                        && Character.isLetter(text.charAt(0))
                        && !token.text().startsWith(" ")
                        && Units.named(text).isEmpty();
    }

    Node read() {
        Token token = cursor.peek();
        return switch (token.kind()) {
            case NUMBER -> number();
            case LETTER -> names.read();
            case COMMAND -> command();
            case TEXT -> text();
            case BEGIN -> matrices.read();
            case SYMBOL -> brackets.read();
            default -> throw cursor.unreadable();
        };
    }

    private Node number() {
        Token token = cursor.next();
        return new Node.Num(token.value().orElseThrow());
    }

    /** {@code \mathrm{e}}, {@code \text{1/3}}, {@code \text{-}5}: what is in roman type without being words is read as a formula. */
    private Node text() {
        String text = cursor.peek().text().strip();
        if (cursor.peek(1).is("=") && text.matches("[\\p{L} ]{2,40}") || text.equals("otherwise")) {
            cursor.next();
            return new Node.Name(text.toLowerCase(Locale.ROOT));
        }
        if (text.length() == 1 && Character.isLetter(text.charAt(0))) {
            cursor.next();
            return names.letter(text);
        }
        if (FORMULA_TEXT.matcher(text).matches()) {
            cursor.next();
            return Character.isLetter(text.charAt(0)) && text.length() > 1 && Character.isLetter(text.charAt(1))
                    ? functions.read(Fn.byName(text).orElseThrow())
                    : FormulaReader.read(text, style, cursor.work());
        }
        throw cursor.unreadable();
    }

    private Node command() {
        String name = cursor.next().text();
        Constant constant = Vocabulary.CONSTANTS.get(name);
        if (constant != null) {
            return constant;
        }
        if (Vocabulary.GREEK.contains(name)) {
            return cursor.at("_") ? new Node.Name(name + names.index()) : new Node.Name(name);
        }
        if (OperatorReader.isOperator(name)) {
            return operators.read(name);
        }
        return switch (name) {
            case "frac" -> {
                Node top = argument();
                Node bottom = argument();
                yield isDerivative(top, bottom) ? operators.read("d/" + bottom) : Node.quotient(top, bottom);
            }
            case "binom" -> {
                Node top = argument();
                yield Node.apply(Fn.BINOMIAL, top, argument());
            }
            case "sqrt", "surd" -> functions.root(Rational.HALF);
            case "cuberoot", "cbrt" -> functions.root(Rational.of(1, 3));
            case "lfloor" -> brackets.rounded(Fn.FLOOR, "rfloor");
            case "lceil" -> brackets.rounded(Fn.CEIL, "rceil");
            case "langle" -> brackets.angled();
            case "lg" -> Node.apply(Fn.LOG_BASE, Node.number(10), functions.argument());
            case "sum", "prod" -> series(name);
            case "infinity" -> Constant.INFINITY;
            case "ldots" -> Ellipses.ELLIPSIS;
            case "overline" -> {
                Node inner = argument();
                yield inner.contains(node -> node == Constant.I) ? Node.apply(Fn.CONJUGATE, inner) : inner;
            }
            default ->
                functions.read(
                        Fn.byName(name).orElseThrow(() -> new MathProblem.Unreadable("unknown command " + name)));
        };
    }

    /** {@code \frac{d}{dx}}, which stands before a function. */
    private static boolean isDerivative(Node top, Node bottom) {
        return top.equals(D)
                && bottom instanceof Node.Product(List<Node> factors)
                && factors.size() == 2
                && factors.getFirst().equals(D)
                && factors.getLast() instanceof Node.Name;
    }

    Node between(Node node) {
        return operators.between(node);
    }

    /** One argument: braces, or the next thing alone. */
    Node argument() {
        return cursor.at("{") ? brackets.braces() : formulas.inside(this::read);
    }

    /** Written out if that is short. */
    private Node series(String name) {
        int mark = cursor.mark();
        try {
            return functions.series(name.equals("prod"));
        } catch (MathProblem.Unreadable e) {
            cursor.reset(mark);
            return operators.read(name);
        }
    }

    /** Numerator and denominator of the fraction at the cursor, if both are whole numbers. */
    Optional<List<Rational>> fraction() {
        int mark = cursor.mark();
        try {
            cursor.next();
            if (argument() instanceof Node.Num(Rational top)
                    && argument() instanceof Node.Num(Rational bottom)
                    && top.isWhole()
                    && bottom.isWhole()
                    && !cursor.at("^")) {
                return Optional.of(List.of(top, bottom));
            }
            return Optional.empty();
        } finally {
            cursor.reset(mark);
        }
    }

    void skipFraction() {
        cursor.next();
        argument();
        argument();
    }
}
