// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.AsyncEngine;
import dev.jacobian.transformer.generation.EngineConfig;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.GenerationRequest;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The requests of a {@link ServingCase} to the engine itself, without HTTP: what {@link HttpServing} is compared with. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ServingBenchmark {
    /** See {@link ServingCase#parse}. */
    @Param("1M 4x2")
    public String model;

    private AsyncEngine engine;
    private ServingCase of;
    private long calls;

    @Setup
    public void setUp() throws IOException {
        of = ServingCase.parse(model);
        engine = new AsyncEngine(
                CausalLM.load(of.file(), WeightFormat.parse(of.model().format())), EngineConfig.DEFAULT);
    }

    @Benchmark
    public long serve() throws IOException, InterruptedException {
        Clients.run(of, calls++, request -> {
            GenerationConfig config = GenerationConfig.builder()
                    .maxNewTokens(request.newTokens())
                    .doSample(false)
                    .ignoreEos(true)
                    .build();
            return engine.submit(new GenerationRequest(request.prompt(), config))
                    .result()
                    .join()
                    .getFirst()
                    .tokenIds()
                    .length;
        });
        return calls;
    }

    @TearDown
    public void tearDown() {
        engine.close();
    }
}
