// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.Fn;
import dev.jacobian.rl.math.expression.MathProblem;
import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Node.Constant;
import dev.jacobian.rl.math.expression.Rational;
import dev.jacobian.rl.math.expression.Relator;
import dev.jacobian.rl.math.expression.Unit;
import dev.jacobian.rl.math.expression.Work;
import dev.jacobian.rl.math.reading.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Reads what binds loosely, by recursive descent: lists of relations of sets of sums of products of powers. What binds tightly is read by
 * {@link PrimaryReader}. A formula that is not understood to its last token is unreadable: half an answer is none.
 */
final class FormulaReader {

    private static final int MOST_SET_OPERATIONS = 100;

    private final Cursor cursor;
    private final Style style;
    private final UnitReader units;
    private final PrimaryReader primary;
    /** Behind the sign of a currency letters may stand for thousands and millions. */
    private boolean money;

    /** Inside of |...| the next bar closes. */
    private int openBars;

    private FormulaReader(Cursor cursor, Style style) {
        this.cursor = cursor;
        this.style = style;
        units = new UnitReader(cursor, style);
        primary = new PrimaryReader(cursor, style, this);
    }

    /** The whole formula. */
    static Node read(String text, Style style, Work work) {
        Cursor cursor = new Cursor(Lexer.tokens(text, style, work), work);
        FormulaReader reader = new FormulaReader(cursor, style);
        if (cursor.atEnd()) {
            throw new MathProblem.Unreadable("nothing to read");
        }
        Node node = reader.listing();
        while (cursor.takeCommand("implies") || cursor.takeCommand("iff")) {
            node = reader.listing();
        }
        while (cursor.take(".") || cursor.take(",") || cursor.take(";") || cursor.takeCommand("ldots")) {}
        if (!cursor.atEnd()) {
            throw cursor.unreadable();
        }
        return node;
    }

    /** Items with connectors between them. */
    Node listing() {
        cursor.enter();
        List<Node> items = new ArrayList<>();
        items.add(relation());
        boolean alternatives = false;
        boolean together = false;
        while (true) {
            int mark = cursor.mark();
            String connector = Connectors.take(cursor);
            if (connector.isEmpty()) {
                break;
            }
            if (cursor.atEnd()
                    || cursor.at(".")
                    || cursor.at("\\")
                    || cursor.peek().kind() == Kind.END_OF) {
                cursor.reset(mark);
                break;
            }
            alternatives |= connector.equals("or");
            together |= connector.equals("and");
            items.add(relation());
        }
        cursor.leave();
        if (items.size() == 1) {
            return items.getFirst();
        }
        return allConditions(items) && alternatives != together
                ? combined(items, alternatives ? '∪' : '∩')
                : new Node.Listing(Ellipses.writtenOut(List.copyOf(items)));
    }

    private static boolean allConditions(List<Node> items) {
        return items.size() <= MOST_SET_OPERATIONS
                && items.stream()
                        .allMatch(item -> item instanceof Node.Relation(List<Node> members, List<Relator> relators)
                                && relators.stream().allMatch(Relator::isOrder));
    }

    private static Node combined(List<Node> items, char operator) {
        Node all = items.getFirst();
        for (Node item : items.subList(1, items.size())) {
            all = new Node.SetOperation(operator, all, item);
        }
        return all;
    }

    /** A chain of equations and inequalities, or what stands in one. */
    Node relation() {
        while (cursor.takeCommand("approx") || cursor.takeCommand("sim") || cursor.at("=") && cursor.take("=")) {}
        List<Node> members = new ArrayList<>();
        List<Relator> relators = new ArrayList<>();
        members.add(ratio());
        for (Optional<Relator> relator = relator(); relator.isPresent(); relator = relator()) {
            relators.add(relator.get());
            members.add(ratio());
        }
        if (relators.isEmpty()) {
            return members.getFirst();
        }
        return new Node.Relation(List.copyOf(members), List.copyOf(relators));
    }

