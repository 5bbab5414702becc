// SPDX-License-Identifier: Apache-2.0

import module java.base;
import module dev.jacobian.rl;

/**
 * 17: a policy that learns to use a tool.
 *
 * <p>An environment answers the policy turn by turn: {@code 47*89=} is the prompt, {@code <<47*89>>} calls a calculator, which writes
 * {@code =4183;} behind it, and what the policy says then is its answer. Demonstrations first show how a call is written, then instil the
 * habit to guess. Rewarded for right answers alone, the policy finds out that calling pays.
 */
class ACalculator {
    private final Task task =
            new CalculatorKind(2, "*", EnvironmentLimits.DEFAULT.withMaxTurns(3)).task(Optional.empty(), false);

    void main() {
        CausalLM model = CausalLM.load(Path.of("models/countdown-0.6m"));
        demonstrate(model, 1, 120, 1e-3);
        demonstrate(model, 0.3, 20, 3e-4);

        RlConfig config = RlConfig.builder()
                .maxSteps(8)
                .promptsPerStep(16)
                .numGenerations(8)
                .maxCompletionLength(32)
                .learningRate(3e-4)
                .evalSteps(0)
                .finalEvalProblems(200)
                .build();
        RlResult result = new RlTrainer(model, task, config)
                .listener(TrainingListener.eachStep(m -> {
                    if (m.step() > 0) { // step 0 measures the model before training
                        IO.println("step %d: calls per sample %.2f, right %.2f"
                                .formatted(m.step(), m.get("tools/call_frequency"), m.get("reward")));
                    }
                }))
                .train();
        IO.println("right before %.3f, after %.3f; sampler and trainer differ by %s"
                .formatted(result.passAt1Before(), result.passAt1After(), result.samplingLogpDifferenceMax()));
    }

    /** Demonstrations of which some call the calculator and the others guess. */
    private void demonstrate(CausalLM model, double calling, int steps, double rate) {
        SftDataset demonstrations = (seed, index) -> {
            Problem problem = task.trainProblem(seed, index);
            String call = "<<" + problem.prompt().replace("=", "") + ">>";
            String answer = problem.columns().string("answer");
            Rng rng = new Rng(seed, 1L << 40 | index);
            if (rng.nextDouble() >= calling) {
                return new SftExample(problem.prompt(), answer);
            }
            return rng.nextDouble() < 0.5 // what the tool writes is never learned, so a call is two examples
                    ? new SftExample(problem.prompt(), call)
                    : new SftExample(problem.prompt() + call + "=" + answer + ";", answer);
        };
        OfflineConfig config = OfflineConfig.builder(Sft.DEFAULT)
                .maxSteps(steps)
                .perDeviceTrainBatchSize(32)
                .learningRate(rate)
                .build();
        OfflineTrainer.sft(model, demonstrations, config).train();
    }
}

/* Prints:
step 1: calls per sample 0.09, right 0.03
step 2: calls per sample 0.85, right 0.64
step 3: calls per sample 0.95, right 0.78
step 4: calls per sample 0.95, right 0.60
step 5: calls per sample 0.98, right 0.65
step 6: calls per sample 0.99, right 0.73
step 7: calls per sample 0.97, right 0.79
step 8: calls per sample 0.95, right 0.71
right before 0.045, after 0.720; sampler and trainer differ by 0.0
*/
