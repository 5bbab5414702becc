// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The tokens of a template, one after the other. */
final class TokenStream {
    private final List<Token> tokens;
    private int next;
    private int depth;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token peek() {
        return tokens.get(next);
    }

    /** How many tokens were taken. */
    int position() {
        return next;
    }

    /** The names among the tokens taken since a position. */
    Set<String> namesSince(int position) {
        return tokens.subList(position, next).stream()
                .filter(token -> token.kind() == Token.Kind.NAME)
                .map(Token::text)
                .collect(Collectors.toUnmodifiableSet());
    }

    Token peekSecond() {
        return tokens.get(Math.min(next + 1, tokens.size() - 1));
    }

    /** Takes the next token; the last one stays. */
    Token take() {
        Token token = peek();
        if (token.kind() != Token.Kind.END) {
            next++;
        }
        return token;
    }

    boolean skipOperator(String spelling) {
        return skip(peek().isOperator(spelling));
    }

    boolean skipName(String spelling) {
        return skip(peek().isName(spelling));
    }

    private boolean skip(boolean found) {
        if (found) {
            take();
        }
        return found;
    }

    void expectOperator(String spelling) {
        if (!skipOperator(spelling)) {
            throw unexpected("'" + spelling + "'");
        }
    }

    Token expect(Token.Kind kind) {
        if (peek().kind() != kind) {
            throw unexpected(new Token(kind, "a name", 0).described());
        }
        return take();
    }

    /** One level of brackets or blocks deeper. */
    void enter() {
        if (++depth > JinjaLimits.MAX_NESTING) {
            throw new JinjaException(
                    JinjaException.Kind.LIMIT,
                    "blocks and brackets nest deeper than " + JinjaLimits.MAX_NESTING + " levels (limit: nesting)",
                    peek().line());
        }
    }

    void leave() {
        depth--;
    }

    JinjaException unexpected(String expected) {
        Token found = peek();
        String what =
                found.kind() == Token.Kind.END ? "unexpected end of template" : "found '" + found.described() + "'";
        return error(what + ", expected " + expected);
    }

    JinjaException error(String message) {
        return new JinjaException(JinjaException.Kind.SYNTAX, message, peek().line());
    }
}
