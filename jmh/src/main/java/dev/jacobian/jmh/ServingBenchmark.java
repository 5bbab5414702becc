// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.AsyncEngine;
import dev.jacobian.transformer.generation.EngineConfig;
import dev.jacobian.transformer.generation.EngineConfig.PrefixReuse;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.GenerationRequest;
import java.util.ArrayList;
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
import org.openjdk.jmh.annotations.TearDown;

/** Clients that each ask, wait for the answer and ask again; prompts of 64 tokens that nobody had before. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ServingBenchmark {
    /** Requests of a client in one call. */
    static final int REQUESTS = 2;

    private static final int PROMPT = 64;

    /** See {@link ModelCase#parse}: the sequences are clients, the length is the number of new tokens. */
    @Param("1M 4x32")
    public String model;

    private AsyncEngine engine;
    private ModelCase of;
    private GenerationConfig config;
    private long asked;

    @Setup
    public void setUp() {
        of = ModelCase.parse(model);
        WeightFormat format = WeightFormat.valueOf(of.format().toUpperCase(Locale.ROOT));
        engine = new AsyncEngine(
                CausalLM.load(ModelFiles.checkpoint(of.shape(), DType.BF16), format),
                EngineConfig.DEFAULT.withPrefixReuse(PrefixReuse.OFF));
        config = GenerationConfig.builder()
                .maxNewTokens(of.length())
                .doSample(false)
                .ignoreEos(true)
                .build();
    }

    @Benchmark
    public List<Thread> serve() throws InterruptedException {
        List<Thread> clients = new ArrayList<>();
        for (int client = 0; client < of.sequences(); client++) {
            long first = asked;
            asked += REQUESTS;
            clients.add(Thread.ofVirtual().start(() -> {
                for (int i = 0; i < REQUESTS; i++) {
                    engine.submit(new GenerationRequest(prompt(first + i), config))
                            .result()
                            .join();
                }
            }));
        }
        for (Thread client : clients) {
            client.join();
        }
        return clients;
    }

    private int[] prompt(long number) {
        Rng rng = new Rng(7, number);
        int[] tokens = new int[PROMPT];
        for (int t = 0; t < PROMPT; t++) {
            tokens[t] = rng.nextInt(of.shape().vocabulary());
        }
        return tokens;
    }

    @TearDown
    public void tearDown() {
        engine.close();
    }
}
