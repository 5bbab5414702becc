// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.Fn;
import dev.jacobian.rl.math.expression.MathProblem;
import dev.jacobian.rl.math.expression.Matrices;
import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Node.Constant;
import dev.jacobian.rl.math.expression.Rational;
import dev.jacobian.rl.math.expression.Relator;
import dev.jacobian.rl.math.reading.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads what binds tightly: numbers, letters, brackets, functions with their arguments, matrices. */
final class PrimaryReader {

    /** Longer words are no products of variables. */
    private static final int LONGEST_PRODUCT = 3;

    private static final Set<String> SHORT_WORDS = Set.of(
            "so", "we", "is", "it", "of", "in", "at", "by", "no", "the", "get", "not", "are", "for", "all", "if", "as",
            "an", "be", "do", "on", "my", "you", "was", "has", "yes", "odd", "red", "but", "one", "two", "six", "ten",
            "day", "may", "can", "its", "nor", "got", "our", "who", "his", "her", "how", "now", "any", "see", "let",
            "use", "say", "way");

    private static final Set<String> GREEK = Set.of(
            "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu",
            "xi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda",
            "Sigma", "Phi", "Psi", "Omega", "ell", "hbar", "top");

    private static final Map<String, Constant> CONSTANTS = Map.ofEntries(
            Map.entry("pi", Constant.PI),
            Map.entry("infty", Constant.INFINITY),
            Map.entry("infinity", Constant.INFINITY),
            Map.entry("inf", Constant.INFINITY),
            Map.entry("emptyset", Constant.EMPTY_SET),
            Map.entry("setR", Constant.REALS),
            Map.entry("R", Constant.REALS),
            Map.entry("setZ", Constant.INTEGERS),
            Map.entry("setN", Constant.NATURALS),
            Map.entry("setQ", Constant.RATIONALS),
            Map.entry("setC", Constant.COMPLEXES),
            Map.entry("exponentialE", Constant.E),
            Map.entry("imaginaryI", Constant.I),
            Map.entry("i", Constant.I));

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
            Pattern.compile("[^\\p{L}]+|sin|cos|tan|ln|log|[^\\p{L}]*[\\d)][^\\p{L}]*\\p{L}?");

    private final Cursor cursor;
    private final Style style;
    private final FormulaReader formulas;
    private final MatrixReader matrices;
    private int builders;

    PrimaryReader(Cursor cursor, Style style, FormulaReader formulas) {
        this.cursor = cursor;
        this.style = style;
        this.formulas = formulas;
        matrices = new MatrixReader(cursor, formulas);
    }

    /** Whether a colon means "such that". */
    boolean isInBuilder() {
        return builders > 0;
    }

    /** Whether a primary begins with a command. */
    boolean starts(String command) {
        return SPECIAL.contains(command)
                || CONSTANTS.containsKey(command)
                || GREEK.contains(command)
                || Fn.byName(command).isPresent();
    }

    /** A single letter, or digits, in roman type. */
    boolean isLetterText(Token token) {
        String text = token.text().strip();
        return text.length() == 1
                && Character.isLetter(text.charAt(0))
                && !token.text().startsWith(" ")
                && Units.named(text).isEmpty();
    }

    Node read() {
        Token token = cursor.peek();
        return switch (token.kind()) {
            case NUMBER -> number();
            case LETTER -> letters();
            case COMMAND -> command();
            case TEXT -> text();
            case BEGIN -> matrices.read();
            case SYMBOL -> bracket();
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
            return letter(text);
        }
        if (FORMULA_TEXT.matcher(text).matches()) {
            cursor.next();
            return Character.isLetter(text.charAt(0)) && text.length() > 1 && Character.isLetter(text.charAt(1))
                    ? function(Fn.byName(text).orElseThrow())
                    : FormulaReader.read(text, style, cursor.work());
        }
        throw cursor.unreadable();
    }

