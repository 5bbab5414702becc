// SPDX-License-Identifier: Apache-2.0

import module java.base;
import module dev.jacobian.rl;

/**
 * 21: rollouts ahead of training.
 *
 * <p>A reward that waits for somebody else, such as a judge behind an address, leaves this machine idle. With {@code max_staleness} it samples and learns
 * meanwhile, from samples of weights that are so many rollouts older. Which weights those are follows from a rollout's number and not from
 * the clock: the same seed gives the same bits, however late an answer comes. How long it took goes to standard error, since nobody can promise that.
 */
class RolloutsAhead {
    /** Takes its time: 50 ms for every sample, as an answer over a network does. */
    static final class SlowJudge implements RewardFunction {
        @Override
        public Score score(Completion completion) {
            try {
                Thread.sleep(50);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return Score.of(1.0 / completion.tokenIds().length);
        }

        @Override
        public Running running() {
            return Running.WAITS; // so many calls go at once (reward_concurrency)
        }
    }

    void main() {
        List<Integer> alternating = train("alternating", 0);
        List<Integer> ahead = train("ahead", 1);
        IO.println("ahead again has the same bits: " + ahead.equals(train("ahead again", 1)));
        IO.println("alternating has others: " + !ahead.equals(alternating));
    }

    /** Trains, tells, and returns a hash of each tensor's bits. */
    List<Integer> train(String name, int staleness) {
        CausalLM model = CausalLM.load(Path.of("models/countdown-0.6m"));
        Task task = new PromptTask("brief", List.of("3 7 15 = 36\n", "2 13 6 = 21\n"), new SlowJudge());
        RlConfig config = RlConfig.builder()
                .maxSteps(5)
                .promptsPerStep(2)
                .numGenerations(16)
                .maxCompletionLength(96)
                .learningRate(1e-4)
                .rewardConcurrency(4)
                .finalEvalProblems(1)
                .maxStaleness(staleness)
                .build();
        List<String> ages = new ArrayList<>();
        TrainingListener listener = TrainingListener.eachStep(m -> {
            if (m.step() > 0) { // step 0 measures the model before training
                ages.add("%.0f".formatted(staleness == 0 ? 0 : m.get("staleness/max")));
            }
        });

        RlResult result = new RlTrainer(model, task, config).listener(listener).train();

        IO.println("%s: rollouts that were %s rollouts old".formatted(name, String.join(", ", ages)));
        System.err.printf("%s took %.1f s%n", name, result.seconds());
        return model.parameters().stream()
                .map(p -> Arrays.hashCode(p.value().toFloatArray()))
                .toList();
    }
}

/* Prints:
alternating: rollouts that were 0, 0, 0, 0, 0 rollouts old
ahead: rollouts that were 0, 1, 1, 1, 1 rollouts old
ahead again: rollouts that were 0, 1, 1, 1, 1 rollouts old
ahead again has the same bits: true
alternating has others: true
*/
