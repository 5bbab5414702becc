// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Rewards that are asked about samples of a rollout as they end, while others are still drawn ({@link RewardRun#early}).
 *
 * <p>Nothing but time depends on it: a reward gives the same score whenever it is asked, failures are told when the rollout is scored, in the
 * order of its samples, and a call has its deadline from its begin.
 *
 * <p>Asked by one thread, and used by another when that one has ended.
 */
public final class EarlyRewards implements AutoCloseable {
    private final Map<RewardFunction, Deadlines.Batch<Score>> calls;
    private final List<Completion> asked = new ArrayList<>();

    EarlyRewards(Map<RewardFunction, Deadlines.Batch<Score>> calls) {
        this.calls = calls;
    }

    /** Asks all of them about a completion, known by its identity later. */
    public void ask(Completion completion) {
        asked.add(completion);
        calls.forEach((function, batch) -> batch.add(() -> RewardCalls.score(function, completion)));
    }

    /** What one said, empty where it took too long; waits for it. */
    Map<Completion, Optional<Score>> await(RewardFunction function, Deadlines deadlines) {
        Deadlines.Batch<Score> batch = calls.get(function);
        if (batch == null) {
            return Map.of();
        }
        List<Deadlines.Outcome<Score>> outcomes = deadlines.await(batch);
        Map<Completion, Optional<Score>> scores = new IdentityHashMap<>();
        for (int i = 0; i < outcomes.size(); i++) {
            scores.put(asked.get(i), RewardRun.value(outcomes.get(i)));
        }
        return scores;
    }

    /** Whether all of them have said something about all that was asked; from any thread. */
    public boolean isAnswered() {
        return calls.values().stream().allMatch(Deadlines.Batch::isDone);
    }

    /** Ends what is under way. */
    @Override
    public void close() {
        calls.values().forEach(Deadlines.Batch::close);
    }
}
