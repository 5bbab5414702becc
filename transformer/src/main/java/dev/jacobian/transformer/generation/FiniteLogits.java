// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.transformer.CausalLM;

/**
 * The failure of logits with which generation must not go on: one NaN or positive infinity in a row makes the log-probability of
 * every token NaN, and a choice by it would be token 0 for ever and look like a bad model.
 */
final class FiniteLogits {
    private FiniteLogits() {}

    /**
     * What is to be thrown; the message says whether weights are broken.
     *
     * @param step number of the token behind the prompt, from 1 on
     * @param prompt number of the prompt
     */
    static IllegalStateException failure(CausalLM model, int step, long prompt, float temperature) {
        String reason = model.firstNonFinite()
                .map(name -> "the weight '" + name + "' has values that are NaN or infinite")
                .orElse("its weights are finite, so numbers overflow on the way: the weights are broken or belong"
                        + " to another config.json, or the temperature (" + temperature + ") is too small");
        return new IllegalStateException(
                "the logits for token " + step + " after prompt " + prompt + " are NaN or infinite; " + reason);
    }

    /** Throws it if a number is not finite. */
    static void require(float number, CausalLM model, int step, int prompt, float temperature) {
        if (!Float.isFinite(number)) {
            throw failure(model, step, prompt, temperature);
        }
    }
}
