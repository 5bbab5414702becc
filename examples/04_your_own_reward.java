// SPDX-License-Identifier: Apache-2.0

import module java.base;
import module dev.jacobian.rl;

/**
 * 04: a reward of your own.
 *
 * <p>A task gives prompts, a reward judges completions: here the shorter, the better. Five steps of GRPO are enough to see the
 * responses shrink.
 */
class YourOwnReward {
    void main() {
        CausalLM model = CausalLM.load(Path.of("models/countdown-0.6m"));
        RewardFunction brief = RewardFunction.named("brief", c -> Score.of(1.0 / c.tokenIds().length));
        Task task = new PromptTask("brief", List.of("3 7 15 = 36\n", "2 13 6 = 21\n"), brief);
        RlConfig config = RlConfig.builder().maxSteps(5).learningRate(1e-4).build();
        TrainingListener print = TrainingListener.eachStep(m -> {
            if (m.step() > 0) { // step 0 measures the model before training
                IO.println("step %d: length %.1f".formatted(m.step(), m.get("completions/mean_length")));
            }
        });

        RlResult result = new RlTrainer(model, task, config).listener(print).train();

        IO.println("sampler and trainer differ by " + result.samplingLogpDifferenceMax());
        model.save(Path.of("out/brief"));
    }
}

/* Prints:
step 1: length 31.8
step 2: length 26.4
step 3: length 25.3
step 4: length 25.2
step 5: length 25.2
sampler and trainer differ by 0.0
*/
