// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** One sequence: {@code decode} new tokens after a prompt of one, or {@code prefill} a prompt and choose one token. Greedy. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DecodeBenchmark {
    /** See {@link ModelCase#parse}. */
    @Param("1M 1x64")
    public String model;

    private Generator generator;
    private List<int[]> prompt;
    private List<int[]> start;
    private GenerationConfig many;
    private GenerationConfig one;

    @Setup
    public void setUp() {
        ModelCase of = ModelCase.parse(model);
        WeightFormat format = WeightFormat.valueOf(of.format().toUpperCase(Locale.ROOT));
        generator = new Generator(CausalLM.load(ModelFiles.checkpoint(of.shape(), DType.BF16), format));
        prompt = of.tokens();
        start = List.of(new int[] {1});
        many = GenerationConfig.builder()
                .maxNewTokens(of.length())
                .doSample(false)
                .ignoreEos(true)
                .build();
        one = GenerationConfig.greedy(1);
    }

    @Benchmark
    public List<List<Generation>> decode() {
        return generator.generate(start, 1, many);
    }

    @Benchmark
    public List<List<Generation>> prefill() {
        return generator.generate(prompt, 1, one);
    }
}
