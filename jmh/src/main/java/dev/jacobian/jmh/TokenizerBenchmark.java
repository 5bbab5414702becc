// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.io.tokenizer.Tokenizer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Text to token ids and back, on one thread. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TokenizerBenchmark {
    /** See {@link TokenizerCase#parse}. */
    @Param("encode bytelevel-qwen")
    public String tokenizer;

    private boolean encode;
    private Tokenizer ours;
    private List<String> texts;
    private List<int[]> ids;

    @Setup
    public void setUp() {
        TokenizerCase of = TokenizerCase.parse(tokenizer);
        encode = of.encode();
        ours = Tokenizer.load(of.folder());
        texts = TokenizerCase.texts();
        ids = texts.stream().map(text -> ours.encode(text, false)).toList();
    }

    @Benchmark
    public long run() {
        long total = 0;
        if (encode) {
            for (String text : texts) {
                total += ours.encode(text, false).length;
            }
        } else {
            for (int[] tokens : ids) {
                total += ours.decode(tokens, false).length();
            }
        }
        return total;
    }
}
