// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.rl.task.Task;
import java.util.Random;
import java.util.stream.Stream;

/** Sleeps now and then. */
final class Delays {
    static final Delays NONE = new Delays(0, 0);

    private final Random random;
    private final int millis;

    Delays(long seed, int millis) {
        this.random = new Random(seed);
        this.millis = millis;
    }

    void pause() {
        if (millis > 0) {
            int wait;
            synchronized (random) {
                wait = random.nextInt(4) == 0 ? random.nextInt(millis) : 0;
            }
            sleep(wait);
        }
    }

    static void sleep(int millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Rewards that differ within every group, and take their time. */
    Task task() {
        return new PromptTask(
                "sums",
                Stream.of("12+30=", "25+7=", "40+41=", "3+99=", "58+16=", "71+13=", "6+6=", "83+90=")
                        .toList(),
                RewardFunction.named("digits", completion -> {
                    pause();
                    return score(completion.tokenIds());
                }));
    }

    static Score score(int[] tokens) {
        int sum = 0;
        for (int token : tokens) {
            sum = 31 * sum + token;
        }
        return Score.of(Math.floorMod(sum, 4) / 3.0);
    }
}