    private Node letters() {
        String word = cursor.word();
        if (cursor.peek().offset() == 0 || word.length() > 1) {
            Optional<Node> named = namedWord(word);
            if (named.isPresent()) {
                return named.get();
            }
        }
        Token token = cursor.peek();
        if (Words.isHan(token.run())) {
            throw cursor.unreadable();
        }
        if (token.offset() == 0
                && token.run().length() > LONGEST_PRODUCT
                && cursor.peek(token.run().length()).is("=")
                && !isWord(token.run())) {
            cursor.skip(token.run().length());
            return new Node.Name(token.run().toLowerCase(Locale.ROOT));
        }
        if (token.run().length() > LONGEST_PRODUCT && !hasFunctionAtEnd(token.run())
                || style.plain() && isProse(token)) {
            throw cursor.unreadable();
        }
        cursor.next();
        return letter(token.text());
    }

    /** Two words side by side, or a word that is no product of variables in any text. */
    private boolean isProse(Token token) {
        Token next = cursor.peek(token.run().length() - token.offset());
        return token.run().length() > 1
                && (SHORT_WORDS.contains(token.run().toLowerCase(Locale.ROOT))
                        || next.kind() == Kind.LETTER
                                && next.spaced()
                                && next.run().length() > 1
                                && !isWord(next.run())
                                && !Connectors.is(next.run()));
    }

    private static boolean hasFunctionAtEnd(String run) {
        for (int from = 1; from < Math.min(run.length() - 1, 1 + LONGEST_PRODUCT); from++) {
            if (isWord(run.substring(from))) {
                return true;
            }
        }
        return false;
    }

    private static boolean isWord(String word) {
        return word.equals("sqrt") || word.equals("pi") || Fn.byName(word).isPresent();
    }

    /** Functions and constants whose names are written in letters: sqrt(6), 29*pi. */
    private Optional<Node> namedWord(String word) {
        if (word.equals("sqrt") || word.equals("cbrt") || word.equals("root")) {
            cursor.skip(word.length());
            return Optional.of(root(word.equals("cbrt") ? Rational.of(1, 3) : Rational.HALF));
        }
        if (word.length() > 1 && (CONSTANTS.containsKey(word) || GREEK.contains(word))) {
            cursor.skip(word.length());
            return Optional.of(CONSTANTS.containsKey(word) ? CONSTANTS.get(word) : new Node.Name(word));
        }
        Optional<Fn> function = Fn.byName(word);
        if (function.isPresent() && word.length() > 1) {
            cursor.skip(word.length());
            return Optional.of(function(function.get()));
        }
        for (int length = 4; length >= 2 && word.length() == length + 1; length--) {
            Optional<Fn> prefix = Fn.byName(word.substring(0, length));
            if (prefix.isPresent()) {
                cursor.skip(length);
                return Optional.of(function(prefix.get()));
            }
        }
        return Optional.empty();
    }

    private Node letter(String letter) {
        if (cursor.at("_")) {
            return new Node.Name(letter + index());
        }
        if (cursor.at("'")) {
            StringBuilder primes = new StringBuilder(letter);
            while (cursor.take("'")) {
                primes.append('\'');
            }
            return cursor.at("(") ? named(primes.toString()) : new Node.Name(primes.toString());
        }
        if (isInverseFunction(letter)) {
            cursor.skip(cursor.peek(1).is("{") ? 5 : 3);
            return named(letter + "^-1");
        }
        if (letter.equals("C") && cursor.at("(") && !cursor.peek().spaced()) {
            int mark = cursor.mark();
            if (bracket() instanceof Node.Group(char open, List<Node> items, char close) && items.size() == 2) {
                return new Node.Apply(Fn.BINOMIAL, items);
            }
            cursor.reset(mark);
        }
        if (cursor.at("(") && !cursor.peek().spaced() && isFunctionLetter(letter)) {
            return named(letter);
        }
        Optional<Node> point = point(letter);
        if (point.isPresent()) {
            return point.get();
        }
        return switch (letter) {
            case "e" -> Constant.E;
            case "i" -> Constant.I;
            default -> new Node.Name(letter);
        };
    }

    /** {@code f^{-1}(x)}. */
    private boolean isInverseFunction(String letter) {
        int brace = cursor.peek(1).is("{") ? 1 : 0;
        return "fgh".contains(letter)
                && cursor.at("^")
                && cursor.peek(1 + brace).is("-")
                && cursor.peek(2 + brace).text().equals("1")
                && (brace == 0 || cursor.peek(4).is("}"))
                && cursor.peek(3 + 2 * brace).is("(");
    }

