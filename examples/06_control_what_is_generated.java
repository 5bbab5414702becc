// SPDX-License-Identifier: Apache-2.0

import module java.base;
import module dev.jacobian.transformer;

/**
 * 06: control what is generated.
 *
 * <p>Settings have transformers' names (docs/generation.md has all of them). What no setting says, a processor of one's own
 * does: it changes the logits of the next token of one sequence, which it sees with all its tokens.
 */
class ControlWhatIsGenerated {
    void main() {
        CausalLM model = CausalLM.load(Path.of("models/countdown-0.6m"));
        Generator generator = new Generator(model);
        String prompt = "3 7 15 = 36\n";

        GenerationConfig untilThought = GenerationConfig.builder()
                .doSample(false)
                .maxNewTokens(64)
                .stopStrings(List.of("</think>"))
                .topLogProbs(2)
                .build();
        Generation.Text thought = generator.generate(prompt, untilThought);
        IO.println(thought.text());
        IO.println("ended by " + thought.generation().stopString().orElseThrow());
        TokenLogProb second = thought.generation().topLogProbs().get(3).get(1);
        IO.println("second choice at the fourth token: "
                + model.tokenizer().decode(new int[] {second.token()}, false));

        int star = model.tokenizer().encode("*", false)[0];
        LogitsProcessor noProducts = (tokens, logits) -> logits[star] = Float.NEGATIVE_INFINITY;
        GenerationConfig withoutProducts =
                GenerationConfig.builder().maxNewTokens(64).doSample(false).processor(noProducts).build();
        IO.println(generator.generate(prompt, withoutProducts).text());
    }
}

/* Prints:
<think>
15/3=5:12,2,35
7*3=21:36
</think>
ended by </think>
second choice at the fourth token: /(
<think>
15/3=5:12,2,35
7232=7:12,2,35
15/3=5:12,2,35
</think>
<answer>7*(15/3)</answer>
*/
