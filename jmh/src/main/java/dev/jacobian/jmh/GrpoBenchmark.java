// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.RlTrainer;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.family.Families;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * A whole GRPO iteration as the trainer does it: rollouts, rewards, advantages, loss, gradients, AdamW, metrics.
 *
 * <p>The trainer runs in a thread of its own and stops at the end of every step until the next call lets it go on.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class GrpoBenchmark {
    /** Cases; a is the small trained model and its additions, b and c have fresh weights, 16-character prompts and rewards. */
    static final List<String> CASES = List.of("a 0.1M 64x8x8", "b 1M 32x8x64", "c 5M 32x8x64");

    @Param("a 0.1M 64x8x8")
    public String iteration;

    private final Semaphore go = new Semaphore(0);
    private final Semaphore done = new Semaphore(0);
    private volatile @Nullable Throwable failure;
    private Thread trainer;

    @Setup
    public void setUp() {
        Path tokenizer = Folders.root().resolve("testdata/models/arith-qwen3");
        RlConfig.Builder config = RlConfig.builder()
                .maxSteps(1_000_000)
                .learningRate(1e-5)
                .evalSteps(0)
                .finalEvalProblems(1)
                .klSamples(0)
                .numGenerations(8);
        CausalLM model;
        Task task;
        if (iteration.startsWith("a")) {
            model = CausalLM.load(tokenizer);
            task = new Addition();
            config.promptsPerStep(64).maxCompletionLength(8);
        } else {
            ModelShape shape = ModelShape.named(iteration.split(" ")[1]);
            model = CausalLM.create(
                    Families.parse(shape.json("qwen3").put("eos_token_id", shape.vocabulary() - 1), "benchmark"),
                    Optional.of(tokenizer),
                    1);
            task = new PromptTask("numbers", prompts(), RewardFunction.named("arbitrary", GrpoBenchmark::arbitrary));
            config.promptsPerStep(32).maxCompletionLength(64);
        }
        TrainingListener stop = TrainingListener.eachStep(metrics -> {
            done.release();
            go.acquireUninterruptibly();
        });
        RlTrainer rl = new RlTrainer(model, task, config.build()).listener(stop);
        trainer = new Thread(() -> {
            go.acquireUninterruptibly();
            try {
                rl.train();
            } catch (Throwable thrown) {
                failure = thrown;
                done.release();
            }
        });
        trainer.setDaemon(true);
        trainer.start();
    }

    private static List<String> prompts() {
        return LongStream.range(0, 64)
                .mapToObj(i -> String.format(Locale.ROOT, "%016d", i * 7919 * 104729))
                .toList();
    }

    private static Score arbitrary(Completion completion) {
        return Score.of(completion.tokenIds()[0] * 37 % 11 / 11.0);
    }

    @Benchmark
    public void step() {
        go.release();
        done.acquireUninterruptibly();
        if (failure != null) {
            throw new IllegalStateException("training failed", failure);
        }
    }
}