    private Optional<Relator> relator() {
        if (cursor.at("&") && (cursor.peek(1).is("=") || cursor.peek(1).kind() == Kind.COMMAND)) {
            int mark = cursor.mark();
            cursor.next();
            Optional<Relator> relator = relator();
            if (relator.isEmpty()) {
                cursor.reset(mark);
            }
            return relator;
        }
        Token token = cursor.peek();
        if (isElementOf(token)) {
            cursor.skip(2);
            return Optional.of(Relator.IN);
        }
        if (token.kind() != Kind.SYMBOL && token.kind() != Kind.COMMAND) {
            return Optional.empty();
        }
        Relator relator = switch (token.text()) {
            case "=" -> Relator.EQUAL;
            case "approx", "simeq", "doteq" -> Relator.APPROXIMATE;
            case "ne" -> Relator.NOT_EQUAL;
            case "<" -> Relator.LESS;
            case ">" -> Relator.GREATER;
            case "le" -> Relator.LESS_EQUAL;
            case "ge" -> Relator.GREATER_EQUAL;
            case "in" -> Relator.IN;
            case "equiv" -> Relator.CONGRUENT;
            case "not" -> cursor.peek(1).is("=") ? Relator.NOT_EQUAL : null;
            default -> null;
        };
        if (relator != null) {
            cursor.skip(token.text().equals("not") ? 2 : 1);
            if (cursor.at("&")) {
                cursor.next();
            }
        }
        return Optional.ofNullable(relator);
    }

    /** {@code x in [0, 1)}, in ordinary text. */
    private boolean isElementOf(Token token) {
        Token set = cursor.peek(2);
        return style.plain()
                && token.spaced()
                && token.run().equals("in")
                && (set.is("(") || set.is("[") || set.is("{") || set.is("{set") || set.isCommand("setR"));
    }

    /** {@code 2:3:5}, {@code 3 to 4}. */
    private Node ratio() {
        Node first = sets();
        List<Node> parts = new ArrayList<>(List.of(first));
        while (isRatioSign()) {
            cursor.skip(cursor.word().equals("to") ? 2 : 1);
            parts.add(sum());
        }
        return parts.size() == 1 ? first : new Node.Ratio(List.copyOf(parts));
    }

    private boolean isRatioSign() {
        return cursor.at(":") && !primary.isInBuilder()
                || cursor.word().equals("to") && cursor.peek().offset() == 0
                || cursor.peek().kind() == Kind.TEXT
                        && cursor.peek().text().strip().equals("to");
    }

    private Node sets() {
        Node node = withoutElements(sum());
        for (int count = 0; ; count++) {
            char operator = setOperator();
            if (operator == ' ') {
                return node;
            }
            if (count > MOST_SET_OPERATIONS) {
                throw new MathProblem.TooMuchWork("so many sets");
            }
            cursor.next();
            node = new Node.SetOperation(operator, node, sum());
        }
    }

    /** {@code \mathbb{R} - \{3\}}: of sets it is no sum. */
    private static Node withoutElements(Node node) {
        return node instanceof Node.Sum(List<Node> terms)
                        && terms.size() == 2
                        && terms.getFirst() instanceof Constant
                        && terms.getLast() instanceof Node.Product(List<Node> factors)
                        && factors.size() == 2
                        && factors.getFirst().equals(Node.MINUS_ONE)
                        && factors.getLast() instanceof Node.FiniteSet set
                ? new Node.SetOperation('∖', terms.getFirst(), set)
                : node;
    }

    private char setOperator() {
        Token token = cursor.peek();
        if (token.isCommand("cup")
                || token.kind() == Kind.LETTER && token.run().equals("U") && token.spaced() && style.plain()) {
            return '∪';
        }
        return token.isCommand("cap") ? '∩' : token.isCommand("setminus") ? '∖' : ' ';
    }

    Node sum() {
        List<Node> terms = new ArrayList<>();
        terms.add(signedTerm());
        while (cursor.at("+") || cursor.at("-") || cursor.atCommand("pm") || cursor.atCommand("mp")) {
            terms.add(signedTerm());
        }
        Node sum = terms.size() == 1 ? terms.getFirst() : sumOf(terms);
        boolean choose = cursor.atCommand("choose") || isChoose();
        if (cursor.atCommand("over") || choose) {
            boolean over = cursor.atCommand("over");
            cursor.skip(cursor.peek().kind() == Kind.LETTER ? "choose".length() : 1);
            Node below = sum();
            return over ? Node.quotient(sum, below) : Node.apply(Fn.BINOMIAL, sum, below);
        }
        return modulo(sum);
    }

