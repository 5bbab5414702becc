// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonlWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Random;

/**
 * Writes a run directory with invented numbers that look like a Countdown run, to look at the report and to test it.
 * {@code main} takes a folder and the number of steps.
 */
final class DemoRun {
    /** Every metric that has a chart of its own. */
    static final String[] CHARTED = {
        "reward",
        "pass@1",
        "pass@1/train",
        "completions/mean_length",
        "completions/min_length",
        "completions/max_length",
        "entropy",
        "kl_to_init",
        "grad_norm",
        "tokens_per_s",
        "clip_ratio/region_mean",
        "frac_reward_zero_std",
        "sampling/sampling_logp_difference/max"
    };

    private DemoRun() {}

    static void main(String[] args) {
        Path directory = Path.of(args[0]);
        write(directory, Integer.parseInt(args[1]));
        RunReport.write(directory);
        RunSvg.write(directory, directory.resolve("training-run.svg"));
    }

    /** Writes the three files. */
    static void write(Path directory, int steps) {
        ObjectNode run = Json.object();
        run.put("algorithm", "grpo")
                .put("model", "/home/someone/models/countdown-5m")
                .put("task", "countdown")
                .put("seed", 7);
        run.put("machine", "JDK 25.0.3 · 512-bit vectors · 16 threads · CPU");
        if (steps > 1) {
            run.put("pass@1_before", 0.0713).put("pass@1_after", 0.6241).put("steps", steps);
            run.put("samples", steps * 256L).put("seconds", steps * 2.93).put("peak_memory_bytes", 2_417_983_488L);
            run.put("sampling_logp_difference_max", 0.0).put("out", "out/countdown-grpo");
        }
        run.putObject("config")
                .put("max_steps", Math.max(steps, 1))
                .put("prompts_per_step", 32)
                .put("num_generations", 8)
                .put("max_completion_length", 64)
                .put("temperature", 1.0)
                .put("learning_rate", 1e-4)
                .put("lr_scheduler_type", "constant")
                .put("loss_type", "dapo")
                .put("scale_rewards", "group")
                .put("epsilon", 0.2)
                .put("epsilon_high", 0.28)
                .put("beta", 0.0)
                .put("updates_per_rollout", 2);
        run.putObject("model_config")
                .put("architecture", "Qwen3ForCausalLM")
                .put("parameters", 5_243_904)
                .put("layers", 6)
                .put("hidden_size", 256)
                .set("eos_token_ids", Json.object().arrayNode().add(1).add(3));
        Json.write(directory.resolve("run.json"), run);

        Random random = new Random(5);
        try (JsonlWriter metrics = JsonlWriter.create(directory.resolve("metrics.jsonl"));
                JsonlWriter completions = JsonlWriter.create(directory.resolve("completions.jsonl"))) {
            for (int step = 1; step <= steps; step++) {
                double progress = 1 / (1 + Math.exp(-9.0 * step / steps + 3.6));
                double solved = 0.07 + 0.56 * progress;
                metrics.write(metrics(step, steps, progress, solved, random));
                for (int i = 0; i < 4; i++) {
                    completions.write(completion(step, random.nextDouble() < solved, random));
                }
            }
        }
    }

    private static ObjectNode metrics(int step, int steps, double progress, double solved, Random random) {
        double sampled = Math.clamp(solved + 0.05 * random.nextGaussian(), 0, 1);
        double length = 22 + 14 * progress + 1.5 * random.nextGaussian();
        ObjectNode line = Json.object();
        line.put("step", step).put("num_tokens", step * 9000L).put("step_time", 2.9 + 0.2 * random.nextGaussian());
        line.put("completions/mean_length", length)
                .put("completions/min_length", Math.max(4, Math.rint(length - 12 - 4 * random.nextDouble())))
                .put("completions/max_length", Math.min(64, Math.rint(length + 16 + 12 * random.nextDouble())));
        line.put("reward", 0.1 + 0.9 * sampled).put("reward_std", 0.3 * Math.sqrt(sampled * (1 - sampled)) + 0.1);
        line.put(
                "frac_reward_zero_std",
                Math.clamp(0.45 - 1.4 * sampled * (1 - sampled) + 0.04 * random.nextGaussian(), 0, 1));
        line.put("entropy", 1.1 * Math.exp(-1.6 * progress) + 0.02 * random.nextGaussian());
        line.put("kl_to_init", 0.12 * progress * progress + 0.002 * Math.abs(random.nextGaussian()));
        line.put("clip_ratio/region_mean", 0.004 + 0.01 * random.nextDouble() * progress);
        line.put("sampling/sampling_logp_difference/max", 0.0);
        line.put("loss", 0.02 * random.nextGaussian()).put("learning_rate", 1e-4);
        line.put("grad_norm", 0.3 + 0.5 * Math.exp(-3.0 * step / steps) + 0.08 * Math.abs(random.nextGaussian()));
        line.put("tokens_per_s", 3050 + 120 * random.nextGaussian());
        line.put("pass@1/train", sampled);
        if (step % 10 == 0 && step < steps) {
            line.put("pass@1", Math.clamp(solved - 0.01 + 0.015 * random.nextGaussian(), 0, 1));
        }
        return line;
    }

    private static ObjectNode completion(int step, boolean solved, Random random) {
        int a = 2 + random.nextInt(40);
        int b = 2 + random.nextInt(20);
        int c = 1 + random.nextInt(9);
        int target = a + b * c;
        String prompt = String.format(
                Locale.ROOT,
                "Using the numbers [%d, %d, %d], create an equation that equals %d.\n<think>",
                b,
                a,
                c,
                target);
        String completion = solved
                ? String.format(
                        Locale.ROOT,
                        "%d*%d=%d, %d+%d=%d, that is %d</think>\n<answer>%d * %d + %d</answer>",
                        b,
                        c,
                        b * c,
                        b * c,
                        a,
                        target,
                        target,
                        b,
                        c,
                        a)
                : String.format(
                        Locale.ROOT,
                        "%d+%d=%d, %d*%d=%d</think>\n<answer>(%d + %d) * %d</answer>",
                        a,
                        b,
                        a + b,
                        a + b,
                        c,
                        (a + b) * c,
                        a,
                        b,
                        c);
        return Json.object()
                .put("step", step)
                .put("prompt", prompt)
                .put("completion", completion)
                .put("reward", solved ? 1.0 : random.nextDouble() < 0.8 ? 0.1 : 0.0)
                .put("advantage", (solved ? 1.1 : -0.7) + 0.2 * random.nextGaussian())
                .put("finish_reason", solved || random.nextDouble() < 0.9 ? "stop" : "length");
    }
}
