// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.MathProblem;
import dev.jacobian.rl.math.expression.Matrices;
import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Relator;
import dev.jacobian.rl.math.reading.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Reads what stands between {@code \\begin} and {@code \\end}: matrices, systems of equations, values by cases, derivations. */
final class MatrixReader {

    private static final Pattern CONDITION = Pattern.compile("(?i)[,;]?\\s*(?:if|for|when|where|,|;)");
    /** Words of a condition that say nothing: n is even, even n. */
    private static final Pattern FILLER = Pattern.compile("(?i)\\b(?:if|for|when|where|is|are|an?)\\b|[,;.]");

    private final Cursor cursor;
    private final FormulaReader formulas;

    MatrixReader(Cursor cursor, FormulaReader formulas) {
        this.cursor = cursor;
        this.formulas = formulas;
    }

    Node read() {
        String environment = cursor.next().text();
        if (environment.startsWith("align") || environment.startsWith("gather") || environment.startsWith("split")) {
            return alignment(environment);
        }
        boolean cases = environment.endsWith("cases");
        List<List<Node>> rows = new ArrayList<>();
        List<Node> row = new ArrayList<>();
        while (true) {
            row.add(cases ? branch(row.isEmpty()) : formulas.inside(formulas::relation));
            Token token = cursor.next();
            if (token.is("&")) {
                continue;
            }
            rows.add(List.copyOf(row));
            row.clear();
            if (token.is("\\") && cursor.peek().kind() != Kind.END_OF) {
                continue;
            }
            Token end = token.is("\\") ? cursor.next() : token;
            if (end.kind() != Kind.END_OF || !end.text().equals(environment)) {
                throw cursor.unreadable();
            }
            break;
        }
        int columns = rows.getFirst().size();
        if (rows.stream().anyMatch(r -> r.size() != columns)) {
            throw new MathProblem.Unreadable("rows of different length");
        }
        if (cases) {
            return cases(rows);
        }
        Node.Matrix matrix = new Node.Matrix(List.copyOf(rows));
        return environment.equals("vmatrix") ? Matrices.determinant(matrix).orElseThrow(cursor::unreadable) : matrix;
    }

    /** A value or its condition, with the comma behind it. A condition may be said in words. */
    private Node branch(boolean value) {
        int mark = cursor.mark();
        try {
            if (cursor.peek().kind() == Kind.TEXT
                    && CONDITION.matcher(cursor.peek().text().strip()).matches()) {
                cursor.next();
            }
            Node node = formulas.inside(value ? formulas::relation : formulas::listing);
            skipStops();
            if (isEndOfCell() || value) {
                return node;
            }
        } catch (MathProblem.Unreadable e) {
            if (value) {
                throw e;
            }
        }
        cursor.reset(mark);
        return words();
    }

    private void skipStops() {
        while (cursor.take(",") || cursor.take(";") || cursor.take(".")) {}
    }

    private boolean isEndOfCell() {
        return cursor.at("&") || cursor.at("\\") || cursor.peek().kind() == Kind.END_OF || cursor.atEnd();
    }

    private Node words() {
        StringBuilder words = new StringBuilder();
        while (!isEndOfCell()) {
            Token token = cursor.next();
            words.append(token.kind() == Kind.LETTER && token.offset() > 0 ? "" : " ")
                    .append(token.text());
        }
        List<String> said =
                FILLER.matcher(words).replaceAll(" ").strip().transform(text -> List.of(text.split("\\s+")));
        return new Node.Word(String.join(" ", said.stream().sorted().toList()));
    }

    /** One column lists equations, two are values with their conditions; neither has an order. */
    private static Node cases(List<List<Node>> rows) {
        return new Node.Listing(rows.stream()
                .map(row -> row.size() == 1 ? row.getFirst() : new Node.Group('(', row, ')'))
                .toList());
    }

    /** The last line of a derivation counts; a line that begins with an equals sign continues the one before. */
    private Node alignment(String environment) {
        List<Node> members = new ArrayList<>();
        List<Relator> relators = new ArrayList<>();
        while (true) {
            cursor.take("&");
            Node line = cursor.at("=") ? continued(members, relators) : formulas.inside(formulas::relation);
            members.clear();
            relators.clear();
            if (line instanceof Node.Relation(List<Node> parts, List<Relator> signs)) {
                members.addAll(parts);
                relators.addAll(signs);
            } else {
                members.add(line);
            }
            if (!cursor.take("\\") || cursor.peek().kind() == Kind.END_OF) {
                break;
            }
        }
        Token end = cursor.next();
        if (end.kind() != Kind.END_OF || !end.text().equals(environment)) {
            throw cursor.unreadable();
        }
        return members.size() == 1
                ? members.getFirst()
                : new Node.Relation(List.copyOf(members), List.copyOf(relators));
    }

    private Node continued(List<Node> members, List<Relator> relators) {
        Node right = formulas.inside(formulas::relation);
        if (members.isEmpty()) {
            return right;
        }
        List<Node> all = new ArrayList<>(members);
        List<Relator> signs = new ArrayList<>(relators);
        signs.add(Relator.EQUAL);
        if (right instanceof Node.Relation(List<Node> parts, List<Relator> more)) {
            all.addAll(parts);
            signs.addAll(more);
        } else {
            all.add(right);
        }
        return new Node.Relation(List.copyOf(all), List.copyOf(signs));
    }
}
