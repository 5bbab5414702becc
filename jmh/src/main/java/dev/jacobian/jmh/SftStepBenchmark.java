// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.rl.offline.Sft;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Ten optimizer steps of fine-tuning on demonstrations, by the trainer: data, loss, gradients, clipping, AdamW, metrics of the last. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class SftStepBenchmark {
    /** See {@link OfflineCase#parse}. */
    @Param("0.04M 4x20")
    public String model;

    private TrainerSteps steps;

    @Setup
    public void setUp() {
        steps = new TrainerSteps(
                OfflineCase.parse(model).trainer(Sft.DEFAULT, false, Integer.MAX_VALUE, OfflineCase.STEPS));
    }

    @Benchmark
    public void steps() {
        steps.next();
    }
}
