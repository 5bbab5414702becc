// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.transformer.generation.processor.TokenHistory;

/**
 * Notices that a continuation runs in circles, by the rule of a {@link RepetitionConfig}, in a step of {@code ngram} comparisons for each
 * token: for every distance it knows how many of the newest tokens equal the one so far before them.
 */
final class RepetitionWatch {
    private final RepetitionConfig rule;
    private final int[] alike; // [ngram] of the distances 1, 2, …
    private int seen; // tokens of the continuation

    RepetitionWatch(RepetitionConfig rule, TokenHistory begun) {
        this(rule, new int[rule.ngram()], 0);
        for (int i = begun.promptLength(); i < begun.length(); i++) {
            add(begun, i);
        }
    }

    private RepetitionWatch(RepetitionConfig rule, int[] alike, int seen) {
        this.rule = rule;
        this.alike = alike;
        this.seen = seen;
    }

    RepetitionWatch fork() {
        return new RepetitionWatch(rule, alike.clone(), seen);
    }

    /** Takes in the newest token; whether it closes the circle. */
    boolean closes(TokenHistory tokens) {
        return add(tokens, tokens.length() - 1);
    }

    private boolean add(TokenHistory tokens, int at) {
        int token = tokens.get(at);
        boolean isClosed = false;
        for (int distance = 1; distance <= Math.min(alike.length, seen); distance++) {
            int run = tokens.get(at - distance) == token ? alike[distance - 1] + 1 : 0;
            alike[distance - 1] = run;
            isClosed |= run + distance >= rule.tokens();
        }
        seen++;
        return isClosed;
    }
}
