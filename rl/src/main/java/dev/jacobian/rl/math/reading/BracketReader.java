// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.Fn;
import dev.jacobian.rl.math.expression.Matrices;
import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Node.Constant;
import dev.jacobian.rl.math.expression.Relator;
import java.util.ArrayList;
import java.util.List;

/** Reads brackets of all kinds: groups, tuples and intervals, sets and what builds them, absolute values. */
final class BracketReader {

    private final Cursor cursor;
    private final FormulaReader formulas;
    private final PrimaryReader primary;
    private int builders;

    BracketReader(Cursor cursor, FormulaReader formulas, PrimaryReader primary) {
        this.cursor = cursor;
        this.formulas = formulas;
        this.primary = primary;
    }

    /** Whether a colon means "such that". */
    boolean isInBuilder() {
        return builders > 0;
    }

    /** What begins with a bracket. */
    Node read() {
        Token token = cursor.peek();
        return switch (token.text()) {
            case "(", "[" -> group();
            case "]" -> group();
            case "{" -> braces();
            case "^" -> combination();
            case "<" -> pointed();
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

    static List<Node> items(Node node) {
        return switch (node) {
            case Node.Listing(List<Node> items) -> items;
            case Node.Group(char open, List<Node> items, char close) -> items;
            default -> List.of(node);
        };
    }

    /** TeX's braces group; in ordinary text they are a set. */
    Node braces() {
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
        cursor.enter(); // its argument may be another one
        Node n = primary.argument();
        cursor.leave();
        boolean permutations = cursor.peek().text().equals("P");
        if (!permutations && !cursor.peek().text().equals("C")) {
            throw cursor.unreadable();
        }
        cursor.next();
        cursor.expect("_");
        return Node.apply(permutations ? Fn.PERMUTATIONS : Fn.BINOMIAL, n, primary.argument());
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

    /** {@code <1, 2>}, in ordinary text. */
    private Node pointed() {
        cursor.expect("<");
        List<Node> items = new ArrayList<>();
        do {
            items.add(formulas.inside(formulas::sum));
        } while (cursor.take(","));
        cursor.expect(">");
        if (items.size() < 2) {
            throw cursor.unreadable();
        }
        return new Node.Group('(', List.copyOf(items), ')');
    }

    /** {@code \lfloor x \rfloor}. */
    Node rounded(Fn function, String close) {
        Node inner = formulas.inside(formulas::sum);
        if (!cursor.takeCommand(close)) {
            throw cursor.unreadable();
        }
        return Node.apply(function, inner);
    }

    /** {@code \langle 1, 2 \rangle}. */
    Node angled() {
        Node inner = formulas.inside(formulas::listing);
        if (!cursor.takeCommand("rangle")) {
            throw cursor.unreadable();
        }
        return new Node.Group('(', items(inner), ')');
    }
}