    /** {@code 8 choose 3}, in words. */
    private boolean isChoose() {
        Token before = cursor.before();
        return cursor.word().equals("choose") && (before.kind() == Kind.NUMBER || before.is(")"));
    }

    /** {@code 3 \\bmod 5}, {@code 3 \\pmod 5}, {@code 3 (mod 5)}. */
    private Node modulo(Node sum) {
        boolean bracket = isModulus();
        if (bracket) {
            cursor.next();
        }
        boolean text = bracket && cursor.peek().kind() == Kind.TEXT;
        if (cursor.atCommand("mod") || text || cursor.word().equals("mod")) {
            cursor.skip(cursor.atCommand("mod") || text ? 1 : 3);
            Node modulus = sum();
            if (bracket) {
                cursor.expect(")");
            }
            return Node.apply(Fn.MOD, sum, modulus);
        }
        return cursor.takeCommand("pmod") ? Node.apply(Fn.MOD, sum, powers()) : sum;
    }

    private boolean isModulus() {
        Token inner = cursor.peek(1);
        return cursor.at("(")
                && (inner.isCommand("mod")
                        || inner.kind() == Kind.TEXT && inner.text().strip().equals("mod")
                        || inner.kind() == Kind.LETTER && inner.run().equals("mod"));
    }

    /** Quantities of one unit are added. */
    private static Node sumOf(List<Node> terms) {
        if (terms.stream().allMatch(Node.Quantity.class::isInstance)
                && terms.stream()
                                .map(term -> ((Node.Quantity) term).unit())
                                .distinct()
                                .count()
                        == 1) {
            Unit unit = ((Node.Quantity) terms.getFirst()).unit();
            return new Node.Quantity(
                    new Node.Sum(terms.stream()
                            .map(term -> ((Node.Quantity) term).value())
                            .toList()),
                    unit);
        }
        if (terms.getLast() instanceof Node.Quantity(Node value, Unit unit)
                && !unit.equals(Unit.PERCENT)
                && terms.subList(0, terms.size() - 1).stream().noneMatch(Node.Quantity.class::isInstance)) {
            List<Node> values = new ArrayList<>(terms);
            values.set(terms.size() - 1, value);
            return new Node.Quantity(new Node.Sum(List.copyOf(values)), unit);
        }
        return new Node.Sum(List.copyOf(terms));
    }

    private Node signedTerm() {
        boolean negative = false;
        boolean either = false;
        while (true) {
            if (cursor.take("-") || takeMinusText()) {
                negative = !negative;
            } else if (cursor.atCommand("pm") || cursor.atCommand("mp")) {
                negative ^= cursor.next().text().equals("mp");
                either = true;
            } else if (!cursor.take("+")) {
                break;
            }
        }
        Node term = term();
        if (either) {
            term = UnitReader.product(List.of(Constant.SIGN, term));
        }
        return negative ? UnitReader.negative(term) : term;
    }

    private boolean takeMinusText() {
        String word = cursor.peek().kind() == Kind.TEXT ? cursor.peek().text().strip() : cursor.word();
        boolean minus = word.equals("-") || word.equalsIgnoreCase("negative") || word.equalsIgnoreCase("minus");
        if (minus) {
            cursor.skip(cursor.peek().kind() == Kind.TEXT ? 1 : word.length());
        }
        return minus;
    }

    private Node term() {
        Optional<Unit> currency = units.prefix();
        money = currency.isPresent();
        Node product = currency.isPresent() && cursor.at("-") ? signedTerm() : scaled(product(), currency.isPresent());
        money = false;
        if (currency.isPresent()) {
            product = UnitReader.quantity(product, currency.get());
        }
        for (Optional<Unit> unit = units.suffix(); unit.isPresent(); unit = units.suffix()) {
            boolean again = product instanceof Node.Quantity(Node value, Unit own) && own.equals(unit.get());
            product = again ? product : UnitReader.quantity(product, unit.get());
        }
        if (product instanceof Node.Quantity first && cursor.peek().kind() == Kind.NUMBER) {
            boolean degrees = first.unit().dimensions().equals(Unit.DEGREE.dimensions());
            Node rest = degrees ? units.behindDegrees(this::term) : term();
            if (!(rest instanceof Node.Quantity part)) {
                throw cursor.unreadable();
            }
            Node.Quantity second = degrees ? UnitReader.ofDegrees(part) : part;
            if (!second.unit().dimensions().equals(first.unit().dimensions())) {
                throw cursor.unreadable();
            }
            return UnitReader.compound(first, second);
        }
        return product;
    }

