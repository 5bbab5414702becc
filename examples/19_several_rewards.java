// SPDX-License-Identifier: Apache-2.0

import module java.base;
import module dev.jacobian.rl;

/**
 * 19: several rewards.
 *
 * <p>The right letter is worth 1, thinking in tags another 0.2, and only the letter decides what is solved. A third reward breaks on one
 * completion: that one has no reward at all, which is not the same as 0.
 */
class SeveralRewards {
    void main() {
        RewardFunction moody = RewardFunction.named("moody", c -> {
            if (c.text().isEmpty()) {
                throw new IllegalStateException("nothing to look at");
            }
            return Score.of(0);
        });
        WeightedRewards rewards = WeightedRewards.of(MultipleChoiceReward.DEFAULT)
                .plus(new ThinkFormatReward(), 0.2)
                .plus(moody, 1)
                .decidedBy("multiple_choice");
        List<Completion> completions = Stream.of("<think>2 + 2</think>The answer is B", "B", "<think>?</think>C", "")
                .map(text -> new Completion("sum", "2+2?", Columns.of("answer", "B"), text, new int[0], FinishReason.STOP))
                .toList();

        RewardRun run = new RewardRun(RewardCallConfig.DEFAULT); // two minutes a call, all at once, results in order
        for (WeightedRewards.Breakdown one : rewards.score(List.of(completions), run).getFirst()) {
            IO.println("%-4s solved %-5s %s".formatted(
                    one.total() instanceof Score.Value(double value) ? value : "none",
                    one.total() instanceof Score.Value && one.alone().orNaN() >= 1,
                    one.total().trouble().orElse("")).stripTrailing());
        }
        IO.println(run.troubles());
    }
}

/* Prints:
1.2  solved true
1.0  solved true
0.2  solved false
none solved false reward 'moody' on problem 'sum' threw java.lang.IllegalStateException: nothing to look at
{moody=Trouble[failed=1, timedOut=0]}
*/
