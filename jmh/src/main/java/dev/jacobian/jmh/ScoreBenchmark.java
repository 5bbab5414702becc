// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Jsonl;
import dev.jacobian.rl.math.MathAnswers;
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

/** Recorded completions judged by a reward, one after the other on one core: {@code math} goes through the pairs of the test data. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ScoreBenchmark {
    @Param("math")
    public String reward;

    private List<String[]> pairs;

    /** The pairs that there are. */
    static List<String[]> pairs() {
        List<JsonNode> rows = Jsonl.read(Folders.root().resolve("testdata/rewards/math_pairs.jsonl"));
        return rows.stream()
                .map(row -> new String[] {
                    row.get("gold").asText(), row.get("answer").asText()
                })
                .toList();
    }

    @Setup
    public void setUp() {
        pairs = pairs();
    }

    /** How many are right. */
    @Benchmark
    public int run() {
        int right = 0;
        for (String[] pair : pairs) {
            right += MathAnswers.judge(pair[0], pair[1]).isRight() ? 1 : 0;
        }
        return right;
    }
}
