// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.Json;
import dev.jacobian.io.tokenizer.TokenBytes;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.testing.fuzz.Choices;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Grammars over the tokens of every kind of tokenizer. */
class TokenGrammarTest {
    private static final List<Grammar> GRAMMARS = List.of(
            Grammar.regex("(?:ab|é😀|[0-9]{1,3}|\\s?[A-Z][a-z]*){1,4}"),
            Grammar.regex("[^\\n]*\\."),
            Grammar.choice(List.of("yes", "no", " yes", "日本", "y")),
            Grammar.jsonObject(JsonLayout.DEFAULT),
            Grammar.jsonSchema(
                    Json.parse(
                            "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"maxLength\":9},"
                                    + "\"n\":{\"type\":\"integer\",\"minimum\":3}},\"required\":[\"name\"]}",
                            "schema"),
                    JsonLayout.DEFAULT,
                    "schema"));

    static Stream<Path> tokenizers() throws IOException {
        try (Stream<Path> folders = Files.list(TestPaths.testdata("tokenizers"))) {
            return folders.filter(Files::isDirectory).sorted().toList().stream();
        }
    }

    static Stream<Path> real() throws IOException {
        Path folder = TestPaths.shared("golden", "tokenizers", "real");
        try (Stream<Path> folders = Files.list(folder)) {
            return folders.filter(Files::isDirectory).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("tokenizers")
    void bytesOfTokensAreTheirText(Path folder) {
        checkBytes(Tokenizer.load(folder), 300);
    }

    @ParameterizedTest
    @MethodSource("real")
    void bytesOfRealTokensAreTheirText(Path folder) {
        checkBytes(Tokenizer.load(folder), 300);
    }

    private static void checkBytes(Tokenizer tokenizer, int sequences) {
        TokenBytes bytes = TokenBytes.of(tokenizer);
        int compared = 0;
        for (int n = 0; n < sequences; n++) {
            Choices choices = new Choices(31, n);
            List<Integer> ids = new ArrayList<>();
            ByteArrayOutputStream joined = new ByteArrayOutputStream();
            for (int i = choices.below(8) + 1; i > 0; i--) {
                int id = choices.below(tokenizer.idLimit());
                byte[] added = ids.isEmpty() ? bytes.atStart(id) : bytes.inside(id);
                if (added.length > 0) {
                    ids.add(id);
                    joined.writeBytes(added);
                }
            }
            String text = joined.toString(StandardCharsets.UTF_8);
            if (text.indexOf('\uFFFD') < 0) { // else how much of it is one mark differs
                compared++;
                String decoded = tokenizer.decode(ids.stream().mapToInt(i -> i).toArray(), true);
                assertThat(decoded).as("ids %s", ids).isEqualTo(text);
            }
        }
        assertThat(compared).isGreaterThan(sequences / 20);
        tokenizer.addedTokens().stream()
                .filter(token -> token.special())
                .forEach(token -> assertThat(bytes.inside(token.id())).isEmpty());
    }

    /** The mask against the automaton asked about every token one by one, at places that random texts lead to. */
    @ParameterizedTest
    @MethodSource("tokenizers")
    void masksAreWhatEachTokenSays(Path folder) {
        Tokenizer tokenizer = Tokenizer.load(folder);
        int end = tokenizer.idLimit();
        TokenVocabulary vocabulary = TokenVocabulary.of(tokenizer, end + 3, Set.of(end));
        for (Grammar grammar : GRAMMARS) {
            Choices choices = new Choices(32, 0);
            TokenGrammar tokens = new TokenGrammar(grammar, vocabulary);
            for (int n = 0; n < 3; n++) {
                TokenGrammar.Cursor cursor = tokens.start();
                for (int step = 0; step < 12 && !isStuck(cursor); step++) {
                    TokenMask mask = cursor.allowed();
                    List<Integer> allowed = new ArrayList<>();
                    for (int id = 0; id < vocabulary.size(); id++) {
                        boolean accepted = cursor.fork().accept(id);
                        assertThat(mask.allows(id)).as("token %d", id).isEqualTo(accepted);
                        if (accepted) {
                            allowed.add(id);
                        }
                    }
                    assertThat(mask.count()).isEqualTo(allowed.size());
                    assertThat(mask.allows(end)).isEqualTo(cursor.mayEnd());
                    cursor.accept(choices.of(allowed));
                }
            }
        }
    }

    private static boolean isStuck(TokenGrammar.Cursor cursor) {
        try {
            cursor.allowed();
            return false;
        } catch (IllegalStateException e) { // a small vocabulary lacks what comes next
            return true;
        }
    }

    /** Whatever tokens say of a grammar, the text says too; and what a text is made of, its own tokens included, is allowed. */
    @ParameterizedTest
    @MethodSource("tokenizers")
    void everyTextIsReachedByItsTokens(Path folder) {
        Tokenizer tokenizer = Tokenizer.load(folder);
        int end = tokenizer.idLimit();
        TokenVocabulary vocabulary = TokenVocabulary.of(tokenizer, end + 1, Set.of(end));
        Grammar any = Grammar.regex("[\\s\\S]*");
        for (String text : List.of("yes", "{\"name\": \"Zoë\", \"n\": 12}", "a b  c", "x")) {
            int[] ids = tokenizer.encode(text, false);
            String decoded = tokenizer.decode(ids, true);
            TokenGrammar.Cursor anything = new TokenGrammar(any, vocabulary).start();
            TokenGrammar.Cursor exactly = new TokenGrammar(Grammar.text(decoded), vocabulary).start();
            boolean plain = java.util.Arrays.stream(ids).noneMatch(tokenizer::isSpecial);
            for (int id : ids) {
                if (plain) {
                    assertThat(anything.allowed().allows(id))
                            .as("%s: %s", text, id)
                            .isTrue();
                    assertThat(anything.accept(id)).isTrue();
                    assertThat(exactly.allowed().allows(id))
                            .as("%s: %s", text, id)
                            .isTrue();
                    assertThat(exactly.accept(id)).isTrue();
                }
            }
            if (plain) {
                assertThat(exactly.mustEnd()).isTrue();
                assertThat(exactly.allowed().count()).isEqualTo(1);
                assertThat(exactly.accept(end)).isTrue();
                assertThat(exactly.accept(ids[0])).isFalse();
                assertThat(exactly.allowed().count()).isEqualTo(1);
                assertThat(exactly.accept(end)).isTrue();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("tokenizers")
    void whatTokensMakeIsInTheGrammar(Path folder) {
        Tokenizer tokenizer = Tokenizer.load(folder);
        int end = tokenizer.idLimit();
        TokenVocabulary vocabulary = TokenVocabulary.of(tokenizer, end + 1, Set.of(end));
        for (Grammar grammar : GRAMMARS) {
            for (int n = 0; n < 4; n++) {
                TokenGrammar.Cursor cursor = new TokenGrammar(grammar, vocabulary).start();
                List<Integer> ids;
                try {
                    ids = RandomTexts.tokens(cursor, vocabulary, new Choices(33, n), 60);
                } catch (IllegalStateException e) { // words alone cannot spell everything
                    assertThat(e).hasMessageContaining("no token of the vocabulary can go on");
                    continue;
                }
                if (ids.getLast() == end) {
                    int[] text =
                            ids.stream().limit(ids.size() - 1L).mapToInt(i -> i).toArray();
                    assertThat(grammar.matches(tokenizer.decode(text, true))).isTrue();
                }
            }
        }
    }

    @Test
    void aGrammarNeedsAnEnd() {
        Tokenizer tokenizer = Tokenizer.load(TestPaths.testdata("tokenizers", "bytelevel-qwen"));
        assertThatThrownBy(() -> TokenVocabulary.of(tokenizer, tokenizer.idLimit(), Set.of()))
                .hasMessageContaining("no end token");
    }

    @Test
    void masksLeaveTheRestImpossible() {
        Tokenizer tokenizer = Tokenizer.load(TestPaths.testdata("tokenizers", "bytelevel-qwen"));
        int end = tokenizer.idLimit();
        TokenVocabulary vocabulary = TokenVocabulary.of(tokenizer, end + 70, Set.of(end + 69));
        TokenMask mask =
                new TokenGrammar(Grammar.regex("[0-9]*"), vocabulary).start().allowed();
        float[] logits = new float[end + 70];
        mask.apply(logits);
        for (int id = 0; id < logits.length; id++) {
            assertThat(logits[id]).isEqualTo(mask.allows(id) ? 0 : Float.NEGATIVE_INFINITY);
        }
        assertThat(mask.allows(-1)).isFalse();
        assertThat(mask.allows(end + 70)).isFalse();
    }
}
