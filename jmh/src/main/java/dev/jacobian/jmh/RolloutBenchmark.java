// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.util.ArrayList;
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

/** Sampling many sequences together, each from a prompt of one token, with their log-probabilities. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RolloutBenchmark {
    /** See {@link ModelCase#parse}: the length is the number of new tokens. */
    @Param("1M 64x64")
    public String model;

    private Generator generator;
    private List<int[]> prompts;
    private GenerationConfig config;

    @Setup
    public void setUp() {
        ModelCase of = ModelCase.parse(model);
        generator = new Generator(of.model());
        prompts = new ArrayList<>();
        for (int s = 0; s < of.sequences(); s++) {
            prompts.add(new int[] {s % of.shape().vocabulary()});
        }
        config = GenerationConfig.builder()
                .maxNewTokens(of.length())
                .ignoreEos(true)
                .build();
    }

    @Benchmark
    public List<List<Generation>> generate() {
        return generator.generate(prompts, 1, config);
    }
}
