// SPDX-License-Identifier: Apache-2.0

import module java.base;
import module dev.jacobian.rl;

/**
 * 12: a training loop and a loss of your own.
 *
 * <p>A trainer has five verbs and decides nothing: sample, forward and backward, step, save, load. The loss is a function of
 * log-probabilities that says its value and its derivative; this one lets each sample count the same, however long it is.
 */
class YourOwnLoop {
    void main() {
        CausalLM model = CausalLM.load(Path.of("models/countdown-0.6m"));
        int[] prompt = model.tokenizer().encodePrompt("3 7 15 = 36\n");
        LossFunction perSample = batch -> { // −Σ over samples of advantage · mean over tokens of log π
            double value = 0;
            double[] slopes = new double[batch.count()]; // [N]
            float[] advantages = batch.fact("advantages"); // [N]
            int token = 0;
            for (Datum sample : batch.data()) {
                for (int i = 0; i < sample.count(); i++, token++) {
                    slopes[token] = -advantages[token] / sample.count();
                    value += slopes[token] * batch.logProbs()[token];
                }
            }
            return new LossValue(value, slopes);
        };

        try (Trainer trainer = new Trainer(model)) {
            for (int step = 1; step <= 5; step++) {
                List<Generation> samples = trainer.sample(prompt, 16, GenerationConfig.sampling(64, 1f, step));
                double mean = samples.stream().mapToInt(s -> s.tokenIds().length).average().orElseThrow();
                List<Datum> batch = samples.stream() // the shorter, the better
                        .map(s -> Datum.of(prompt, s.tokenIds()).with("advantages", (float) (1 - s.tokenIds().length / mean)))
                        .toList();
                Trainer.Result seen = trainer.forwardBackward(batch, perSample);
                trainer.optimStep(1e-4);
                boolean exact = Arrays.equals(seen.scored().logProbs(0), samples.get(0).logProbs());
                IO.println("step %d: length %.1f, log-probabilities as sampled: %b".formatted(step, mean, exact));
            }
            trainer.saveState(Path.of("out/loop")); // loadState goes on from here to the same bits
        }
    }
}

/* Prints:
step 1: length 29.0, log-probabilities as sampled: true
step 2: length 25.5, log-probabilities as sampled: true
step 3: length 26.9, log-probabilities as sampled: true
step 4: length 25.6, log-probabilities as sampled: true
step 5: length 25.6, log-probabilities as sampled: true
*/