    /** A point with its name: P(3, 4). */
    private Optional<Node> point(String letter) {
        int mark = cursor.mark();
        if (Character.isUpperCase(letter.charAt(0))
                && cursor.at("(")
                && !cursor.peek().spaced()) {
            if (bracket() instanceof Node.Group group) {
                return Optional.of(group);
            }
            cursor.reset(mark);
        }
        return Optional.empty();
    }

    private boolean isFunctionLetter(String letter) {
        boolean simple = (cursor.peek(1).kind() == Kind.LETTER || cursor.peek(1).kind() == Kind.NUMBER)
                && cursor.peek(2).is(")");
        return "fghFG".contains(letter) || simple && "PQTSpqu".contains(letter);
    }

    private Node named(String name) {
        List<Node> arguments = new ArrayList<>();
        arguments.add(new Node.Name(name));
        Node inner = bracket();
        arguments.addAll(inner instanceof Node.Group(char open, List<Node> items, char close) ? items : List.of(inner));
        return new Node.Apply(Fn.NAMED, List.copyOf(arguments));
    }

    /** The text of an index, as part of a name: a_{n+1}. */
    private String index() {
        cursor.expect("_");
        StringBuilder index = new StringBuilder("_");
        if (!cursor.take("{")) {
            return index.append(cursor.next().text()).toString();
        }
        while (!cursor.at("}")) {
            if (cursor.atEnd()) {
                throw cursor.unreadable();
            }
            index.append(cursor.next().text());
        }
        cursor.next();
        return index.toString();
    }

    private Node command() {
        String name = cursor.next().text();
        Constant constant = CONSTANTS.get(name);
        if (constant != null) {
            return constant;
        }
        if (GREEK.contains(name)) {
            return cursor.at("_") ? new Node.Name(name + index()) : new Node.Name(name);
        }
        return switch (name) {
            case "frac" -> {
                Node top = argument();
                yield Node.quotient(top, argument());
            }
            case "binom" -> {
                Node top = argument();
                yield Node.apply(Fn.BINOMIAL, top, argument());
            }
            case "sqrt", "surd" -> root(Rational.HALF);
            case "cuberoot", "cbrt" -> root(Rational.of(1, 3));
            case "lfloor" -> rounded(Fn.FLOOR, "rfloor");
            case "lceil" -> rounded(Fn.CEIL, "rceil");
            case "langle" -> angled();
            case "lg" -> Node.apply(Fn.LOG_BASE, Node.number(10), functionArgument());
            case "sum" -> series(false);
            case "prod" -> series(true);
            case "infinity" -> Constant.INFINITY;
            case "ldots" -> Ellipses.ELLIPSIS;
            case "overline" -> {
                Node inner = argument();
                yield inner.contains(node -> node == Constant.I) ? Node.apply(Fn.CONJUGATE, inner) : inner;
            }
            default ->
                function(Fn.byName(name).orElseThrow(() -> new MathProblem.Unreadable("unknown command " + name)));
        };
    }

    private Node rounded(Fn function, String close) {
        Node inner = formulas.inside(formulas::sum);
        if (!cursor.takeCommand(close)) {
            throw cursor.unreadable();
        }
        return Node.apply(function, inner);
    }

    private Node angled() {
        Node inner = formulas.inside(formulas::listing);
        if (!cursor.takeCommand("rangle")) {
            throw cursor.unreadable();
        }
        return new Node.Group('(', items(inner), ')');
    }

    /** One argument: braces, or the next thing alone. */
    private Node argument() {
        return cursor.at("{") ? braces() : formulas.inside(this::read);
    }

    private Node root(Rational exponent) {
        Node power = new Node.Num(exponent);
        if (cursor.at("[")) {
            cursor.next();
            Node order = formulas.inside(formulas::sum);
            cursor.expect("]");
            power = order instanceof Node.Num(Rational n) && n.signum() != 0
                    ? new Node.Num(Rational.ONE.over(n))
                    : new Node.Power(order, Node.MINUS_ONE);
        }
        return new Node.Power(argument(), power);
    }

