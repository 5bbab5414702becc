// SPDX-License-Identifier: Apache-2.0

import dev.jacobian.rl.method.Method;
import module java.base;
import module dev.jacobian.rl;

/**
 * 16: a method of your own.
 *
 * <p>A method is one record: its components are its settings, and its algorithm says how rewards become advantages, what a token's loss is
 * and how losses add up. Sampling, credit, memory, metrics, checkpoints and exact resume are the trainer's.
 */
class YourOwnMethod {
    /** A_i = r_i − mean r;  L = −min(ρ, cap) A log π per token, the weight without gradient. */
    public record Capped(
            @Setting(value = "2.0", doc = "the largest importance weight itself") double cap,
            @Setting(value = "2", doc = "optimizer steps per rollout, on equal parts of it") int updatesPerRollout)
            implements Method {
        public static final Capped DEFAULT = ConfigTree.defaults(Capped.class);

        @Override
        public String name() {
            return "capped";
        }

        @Override
        public Algorithm algorithm(RolloutConfig rollout) {
            TokenLoss loss = (logProb, oldLogProb, advantage) -> {
                double weight = Math.min(StrictMath.exp(logProb - oldLogProb), cap);
                return new TokenLoss.Slope(-weight * advantage * logProb, -weight * advantage);
            };
            return new Algorithm(
                    name(), new MeanBaseline(), new TokenObjective(loss), Aggregation.tokenMean(), updatesPerRollout);
        }
    }

    void main() {
        CausalLM model = CausalLM.load(Path.of("models/countdown-0.6m"));
        RewardFunction brief = RewardFunction.named("brief", c -> Score.of(1.0 / c.tokenIds().length));
        Task task = new PromptTask("brief", List.of("3 7 15 = 36\n", "2 13 6 = 21\n"), brief);
        Method method = Capped.DEFAULT.with("cap", 1.5);
        RlConfig config = RlConfig.builder().method(method).maxSteps(5).learningRate(1e-4).build();
        TrainingListener print = TrainingListener.eachStep(m -> {
            if (m.step() > 0) { // step 0 measures the model before training
                IO.println("step %d: length %.1f".formatted(m.step(), m.get("completions/mean_length")));
            }
        });

        new RlTrainer(model, task, config).listener(print).train();

        IO.println(config.toJson().get("cap"));
    }
}

/* Prints:
step 1: length 31.8
step 2: length 25.7
step 3: length 25.1
step 4: length 25.1
step 5: length 25.1
1.5
*/
