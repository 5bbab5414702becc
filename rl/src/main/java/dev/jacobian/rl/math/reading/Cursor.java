// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.MathProblem;
import dev.jacobian.rl.math.expression.Work;
import dev.jacobian.rl.math.reading.Token.Kind;
import java.util.List;

/** A place among tokens, and how deep the reader is. */
final class Cursor {

    /** Deeper formulas are no answers, and the reader is recursive. */
    private static final int DEEPEST = 100;

    private final List<Token> tokens;
    private final Work work;
    private int at;
    private int depth;

    Cursor(List<Token> tokens, Work work) {
        this.tokens = tokens;
        this.work = work;
    }

    Token peek() {
        return tokens.get(at);
    }

    /** The token so many places ahead, or the last. */
    Token peek(int ahead) {
        return tokens.get(Math.min(at + ahead, tokens.size() - 1));
    }

    Token next() {
        work.spend(1);
        Token token = tokens.get(at);
        if (at < tokens.size() - 1) {
            at++;
        }
        return token;
    }

    void skip(int count) {
        for (int k = 0; k < count; k++) {
            next();
        }
    }

    /** The token that was taken last, or the first. */
    Token before() {
        return tokens.get(Math.max(0, at - 1));
    }

    boolean at(String symbol) {
        return peek().is(symbol);
    }

    boolean atCommand(String name) {
        return peek().isCommand(name);
    }

    boolean atEnd() {
        return peek().kind() == Kind.END;
    }

    /** Goes past a symbol if it is there. */
    boolean take(String symbol) {
        if (at(symbol)) {
            next();
            return true;
        }
        return false;
    }

    boolean takeCommand(String name) {
        if (atCommand(name)) {
            next();
            return true;
        }
        return false;
    }

    void expect(String symbol) {
        if (!take(symbol)) {
            throw unreadable();
        }
    }

    /** The rest of the word that the next letter is in. */
    String word() {
        Token token = peek();
        return token.kind() == Kind.LETTER ? token.run().substring(token.offset()) : "";
    }

    int mark() {
        return at;
    }

    void reset(int mark) {
        at = mark;
    }

    void enter() {
        if (++depth > DEEPEST) {
            throw new MathProblem.Unreadable("nested so deeply");
        }
    }

    void leave() {
        depth--;
    }

    Work work() {
        return work;
    }

    MathProblem.Unreadable unreadable() {
        return new MathProblem.Unreadable("did not expect " + peek().kind() + " " + peek().text());
    }
}
