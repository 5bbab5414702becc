// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.transformer.CausalLM;
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

/** Sampling many sequences together, each from a prompt of one token. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DecodeBenchmark {
    /** See {@link ModelCase#parse}: the length is the number of new tokens. */
    @Param({"d64 l2 v264 512x8", "d128 l4 v1024 64x64", "d256 l6 v2048 64x32", "d256 l6 v2048 1x64"})
    public String model;

    private Generator generator;
    private List<int[]> prompts;
    private GenerationConfig config;

    @Setup
    public void setUp() {
        ModelCase shape = ModelCase.parse(model);
        CausalLM causalLM = shape.model();
        generator = new Generator(causalLM);
        prompts = new ArrayList<>();
        for (int s = 0; s < shape.sequences(); s++) {
            prompts.add(new int[] {s % shape.vocabulary()});
        }
        config = GenerationConfig.builder()
                .maxNewTokens(shape.length())
                .ignoreEos(true)
                .build();
    }

    @Benchmark
    public List<List<Generation>> generate() {
        return generator.generate(prompts, 1, config);
    }
}