    /** {@code 5 million}, {@code 3 tenths}, {@code 7 squared}. */
    private Node scaled(Node value, boolean money) {
        String word = cursor.peek().kind() == Kind.TEXT ? cursor.peek().text().strip() : cursor.word();
        Optional<UnaryOperator<Node>> scale = Scales.named(money ? Scales.written(word) : word);
        if (scale.isEmpty()) {
            return value;
        }
        cursor.skip(cursor.peek().kind() == Kind.TEXT ? 1 : word.length());
        return scale.get().apply(value);
    }

    Node product() {
        List<Node> factors = new ArrayList<>();
        factors.add(mixed(powers()));
        while (true) {
            if (cursor.at("*") || cursor.atCommand("times") || cursor.atCommand("cdot")) {
                cursor.next();
                factors.add(signedFactor());
            } else if (cursor.at("/") || cursor.atCommand("div")) {
                cursor.next();
                factors.add(inverse(signedFactor()));
            } else if (startsFactor() && !(cursor.peek().kind() == Kind.NUMBER && isQuantity(factors.getLast()))) {
                factors.add(powers());
            } else {
                return UnitReader.product(factors);
            }
        }
    }

    private static boolean isQuantity(Node node) {
        return node instanceof Node.Quantity;
    }

    private static Node inverse(Node node) {
        return node instanceof Node.Quantity(Node value, Unit unit)
                ? new Node.Quantity(new Node.Power(value, Node.MINUS_ONE), unit.power(-1))
                : new Node.Power(node, Node.MINUS_ONE);
    }

    private Node signedFactor() {
        boolean negative = false;
        while (cursor.at("-") || cursor.at("+")) {
            negative ^= cursor.next().text().equals("-");
        }
        Node factor = powers();
        return negative ? UnitReader.negative(factor) : factor;
    }

    /** {@code 11 1/2}, {@code 11\frac12}: a whole number with a proper fraction behind it is their sum. */
    private Node mixed(Node first) {
        if (isCombination(first)) {
            boolean permutations = cursor.next().text().equals("P");
            Node k = new Node.Num(cursor.next().value().orElseThrow());
            return Node.apply(permutations ? Fn.PERMUTATIONS : Fn.BINOMIAL, first, k);
        }
        if (!(first instanceof Node.Num(Rational whole))
                || !whole.isWhole()
                || !cursor.peek(-1).isWhole()) {
            return first;
        }
        int mark = cursor.mark();
        if (cursor.peek().isWhole()
                && cursor.peek().spaced()
                && cursor.peek(1).is("/")
                && cursor.peek(2).isWhole()) {
            Rational top = cursor.next().value().orElseThrow();
            cursor.next();
            return proper(whole, top, cursor.next().value().orElseThrow(), mark, first);
        }
        if (cursor.atCommand("frac") && !isUnitAhead() && primary.fraction().isPresent()) {
            List<Rational> parts = primary.fraction().orElseThrow();
            primary.skipFraction();
            return proper(whole, parts.get(0), parts.get(1), mark, first);
        }
        return first;
    }

    /** {@code 8C3}, {@code 8P3}. */
    private boolean isCombination(Node first) {
        Token letter = cursor.peek();
        return first instanceof Node.Num
                && style.plain()
                && (letter.run().equals("C") || letter.run().equals("P"))
                && !letter.spaced()
                && cursor.peek(1).isWhole()
                && !cursor.peek(1).spaced();
    }

    private Node proper(Rational whole, Rational top, Rational bottom, int mark, Node first) {
        if (bottom.signum() == 0 || top.compareTo(bottom) >= 0) {
            cursor.reset(mark);
            return first;
        }
        return new Node.Num(whole.plus(top.over(bottom)));
    }

