// SPDX-License-Identifier: Apache-2.0

import module java.base;
import module dev.jacobian.transformer;

/**
 * 03: load a model and generate.
 *
 * <p>Any Hugging Face folder of a supported family loads the same way. What is sampled depends on the seed alone: not on what
 * else is in the batch, nor on the number of threads.
 */
class LoadAndGenerate {
    void main() {
        CausalLM model = CausalLM.load(Path.of("models/countdown-0.6m"));
        Generator generator = new Generator(model);

        Generation.Text greedy = generator.generate("3 7 15 = 36\n", GenerationConfig.greedy(64));
        IO.println(greedy.text());

        // One prompt alone, then the same prompt and seed beside another one: the same tokens, and the same bits of each.
        GenerationConfig sampling = GenerationConfig.sampling(64, 1.0f, 42);
        int[] first = model.tokenizer().encode("2 13 6 = 21\n", true);
        int[] second = model.tokenizer().encode("3 7 15 = 36\n", true);
        Generation alone = generator.generate(List.of(first), 1, sampling).get(0).get(0);
        Generation beside = generator.generate(List.of(first, second), 1, sampling).get(0).get(0);
        IO.println("same tokens: " + Arrays.equals(alone.tokenIds(), beside.tokenIds()));
        IO.println("same log-probabilities, bit for bit: " + Arrays.equals(alone.logProbs(), beside.logProbs()));
    }
}

/* Prints:
<think>
15/3=5:12,2,35
7*3=21:36
</think>
<answer>(7*3)+15</answer>
same tokens: true
same log-probabilities, bit for bit: true
*/
