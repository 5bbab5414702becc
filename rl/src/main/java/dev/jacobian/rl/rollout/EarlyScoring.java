// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.EarlyRewards;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** Asks rewards about the samples of a rollout as they end; {@link Scoring} takes what they say when all have. */
public final class EarlyScoring implements RolloutListener, AutoCloseable {
    private final List<Problem> problems;
    private final CompletionText texts;
    private final EarlyRewards rewards;
    private final Map<Trajectory, Completion> asked = new IdentityHashMap<>();

    /** @param problems one for each request of the rollout */
    public EarlyScoring(List<Problem> problems, CompletionText texts, EarlyRewards rewards) {
        this.problems = List.copyOf(problems);
        this.texts = texts;
        this.rewards = rewards;
    }

    @Override
    public void onSample(int request, int sample, Trajectory trajectory) {
        int prompt = firstChoice(trajectory);
        if (trajectory.finish() != FinishReason.PAUSED && prompt > 0) {
            Completion completion = Scoring.completion(problems.get(request), prompt, trajectory, texts);
            asked.put(trajectory, completion);
            rewards.ask(completion);
        }
    }

    /** Where a prompt ends; 0 if nothing was chosen. */
    private static int firstChoice(Trajectory trajectory) {
        for (int t = 1; t < trajectory.length(); t++) {
            if (trajectory.chosen()[t]) {
                return t;
            }
        }
        return 0;
    }

    EarlyRewards rewards() {
        return rewards;
    }

    /** What was asked about; null if it was not. */
    Map<Trajectory, Completion> asked() {
        return asked;
    }

    /** Whether all that was asked so far is answered. */
    public boolean isAnswered() {
        return rewards.isAnswered();
    }

    @Override
    public void close() {
        rewards.close();
    }
}