    /** Whether a factor follows without a sign between. */
    private boolean startsFactor() {
        Token token = cursor.peek();
        return switch (token.kind()) {
            case NUMBER -> cursor.peek(-1).kind() != Kind.NUMBER;
            case LETTER -> !isStop(token);
            case COMMAND -> primary.starts(token.text()) && !(token.isCommand("frac") && isUnitAhead());
            case BEGIN -> true;
            case SYMBOL ->
                token.is("(") && !isModulus()
                        || token.is("{")
                        || token.is("|") && openBars == 0 && !primary.isInBuilder()
                        || token.is("[") && !isFrenchClose();
            case TEXT -> primary.isLetterText(token);
            default -> false;
        };
    }

    /** In {@code [2, 5[} the second bracket closes: nothing that could stand in brackets follows it. */
    private boolean isFrenchClose() {
        Token next = cursor.peek(1);
        return next.kind() == Kind.END
                || next.is(".")
                || next.is(",")
                || next.isCommand("cup")
                || next.isCommand("cap");
    }

    private boolean isStop(Token token) {
        if (token.offset() != 0) {
            return false;
        }
        return switch (token.run()) {
            case "and", "or", "to", "mod", "U" -> token.spaced();
            default ->
                Connectors.is(token.run())
                        || isElementOf(token)
                        || isChoose()
                        || money && !Scales.written(token.run()).equals(token.run())
                        || Scales.named(token.run()).isPresent()
                        || style.unitLetters() && isUnitAhead();
        };
    }

    private boolean isUnitAhead() {
        int mark = cursor.mark();
        boolean unit = units.suffix().isPresent();
        cursor.reset(mark);
        return unit;
    }

    /** A primary with its powers, factorials and indices. */
    Node powers() {
        cursor.enter();
        Node node = powersOf(primary.read());
        cursor.leave();
        return node;
    }

    /** The powers behind a primary that was read. */
    Node powersOf(Node read) {
        Node node = read;
        for (int count = 0; count < 20; count++) {
            if (cursor.at("^") && !isUnitAhead()) {
                cursor.next();
                if (cursor.at("'") || cursor.atCommand("prime")) {
                    break;
                }
                Node exponent = exponent();
                node = isTranspose(node, exponent)
                        ? Node.apply(Fn.TRANSPOSE, row(node))
                        : new Node.Power(node, exponent);
            } else if (cursor.at("!") && !cursor.peek(1).is("=")) {
                cursor.next();
                node = cursor.take("!") ? Node.apply(Fn.DOUBLE_FACTORIAL, node) : Node.apply(Fn.FACTORIAL, node);
            } else if (isBetween()) {
                cursor.take("|");
                node = primary.between(node);
            } else if (cursor.at("^")) {
                node = UnitReader.quantity(node, units.suffix().orElseThrow(cursor::unreadable));
            } else {
                break;
            }
        }
        return node;
    }

    /** {@code |_0^1} behind an expression, or {@code _0^1} behind square brackets. */
    private boolean isBetween() {
        return cursor.at("|") && cursor.peek(1).is("_")
                || cursor.at("_") && cursor.before().is("]");
    }

    private static Node row(Node node) {
        return node instanceof Node.Group(char open, List<Node> items, char close)
                ? new Node.Matrix(List.of(items))
                : node;
    }

    private static boolean isTranspose(Node base, Node exponent) {
        return (base instanceof Node.Matrix || base instanceof Node.Group)
                && exponent instanceof Node.Name(String name)
                && (name.equals("T") || name.equals("top"));
    }

    /** Towers are read from the right. */
    private Node exponent() {
        if (cursor.at("{")) {
            return powers();
        }
        boolean negative = cursor.take("-");
        Node exponent = powers();
        return negative ? Node.negative(exponent) : exponent;
    }

    /** The content of |...|, whose opening bar is behind the cursor. */
    Node bars() {
        openBars++;
        Node inner = sum();
        cursor.expect("|");
        openBars--;
        return inner;
    }

    /** What is inside of brackets, where bars open again. */
    <T> T inside(java.util.function.Supplier<T> reading) {
        int bars = openBars;
        openBars = 0;
        T result = reading.get();
        openBars = bars;
        return result;
    }
}
