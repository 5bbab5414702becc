// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import dev.jacobian.jmh.harness.Unit;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.RlTrainer;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.task.PromptTask;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * Iterations of GRPO as the trainer does them, of Qwen2.5-0.5B's shape; the case is that of {@code grpo.py}.
 *
 * <p>The trainer runs by itself, and the time from the end of one step to the end of the next is an iteration's.
 */
final class GpuGrpo {
    private static final int PROMPTS = 32;
    private static final int GROUP = 8;
    private static final int PROMPT_LENGTH = 64;
    private static final int LENGTH = 512;

    /** As many as the suite of training steps has at once: three groups. */
    private static final int MICRO_BATCH_TOKENS = 16384;

    private static final String CASE = PROMPTS + " prompts x " + GROUP + " samples, " + LENGTH + " tokens";

    static final GpuSuite SUITE = new GpuSuite(
            "gpu-grpo",
            "a whole GRPO iteration of Qwen2.5-0.5B's shape",
            Unit.SECONDS,
            List.of(CASE),
            label -> 1,
            Optional.of("grpo.py"),
            "32 prompts of 64 tokens, 8 samples of 512 tokens each: sampling, rewards, advantages, one update with"
                + " clipping and AdamW, metrics. The reward is arithmetic on the token ids. The peer is written with"
                + " transformers and torch.",
            GpuGrpo::measure);

    private GpuGrpo() {}

    private static void measure(GpuRun run) {
        int warmUp = run.pick(2, 1);
        int rounds = run.effort().slowRounds();
        int promptLength = run.pick(PROMPT_LENGTH, 4);
        RlConfig config = RlConfig.builder()
                .maxSteps(warmUp + rounds)
                .promptsPerStep(run.pick(PROMPTS, 2))
                .numGenerations(run.pick(GROUP, 2))
                .maxCompletionLength(run.pick(LENGTH, 4))
                .microBatchTokens(MICRO_BATCH_TOKENS)
                .learningRate(1e-6)
                .evalSteps(0)
                .finalEvalProblems(1)
                .klSamples(0)
                .logCompletions(0)
                .build();
        PromptTask task = new PromptTask(
                "numbers",
                prompts(PROMPTS * 10 / 9 + 1, promptLength),
                RewardFunction.named("multiples of seven", GpuGrpo::multiplesOfSeven));
        List<Long> ends = new ArrayList<>();
        List<StepMetrics> steps = new ArrayList<>();
        new RlTrainer(run.model().model(), task, config)
                .listener(TrainingListener.eachStep(metrics -> {
                    run.backend().synchronize();
                    ends.add(System.nanoTime());
                    steps.add(metrics);
                }))
                .train();
        double[] seconds = new double[rounds];
        for (int i = 0; i < rounds; i++) {
            int step = steps.size() - rounds + i;
            seconds[i] = (ends.get(step) - ends.get(step - 1)) / 1e9;
        }
        List<StepMetrics> counted = steps.subList(steps.size() - rounds, steps.size());
        run.add(CASE, seconds, (row, score) -> {
            row.put("micro_batch_tokens", MICRO_BATCH_TOKENS);
            double sampling = median(counted, "sampling_time");
            row.putObject("phases_s")
                    .put("sampling", GpuRun.significant(sampling))
                    .put("training", GpuRun.significant(score - sampling));
            row.put(
                    "sampling_logp_difference_max",
                    counted.stream()
                            .mapToDouble(m -> m.get("sampling/sampling_logp_difference/max"))
                            .max()
                            .orElseThrow());
        });
    }

    private static double median(List<StepMetrics> steps, String name) {
        return GpuRun.median(steps.stream().mapToDouble(m -> m.get(name)).toArray());
    }

    /** Texts of so many characters, which are as many tokens. */
    private static List<String> prompts(int count, int length) {
        return LongStream.range(0, count)
                .mapToObj(i -> String.format(Locale.ROOT, "%0" + length + "d", i))
                .toList();
    }

    private static Score multiplesOfSeven(Completion completion) {
        long multiples =
                Arrays.stream(completion.tokenIds()).filter(id -> id % 7 == 0).count();
        return Score.of((double) multiples / completion.tokenIds().length);
    }
}
