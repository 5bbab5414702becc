// SPDX-License-Identifier: Apache-2.0

import module java.base;
import module dev.jacobian.io;
import module dev.jacobian.rl;

/**
 * 14: a reward model, and what learns from it.
 *
 * <p>Somebody prefers the shorter of two answers. A reward model learns that from pairs, without being told a rule; then its score is the
 * reward of reinforcement learning, and answers shrink.
 */
class ARewardModel {
    void main() throws IOException {
        Path base = Path.of("models/countdown-0.6m");
        CausalLM policy = CausalLM.load(base);
        Path pairs = Files.write(Files.createDirectories(Path.of("out")).resolve("pairs.jsonl"), preferences(policy));

        OfflineMethod<RewardPair> method = BradleyTerry.DEFAULT;
        CausalLM judge = CausalLM.loadScoring(base, method.head().orElseThrow(), ModelOptions.DEFAULT, Optional.empty(), 1);
        OfflineConfig config = OfflineConfig.builder(method).maxSteps(15).learningRate(3e-4).warmupSteps(0).build();
        Examples<RewardPair> examples = Examples.read(method, judge, config, pairs, false);
        new OfflineTrainer<>(judge, method, examples, config)
                .listener(TrainingListener.eachStep(m -> {
                    if (m.step() % 5 == 0) {
                        IO.println("reward model, step %d: accuracy %.2f".formatted(m.step(), m.get("accuracy")));
                    }
                }))
                .train();
        judge.save(Path.of("out/judge")); // Qwen3ForSequenceClassification, which other programs read too

        RewardModel reward = new RewardModel(HeldModel.resident(judge));
        Task task = new RewardedTask(Countdown.small(), WeightedRewards.of(reward), 0);
        RlConfig rl = RlConfig.builder().maxSteps(4).promptsPerStep(4).numGenerations(8).learningRate(1e-4).build();
        new RlTrainer(policy, task, rl)
                .listener(TrainingListener.eachStep(m -> {
                    if (m.step() > 0) { // step 0 measures the model before training
                        IO.println("policy, step %d: reward %.1f, length %.0f"
                                .formatted(m.step(), m.get("reward"), m.get("completions/mean_length")));
                    }
                }))
                .train();
    }

    /** Two answers of the policy a row, the shorter one chosen. */
    private static List<String> preferences(CausalLM policy) {
        Generator generator = new Generator(policy);
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            String prompt = "3 7 %d = %d\n".formatted(i % 15 + 1, i + 20);
            int[] tokens = policy.tokenizer().encodePrompt(prompt);
            List<String> answers = generator.generate(List.of(tokens), 2, GenerationConfig.sampling(64, 1f, i)).getFirst().stream()
                    .map(answer -> policy.tokenizer().decode(answer.tokenIds(), true))
                    .sorted(Comparator.comparing(String::length))
                    .toList();
            if (answers.getFirst().length() < answers.getLast().length()) {
                rows.add(Json.object()
                        .put("prompt", prompt)
                        .put("chosen", answers.getFirst())
                        .put("rejected", answers.getLast())
                        .toString());
            }
        }
        return rows;
    }
}

/* Prints:
reward model, step 5: accuracy 1.00
reward model, step 10: accuracy 0.80
reward model, step 15: accuracy 1.00
policy, step 1: reward 0.3, length 31
policy, step 2: reward 1.4, length 27
policy, step 3: reward 1.0, length 25
policy, step 4: reward 1.5, length 23
*/
