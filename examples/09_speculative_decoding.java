// SPDX-License-Identifier: Apache-2.0

import module java.base;
import module dev.jacobian.transformer;

/**
 * 09: guess several tokens, check them in one pass.
 *
 * <p>Guesses come from a smaller model with the same tokenizer, or from what was said before. They change how many passes it takes and
 * nothing else: the tokens and their log-probabilities are those without guesses, bit for bit, sampled or not.
 */
class SpeculativeDecoding {
    void main() {
        CausalLM model = CausalLM.load(Path.of("models/countdown-0.6m"));
        int[] prompt = model.tokenizer().encodePrompt("3 7 15 = 36\n");
        GenerationRequest request = new GenerationRequest(prompt, GenerationConfig.sampling(64, 1.0f, 42));
        Generation plain = new Generator(model).generate(List.of(request)).getFirst().getFirst();

        compare("looked up in the prompt", model, request, plain, Speculation.promptLookup(3, 2));
        // A model that assists itself is always right: its guesses use the very random numbers of the answer.
        compare("guessed by the model itself", model, request, plain, Speculation.assistant(model, 5));
    }

    private void compare(
            String how, CausalLM model, GenerationRequest request, Generation plain, Speculation speculation) {
        var one = new SpeculativeGenerator(model, speculation)
                .generate(List.of(request))
                .getFirst()
                .getFirst();
        IO.println(how + ": " + one.acceptedTokens() + " of " + one.draftTokens() + " guesses were right, "
                + "the same bits: " + Arrays.equals(plain.logProbs(), one.generation().logProbs()));
    }
}

/* Prints:
looked up in the prompt: 2 of 21 guesses were right, the same bits: true
guessed by the model itself: 21 of 21 guesses were right, the same bits: true
*/
