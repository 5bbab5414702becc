// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.peers;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.jacobian.jmh.TokenizerCase;
import java.io.IOException;
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

/** Hugging Face's tokenizers, the Rust library, through DJL; an encoding brings tokens, masks and offsets along, as its interface has it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DjlTokenizerBenchmark {
    @Param("encode bytelevel-qwen")
    public String tokenizer;

    private boolean encode;
    private HuggingFaceTokenizer peer;
    private List<String> texts;
    private List<long[]> ids;

    @Setup
    public void setUp() throws IOException {
        TokenizerCase of = TokenizerCase.parse(tokenizer);
        encode = of.encode();
        peer = HuggingFaceTokenizer.newInstance(of.folder().resolve("tokenizer.json"));
        texts = TokenizerCase.texts();
        ids = texts.stream()
                .map(text -> peer.encode(text, false, false).getIds())
                .toList();
    }

    @Benchmark
    public long run() {
        long total = 0;
        if (encode) {
            for (String text : texts) {
                total += peer.encode(text, false, false).getIds().length;
            }
        } else {
            for (long[] tokens : ids) {
                total += peer.decode(tokens, false).length();
            }
        }
        return total;
    }
}
