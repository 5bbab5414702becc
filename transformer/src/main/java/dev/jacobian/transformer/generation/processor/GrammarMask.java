// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

import dev.jacobian.io.grammar.Grammar;
import dev.jacobian.io.grammar.TokenGrammar;
import dev.jacobian.io.grammar.TokenVocabulary;
import dev.jacobian.transformer.CausalLM;
import java.util.Set;

/**
 * Leaves the tokens with which a text of a grammar can go on: JSON of a schema, a choice, what a regular expression matches. The continuation is then
 * such a text, whatever the model, unless the limit of tokens cuts it short.
 *
 * <pre>{@code
 * Grammar grammar = Grammar.choice(List.of("yes", "no"));
 * GenerationConfig config = GenerationConfig.builder().processor(GrammarMask.of(model, grammar)).build();
 * }</pre>
 *
 * <p>Decisions: the mask looks at the continuation alone, so an answer must be a text of the grammar and a prompt need not. End
 * tokens are left where the text may end, and behind the first of them nothing else is.
 */
public final class GrammarMask implements LogitsProcessor {
    private final TokenGrammar grammar;
    private final TokenGrammar.Cursor cursor;

    private GrammarMask(TokenGrammar grammar, TokenGrammar.Cursor cursor) {
        this.grammar = grammar;
        this.cursor = cursor;
    }

    /** A mask over a vocabulary that other grammars may share. */
    public static GrammarMask of(TokenVocabulary vocabulary, Grammar grammar) {
        TokenGrammar tokens = new TokenGrammar(grammar, vocabulary);
        return new GrammarMask(tokens, tokens.start());
    }

    /**
     * A mask over a model's vocabulary, with the model's own end tokens.
     *
     * @throws IllegalStateException if the model has no tokenizer
     * @throws IllegalArgumentException if it has no end token
     */
    public static GrammarMask of(CausalLM model, Grammar grammar) {
        return of(vocabulary(model, model.eosTokenIds()), grammar);
    }

    /**
     * A model's tokens as grammars need them: to be made once where many requests come.
     *
     * @param endTokens ids that end a continuation
     */
    public static TokenVocabulary vocabulary(CausalLM model, Set<Integer> endTokens) {
        return TokenVocabulary.of(model.tokenizer(), model.config().vocabularySize(), endTokens);
    }

    @Override
    public void process(TokenHistory tokens, float[] logits) {
        cursor.allowed().apply(logits);
    }

    @Override
    public LogitsProcessor newSequence() {
        return new GrammarMask(grammar, grammar.start());
    }

    @Override
    public LogitsProcessor fork() {
        return new GrammarMask(grammar, cursor.fork());
    }

    /** @throws IllegalStateException if the grammar does not allow the token here */
    @Override
    public void accept(int token) {
        if (!cursor.accept(token)) {
            throw new IllegalStateException(
                    "token " + token + " is not what the grammar allows here; a continuation that goes on must have"
                            + " been made with the same grammar");
        }
    }
}
