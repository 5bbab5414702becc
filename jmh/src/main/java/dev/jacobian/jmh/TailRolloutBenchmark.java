// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.GenerationRequest;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.generation.Prefix;
import dev.jacobian.transformer.generation.RequestListener;
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

/** Sampling sequences of very different lengths: a place that becomes free is filled at once, or when its whole wave has ended. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TailRolloutBenchmark {
    /** See {@link TailCase#parse}. */
    @Param("1M 64x16")
    public String model;

    private Generator generator;
    private List<GenerationRequest> requests;
    private int slots;

    @Setup
    public void setUp() {
        TailCase of = TailCase.parse(model);
        slots = of.slots();
        generator = new Generator(of.model().model(), slots);
        requests = new ArrayList<>();
        int[] lengths = of.lengths();
        for (int s = 0; s < lengths.length; s++) {
            GenerationConfig config = GenerationConfig.builder()
                    .maxNewTokens(lengths[s])
                    .ignoreEos(true)
                    .build();
            int[] prompt = {s % of.model().shape().vocabulary()};
            requests.add(new GenerationRequest(
                    new Prefix(prompt, s), 1, config, GenerationRequest.NEVER, RequestListener.NONE));
        }
    }

    @Benchmark
    public List<List<Generation>> continuous() {
        return generator.generate(requests);
    }

    @Benchmark
    public List<List<Generation>> waves() {
        List<List<Generation>> all = new ArrayList<>();
        for (int from = 0; from < requests.size(); from += slots) {
            all.addAll(generator.generate(requests.subList(from, Math.min(requests.size(), from + slots))));
        }
        return all;
    }
}