    /** The function whose name is behind the cursor: its power, base and argument. */
    private Node function(Fn function) {
        cursor.enter();
        Node result;
        if (function == Fn.LOG && cursor.at("_")) {
            cursor.next();
            Node base = argument();
            result = raised(power(), value -> Node.apply(Fn.LOG_BASE, base, value));
        } else if (cursor.at("^")) {
            Optional<Node> power = power();
            boolean inverse = power.isPresent()
                    && power.get().equals(Node.MINUS_ONE)
                    && function.inverse().isPresent();
            Fn meant = inverse ? function.inverse().orElseThrow() : function;
            result = raised(inverse ? Optional.empty() : power, value -> Node.apply(meant, value));
        } else if (isSeveral(function) && cursor.at("(")) {
            result = new Node.Apply(function, items(bracket()));
        } else if (function == Fn.DET || function == Fn.MAX || function == Fn.MIN) {
            result = ofOne(function, formulas.powers());
        } else {
            result = Node.apply(function, functionArgument());
        }
        cursor.leave();
        return result;
    }

    private static boolean isSeveral(Fn function) {
        return switch (function) {
            case MAX, MIN, GCD, LCM, BINOMIAL -> true;
            default -> false;
        };
    }

    private static Node ofOne(Fn function, Node argument) {
        if (function == Fn.DET && argument instanceof Node.Matrix matrix) {
            return Matrices.determinant(matrix).orElseThrow(() -> new MathProblem.Unreadable("no small square matrix"));
        }
        return new Node.Apply(
                function, argument instanceof Node.FiniteSet(List<Node> items) ? items : List.of(argument));
    }

    private Optional<Node> power() {
        if (!cursor.take("^")) {
            return Optional.empty();
        }
        boolean negative = cursor.take("-");
        Node power = argument();
        return Optional.of(negative ? Node.negative(power) : power);
    }

    private Node raised(Optional<Node> power, java.util.function.UnaryOperator<Node> function) {
        Node value = function.apply(functionArgument());
        return power.<Node>map(exponent -> new Node.Power(value, exponent)).orElse(value);
    }

    /** {@code \sin 2x \cos x}: the factors up to a sign, a blank comma or another function; brackets end it at once. */
    private Node functionArgument() {
        if (cursor.at("(")) {
            return formulas.powersOf(bracket());
        }
        List<Node> factors = new ArrayList<>();
        if (cursor.at("-")) {
            cursor.next();
            factors.add(Node.MINUS_ONE);
        }
        factors.add(formulas.powers());
        while (cursor.peek().kind() == Kind.NUMBER && cursor.peek(-1).kind() != Kind.NUMBER
                || cursor.peek().kind() == Kind.LETTER && !cursor.peek().spaced() && !isWord(cursor.word())
                || cursor.peek().kind() == Kind.LETTER
                        && cursor.peek(-1).kind() == Kind.NUMBER
                        && cursor.word().length() == 1
                || cursor.peek().kind() == Kind.COMMAND
                        && (CONSTANTS.containsKey(cursor.peek().text())
                                || GREEK.contains(cursor.peek().text())
                                || cursor.atCommand("frac"))) {
            factors.add(formulas.powers());
        }
        if (cursor.at("/")
                && factors.size() == 1
                && style.plain()
                && cursor.peek(1).isWhole()) {
            cursor.next();
            factors.add(new Node.Power(formulas.powers(), Node.MINUS_ONE));
        }
        return UnitReader.product(factors);
    }

    private Node bracket() {
        Token token = cursor.peek();
        return switch (token.text()) {
            case "(", "[" -> group();
            case "]" -> group();
            case "{" -> braces();
            case "{set" -> set();
            case "|" -> {
                cursor.next();
                Node inner = formulas.bars();
                yield inner instanceof Node.Matrix matrix
                        ? Matrices.determinant(matrix).orElseThrow(cursor::unreadable)
                        : Node.apply(Fn.ABS, inner);
            }
            default -> throw cursor.unreadable();
        };
    }

