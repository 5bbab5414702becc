// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.expression;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The few operations on matrices that answers have: a number times a matrix, sums, products, whole powers, transposes. */
public final class Matrices {

    private static final int HIGHEST_POWER = 32;

    private Matrices() {}

    /** The matrix that an expression with matrices in it is; empty if it is none. */
    public static Optional<Node.Matrix> evaluate(Node node, Work work) {
        work.spend(1);
        return switch (node) {
            case Node.Matrix matrix -> Optional.of(matrix);
            case Node.Sum(List<Node> terms) -> {
                Optional<Node.Matrix> sum = evaluate(terms.getFirst(), work);
                for (Node term : terms.subList(1, terms.size())) {
                    Optional<Node.Matrix> other = evaluate(term, work);
                    sum = sum.flatMap(a -> other.flatMap(b -> plus(a, b, work)));
                }
                yield sum;
            }
            case Node.Product(List<Node> factors) -> product(factors, work);
            case Node.Power(Node base, Node.Num(Rational exponent))
            when exponent.isInt()
                    && exponent.signum() > 0
                    && exponent.numerator().intValue() <= HIGHEST_POWER -> {
                Optional<Node.Matrix> factor = evaluate(base, work);
                Optional<Node.Matrix> power = factor;
                for (int k = 1; k < exponent.numerator().intValue(); k++) {
                    power = power.flatMap(a -> factor.flatMap(b -> times(a, b, work)));
                }
                yield power;
            }
            case Node.Apply(Fn function, List<Node> arguments)
            when function == Fn.TRANSPOSE ->
                evaluate(arguments.getFirst(), work).map(Matrices::transposed);
            default -> Optional.empty();
        };
    }

    /** The determinant of a square matrix, by minors; for small ones. */
    public static Optional<Node> determinant(Node.Matrix matrix) {
        int n = matrix.rows().size();
        if (n != matrix.rows().getFirst().size() || n > 4) {
            return Optional.empty();
        }
        return Optional.of(minors(matrix.rows()));
    }

    private static Node minors(List<List<Node>> rows) {
        if (rows.size() == 1) {
            return rows.getFirst().getFirst();
        }
        List<Node> terms = new ArrayList<>();
        for (int column = 0; column < rows.size(); column++) {
            List<List<Node>> minor = new ArrayList<>();
            for (List<Node> row : rows.subList(1, rows.size())) {
                List<Node> kept = new ArrayList<>(row);
                kept.remove(column);
                minor.add(kept);
            }
            Node term = Node.product(rows.getFirst().get(column), minors(minor));
            terms.add(column % 2 == 0 ? term : Node.negative(term));
        }
        return new Node.Sum(List.copyOf(terms));
    }

    private static Optional<Node.Matrix> product(List<Node> factors, Work work) {
        List<Node> scalars = new ArrayList<>();
        Optional<Node.Matrix> matrix = Optional.empty();
        for (Node factor : factors) {
            if (!factor.contains(n -> n instanceof Node.Matrix)) {
                scalars.add(factor);
                continue;
            }
            Optional<Node.Matrix> next = evaluate(factor, work);
            if (next.isEmpty()) {
                return Optional.empty();
            }
            matrix = matrix.isEmpty() ? next : matrix.flatMap(a -> times(a, next.get(), work));
            if (matrix.isEmpty()) {
                return Optional.empty();
            }
        }
        return scalars.isEmpty() ? matrix : matrix.map(m -> scaled(m, new Node.Product(List.copyOf(scalars)), work));
    }

    private static Node.Matrix scaled(Node.Matrix matrix, Node factor, Work work) {
        work.spend((long) matrix.rows().size() * matrix.rows().getFirst().size());
        return new Node.Matrix(matrix.rows().stream()
                .map(row ->
                        row.stream().map(entry -> Node.product(factor, entry)).toList())
                .toList());
    }

    private static Optional<Node.Matrix> plus(Node.Matrix a, Node.Matrix b, Work work) {
        if (a.rows().size() != b.rows().size()
                || a.rows().getFirst().size() != b.rows().getFirst().size()) {
            return Optional.empty();
        }
        List<List<Node>> rows = new ArrayList<>();
        for (int i = 0; i < a.rows().size(); i++) {
            List<Node> row = new ArrayList<>();
            for (int j = 0; j < a.rows().get(i).size(); j++) {
                work.spend(1);
                row.add(Node.sum(a.rows().get(i).get(j), b.rows().get(i).get(j)));
            }
            rows.add(List.copyOf(row));
        }
        return Optional.of(new Node.Matrix(List.copyOf(rows)));
    }

    private static Optional<Node.Matrix> times(Node.Matrix a, Node.Matrix b, Work work) {
        int inner = b.rows().size();
        if (a.rows().getFirst().size() != inner) {
            return Optional.empty();
        }
        List<List<Node>> rows = new ArrayList<>();
        for (List<Node> left : a.rows()) {
            List<Node> row = new ArrayList<>();
            for (int j = 0; j < b.rows().getFirst().size(); j++) {
                List<Node> terms = new ArrayList<>();
                for (int k = 0; k < inner; k++) {
                    work.spend(1);
                    terms.add(Node.product(left.get(k), b.rows().get(k).get(j)));
                }
                Node entry = new Node.Sum(List.copyOf(terms));
                row.add(Scalars.rational(entry, work).<Node>map(Node.Num::new).orElse(entry));
            }
            rows.add(List.copyOf(row));
        }
        return Optional.of(new Node.Matrix(List.copyOf(rows)));
    }

    private static Node.Matrix transposed(Node.Matrix matrix) {
        List<List<Node>> rows = new ArrayList<>();
        for (int j = 0; j < matrix.rows().getFirst().size(); j++) {
            int column = j;
            rows.add(matrix.rows().stream().map(row -> row.get(column)).toList());
        }
        return new Node.Matrix(List.copyOf(rows));
    }
}
