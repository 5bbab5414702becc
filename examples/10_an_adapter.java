// SPDX-License-Identifier: Apache-2.0

import module java.base;
import module dev.jacobian.rl;
import module dev.jacobian.transformer;

/**
 * 10: an adapter.
 *
 * <p>Two narrow matrices beside every linear layer are trained, the model's own weights lie in 8 bits. What is saved is what PEFT
 * reads; merged, it is a checkpoint like any other.
 */
class AnAdapter {
    void main() {
        Path base = Path.of("models/countdown-0.6m");
        ModelOptions narrow = ModelOptions.DEFAULT.weights(WeightFormat.Q8_0);
        CausalLM model = CausalLM.load(base, narrow, new AdapterSource.Fresh(LoraConfig.allLinear(4, 8), 1));
        IO.println(model.adapter().orElseThrow().modules().size() + " modules are changed");

        int[] text = model.tokenizer().encode("3 7 15 = 36\n", false);
        LabelledBatch batch = LabelledBatch.of(List.of(text), List.of(text));
        float[] mean = new float[batch.targets().length];
        Arrays.fill(mean, 1f / mean.length);
        AdamW optimizer = new AdamW(model.parameters(), AdamWConfig.DEFAULT);
        try (TrainingPass pass = new TrainingPass(model)) {
            for (int step = 0; step <= 20; step++) {
                double loss = pass.run(batch, mean);
                optimizer.step(0.01);
                optimizer.zeroGrad();
                if (step % 10 == 0) {
                    IO.println("step %2d: loss %.2f".formatted(step, loss));
                }
            }
        }

        model.save(Path.of("out/adapter")); // adapter_config.json, adapter_model.safetensors
        CausalLM again = CausalLM.load(base, narrow, new AdapterSource.Saved(Path.of("out/adapter")));
        IO.println("loaded: the same bits: " + Arrays.equals(logits(again, text), logits(model, text)));

        CausalLM exact = CausalLM.load(base, ModelOptions.DEFAULT, new AdapterSource.Saved(Path.of("out/adapter")));
        exact.merged().save(Path.of("out/merged")); // of the weights as they were stored
        float[] own = logits(exact, text);
        float[] merged = logits(CausalLM.load(Path.of("out/merged")), text);
        float difference = 0;
        for (int i = 0; i < own.length; i++) {
            difference = Math.max(difference, Math.abs(merged[i] - own[i]));
        }
        IO.println("merged: the same numbers: " + (difference < 1e-3));
    }

    private static float[] logits(CausalLM model, int[] tokens) {
        return model.logits(tokens).toFloatArray();
    }
}

/* Prints:
21 modules are changed
step  0: loss 11.27
step 10: loss 1.07
step 20: loss 0.48
loaded: the same bits: true
merged: the same numbers: true
*/
