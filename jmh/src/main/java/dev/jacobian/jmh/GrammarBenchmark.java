// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.grammar.Grammar;
import dev.jacobian.io.grammar.JsonLayout;
import dev.jacobian.io.grammar.TokenGrammar;
import dev.jacobian.io.grammar.TokenMask;
import dev.jacobian.io.grammar.TokenVocabulary;
import dev.jacobian.io.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * The tokens that a grammar allows at a place of a text: {@code walk} finds them by going through the whole vocabulary, as when the place is
 * first reached; {@code apply} only makes the others impossible in a row of logits, as each later time.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class GrammarBenchmark {
    private static final int TOKENS = 1 << 17;

    /** Where the text is: inside of a string, where nearly every token may come, or between two properties, where few may. */
    @Param("in a string")
    public String place;

    private Grammar grammar;
    private TokenVocabulary vocabulary;
    private List<Integer> before;
    private TokenMask mask;
    private float[] logits;

    @Setup
    public void setUp() throws IOException {
        Path folder = Files.createTempDirectory("jacobian-grammar");
        Path file = folder.resolve("tokenizer.json");
        Json.write(file, tokenizer());
        Tokenizer tokenizer = Tokenizer.load(file);
        Files.delete(file);
        Files.delete(folder);
        vocabulary = TokenVocabulary.of(tokenizer, TOKENS + 1, Set.of(TOKENS));
        grammar = Grammar.jsonObject(JsonLayout.DEFAULT);
        String text = place.equals("in a string") ? "{\"name\": \"Ann" : "{\"name\": \"Ann\"";
        before = java.util.Arrays.stream(tokenizer.encode(text, false)).boxed().toList();
        mask = walk();
        logits = new float[TOKENS + 1];
    }

    /** Bytes, and words of two to nine random letters, half of them behind a blank. */
    private static ObjectNode tokenizer() {
        ObjectNode tokenizer = Json.object().put("version", "1.0");
        tokenizer.putArray("added_tokens");
        tokenizer.set("decoder", Json.object().put("type", "ByteLevel"));
        ObjectNode model = tokenizer.putObject("model").put("type", "BPE");
        ObjectNode words = model.putObject("vocab");
        int unprintable = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = b > 32 && b < 127 || b > 160 && b != 173;
            words.put(String.valueOf((char) (printable ? b : unprintable++)), b);
        }
        SplittableRandom random = new SplittableRandom(1);
        while (words.size() < TOKENS) {
            StringBuilder word = new StringBuilder(random.nextBoolean() ? "\u0120" : "");
            for (int i = random.nextInt(2, 10); i > 0; i--) {
                word.append((char) ('a' + random.nextInt(26)));
            }
            if (!words.has(word.toString())) {
                words.put(word.toString(), words.size());
            }
        }
        model.putArray("merges");
        return tokenizer;
    }

    @Benchmark
    public TokenMask walk() {
        TokenGrammar.Cursor cursor = new TokenGrammar(grammar, vocabulary).start();
        before.forEach(cursor::accept);
        return cursor.allowed();
    }

    @Benchmark
    public float[] apply() {
        mask.apply(logits);
        return logits;
    }
}
