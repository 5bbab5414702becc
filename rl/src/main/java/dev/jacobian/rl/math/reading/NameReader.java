// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.Fn;
import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Node.Constant;
import dev.jacobian.rl.math.expression.Rational;
import dev.jacobian.rl.math.reading.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Reads letters: variables with their indices and primes, names of functions and points, words that stand for a function or a constant. */
final class NameReader {

    /** Longer words are no products of variables. */
    private static final int LONGEST_PRODUCT = 3;

    private final Cursor cursor;
    private final Style style;
    private final BracketReader brackets;
    private final FunctionReader functions;

    NameReader(Cursor cursor, Style style, BracketReader brackets, FunctionReader functions) {
        this.cursor = cursor;
        this.style = style;
        this.brackets = brackets;
        this.functions = functions;
    }

    /** The name, product or function that letters are. */
    Node read() {
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
                && !Vocabulary.isWord(token.run())) {
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
                && (Vocabulary.SHORT_WORDS.contains(token.run().toLowerCase(Locale.ROOT))
                        || next.kind() == Kind.LETTER
                                && next.spaced()
                                && next.run().length() > 1
                                && !Vocabulary.isWord(next.run())
                                && !Connectors.is(next.run()));
    }

    private static boolean hasFunctionAtEnd(String run) {
        for (int from = 1; from < Math.min(run.length() - 1, 1 + LONGEST_PRODUCT); from++) {
            if (Vocabulary.isWord(run.substring(from))) {
                return true;
            }
        }
        return false;
    }

    /** Functions and constants whose names are written in letters: sqrt(6), 29*pi. */
    private Optional<Node> namedWord(String word) {
        if (word.equals("sqrt") || word.equals("cbrt") || word.equals("root")) {
            cursor.skip(word.length());
            return Optional.of(functions.root(word.equals("cbrt") ? Rational.of(1, 3) : Rational.HALF));
        }
        if (word.equals("oo") && style.plain()) {
            cursor.skip(2);
            return Optional.of(Constant.INFINITY);
        }
        if (word.length() > 1 && (Vocabulary.CONSTANTS.containsKey(word) || Vocabulary.GREEK.contains(word))) {
            cursor.skip(word.length());
            return Optional.of(
                    Vocabulary.CONSTANTS.containsKey(word) ? Vocabulary.CONSTANTS.get(word) : new Node.Name(word));
        }
        Optional<Fn> function = Fn.byName(word);
        if (function.isPresent() && word.length() > 1) {
            cursor.skip(word.length());
            return Optional.of(functions.read(function.get()));
        }
        for (int length = 4; length >= 2 && word.length() == length + 1; length--) {
            Optional<Fn> prefix = Fn.byName(word.substring(0, length));
            if (prefix.isPresent()) {
                cursor.skip(length);
                return Optional.of(functions.read(prefix.get()));
            }
        }
        return Optional.empty();
    }

    /** What a single letter is, with what stands behind it. */
    Node letter(String letter) {
        if (cursor.at("_")) {
            String index = index();
            return combination(letter, index).orElseGet(() -> new Node.Name(letter + index));
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
            if (brackets.read() instanceof Node.Group(char open, List<Node> items, char close) && items.size() == 2) {
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

    /** {@code C_8^3} and {@code A_8^3}, as they are written from Paris to Beijing. */
    private Optional<Node> combination(String letter, String index) {
        int brace = cursor.peek(1).is("{") ? 1 : 0;
        Token chosen = cursor.peek(1 + brace);
        if (!"CAP".contains(letter)
                || !cursor.at("^")
                || !chosen.isWhole()
                || brace == 1 && !cursor.peek(3).is("}")
                || !index.matches("_\\d{1,6}")) {
            return Optional.empty();
        }
        Rational n = Rational.of(Long.parseLong(index.substring(1)));
        Rational k = chosen.value().orElseThrow();
        if (k.compareTo(n) > 0) {
            return Optional.empty();
        }
        cursor.skip(2 + 2 * brace);
        Fn function = letter.equals("C") ? Fn.BINOMIAL : Fn.PERMUTATIONS;
        return Optional.of(Node.apply(function, new Node.Num(n), new Node.Num(k)));
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
            if (brackets.read() instanceof Node.Group group) {
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
        Node inner = brackets.read();
        arguments.addAll(inner instanceof Node.Group(char open, List<Node> items, char close) ? items : List.of(inner));
        return new Node.Apply(Fn.NAMED, List.copyOf(arguments));
    }

    /** The text of an index, as part of a name: a_{n+1}. */
    String index() {
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
}
