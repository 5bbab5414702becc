// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.observe.CompletionRecord;
import dev.jacobian.rl.observe.StepMetrics;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Shows the progress display with invented numbers, to look at it. Argument: milliseconds per step. */
final class ProgressDemo {
    private ProgressDemo() {}

    static void main(String[] args) throws InterruptedException {
        Random random = new Random(3);
        int total = 40;
        try (ProgressDisplay display = new ProgressDisplay(System.err, total)) {
            display.onMessage("Measuring pass@1 on 500 held-out problems before training ...");
            Thread.sleep(1500);
            display.onStep(new StepMetrics(0, total, Map.of("pass@1", 0.071)));
            for (int step = 1; step <= total; step++) {
                Thread.sleep(Long.parseLong(args[0]));
                display.onStep(new StepMetrics(
                        step,
                        total,
                        Map.of(
                                "reward", 0.1 + 0.02 * step + 0.05 * random.nextDouble(),
                                "completions/mean_length", 30 + 5 * random.nextDouble(),
                                "entropy", 1.0 / (1 + 0.1 * step),
                                "tokens_per_s", 3000 + 100 * random.nextDouble())));
                display.onCompletions(List.of(new CompletionRecord(
                        step,
                        "Using the numbers [6, 23, 1], create an equation that equals 29.\n<think>",
                        "6*1=6, 6+23=29\u001b[31m</think>\n<answer>6 * 1 + 23</answer>",
                        1,
                        0.9,
                        "stop")));
            }
            Thread.sleep(1500);
        }
        System.out.println("{\"done\": true}");
    }
}