    /** Brackets around one thing group it; around several they are a tuple or an interval, French ones included. */
    private Node group() {
        char open = cursor.next().text().charAt(0);
        if (cursor.at(")")) {
            throw cursor.unreadable();
        }
        Node inner = formulas.inside(formulas::listing);
        Token token = cursor.next();
        if (!token.is(")") && !token.is("]") && !token.is("[")) {
            throw cursor.unreadable();
        }
        char close = token.text().charAt(0);
        boolean french = open == ']' || close == '[';
        char first = open == ']' ? '(' : open;
        char last = close == '[' ? ')' : close;
        if (inner instanceof Node.Listing(List<Node> items)) {
            return new Node.Group(first, items, last);
        }
        if (french || first == '(' != (last == ')')) {
            throw cursor.unreadable();
        }
        if (first == '(' && cursor.at("_") && inner instanceof Node.Num) {
            throw cursor.unreadable();
        }
        return first == '[' && inner instanceof Node.Group ? new Node.Group('[', List.of(inner), ']') : inner;
    }

    private static List<Node> items(Node node) {
        return switch (node) {
            case Node.Listing(List<Node> items) -> items;
            case Node.Group(char open, List<Node> items, char close) -> items;
            default -> List.of(node);
        };
    }

    /** TeX's braces group; in ordinary text they are a set. */
    private Node braces() {
        cursor.expect("{");
        if (cursor.take("}")) {
            return combination();
        }
        Node inner = formulas.inside(formulas::listing);
        cursor.expect("}");
        return inner instanceof Node.Listing(List<Node> items) ? new Node.FiniteSet(items) : inner;
    }

    /** {@code {}_{n}C_{k}}. */
    private Node combination() {
        if (!cursor.take("_") && !cursor.take("^")) {
            throw cursor.unreadable();
        }
        Node n = argument();
        boolean permutations = cursor.peek().text().equals("P");
        if (!permutations && !cursor.peek().text().equals("C")) {
            throw cursor.unreadable();
        }
        cursor.next();
        cursor.expect("_");
        return Node.apply(permutations ? Fn.PERMUTATIONS : Fn.BINOMIAL, n, argument());
    }

    private Node set() {
        cursor.expect("{set");
        if (cursor.take("set}")) {
            return Constant.EMPTY_SET;
        }
        builders++;
        Node inner = formulas.inside(formulas::listing);
        builders--;
        if (cursor.take("|") || cursor.take(":") || cursor.take("mid")) {
            Node condition = formulas.inside(formulas::listing);
            cursor.expect("set}");
            return restricted(inner, condition);
        }
        cursor.expect("set}");
        return new Node.FiniteSet(inner instanceof Node.Listing(List<Node> items) ? items : List.of(inner));
    }

    /** What a builder ranges over is all real numbers if nothing else is said. */
    private static Node restricted(Node element, Node condition) {
        return element instanceof Node.Relation(List<Node> members, List<Relator> relators)
                        && relators.getFirst() == Relator.IN
                        && members.getLast() != Constant.REALS
                ? new Node.SetOperation('∩', members.getLast(), condition)
                : condition;
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

    /** A sum or product over few whole numbers is written out. */
    private Node series(boolean product) {
        Node from = null;
        Node to = null;
        for (int k = 0; k < 2; k++) {
            if (cursor.take("_")) {
                from = argument();
            } else if (cursor.take("^")) {
                to = argument();
            }
        }
        Node body = formulas.product();
        if (!(from instanceof Node.Relation(List<Node> members, List<Relator> relators))
                || !(members.getFirst() instanceof Node.Name index)
                || !(members.getLast() instanceof Node.Num(Rational first))
                || !(to instanceof Node.Num(Rational last))
                || !first.isInt()
                || !last.isInt()
                || last.minus(first).compareTo(Rational.of(1000)) > 0
                || last.compareTo(first) < 0) {
            throw new MathProblem.Unreadable("no short sum");
        }
        List<Node> terms = new ArrayList<>();
        int size = body.size();
        for (int k = first.numerator().intValue(); k <= last.numerator().intValue(); k++) {
            cursor.work().spend(100 + 2L * size);
            terms.add(body.replace(index, Node.number(k)));
        }
        return product ? new Node.Product(List.copyOf(terms)) : new Node.Sum(List.copyOf(terms));
    }
}
