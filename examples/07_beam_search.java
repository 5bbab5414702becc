// SPDX-License-Identifier: Apache-2.0

import module java.base;
import module dev.jacobian.transformer;

/**
 * 07: beam search.
 *
 * <p>Greedy decoding takes the likeliest token each time, and may miss the likeliest text. Beams follow several texts at once;
 * their caches share what they have in common.
 */
class Beams {
    void main() {
        CausalLM model = CausalLM.load(Path.of("models/countdown-0.6m"));
        Generator generator = new Generator(model);
        int[] prompt = model.tokenizer().encode("5 8 12 = 31\n", true);

        Generation greedy = generator
                .generate(List.of(prompt), 1, GenerationConfig.greedy(64))
                .get(0)
                .get(0);
        print(model, "greedy", greedy);

        GenerationConfig beams = GenerationConfig.builder()
                .maxNewTokens(64)
                .numBeams(4)
                .numReturnSequences(2)
                .lengthPenalty(0)
                .build();
        for (Generation beam : generator.generate(List.of(prompt), 2, beams).get(0)) {
            print(model, "beam", beam);
        }
    }

    void print(CausalLM model, String name, Generation generation) {
        double sum = 0;
        for (float logProb : generation.logProbs()) {
            sum += logProb;
        }
        String text = model.tokenizer().decode(generation.tokenIds(), true).strip().replace("\n", " ");
        IO.println(String.format(Locale.ROOT, "%-6s %6.2f  %s", name, sum, text));
    }
}

/* Prints:
greedy  -1.84  <think> 8*5=40:52,28 12*8=96:91 </think> <answer>(12*8)-5</answer>
beam    -1.68  <think> 8*5=40:52,28 </think> <answer>(8*5)+12</answer>
beam    -1.76  <think> 8*5=40:52,28 </think> <answer>(8*5)-12</answer>
*/
