// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.reading.Token.Kind;
import java.util.Set;

/**
 * Reads integrals, limits, and sums that nobody writes out, as a name of their own: what they are is not computed, but a line that says
 * what they are equal to has an answer, and the same one written twice is the same.
 */
final class OperatorReader {

    private static final Set<String> OPERATORS =
            Set.of("int", "iint", "iiint", "oint", "lim", "limsup", "liminf", "argmax", "argmin");

    /** What ends an operand that is not in brackets. */
    private static final Set<String> ENDS = Set.of(
            "=", "<", ">", "le", "ge", "ne", "approx", "equiv", "to", "implies", "Rightarrow", ",", ";", "&", "\\");

    private static final Set<String> OPENING = Set.of("(", "[", "{", "{set");

    private static final Set<String> CLOSING = Set.of(")", "]", "}", "set}");

    private final Cursor cursor;

    OperatorReader(Cursor cursor) {
        this.cursor = cursor;
    }

    static boolean isOperator(String command) {
        return OPERATORS.contains(command);
    }

    /** All that an operator stands before, up to a sign of equality, a comma or the bracket around it. */
    Node read(String operator) {
        StringBuilder written = new StringBuilder(operator);
        int depth = 0;
        while (!cursor.atEnd() && cursor.peek().kind() != Kind.END_OF) {
            Token token = cursor.peek();
            boolean sign = token.kind() == Kind.SYMBOL || token.kind() == Kind.COMMAND;
            boolean closes = sign && CLOSING.contains(token.text());
            if (depth == 0 && (closes || sign && ENDS.contains(token.text()) || Connectors.is(token.text()))) {
                break;
            }
            depth += closes ? -1 : sign && OPENING.contains(token.text()) ? 1 : 0;
            written.append(' ').append(cursor.next().text());
        }
        return new Node.Name(written.toString());
    }

    /** {@code F(x) |_0^1}, {@code [F(x)]_0^1}: an expression between two of its values. */
    Node between(Node node) {
        StringBuilder written = new StringBuilder(node.toString()).append('|');
        while (cursor.at("_") || cursor.at("^")) {
            written.append(cursor.next().text());
            int depth = 0;
            do {
                Token token = cursor.next();
                depth += token.is("{") ? 1 : token.is("}") ? -1 : 0;
                written.append(' ').append(token.text());
            } while (depth > 0 && !cursor.atEnd());
        }
        return new Node.Name(written.toString());
    }
}
