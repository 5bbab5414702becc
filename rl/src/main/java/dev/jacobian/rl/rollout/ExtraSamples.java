// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.Optional;

/**
 * Samples that a method wants of every prompt beside those that it learns from: they are scored and compared with, and have no part
 * in the loss.
 */
public sealed interface ExtraSamples {
    /** Makes other numbers of a run's seed: extra samples must not share the randomness of those that they are compared with. */
    long OTHER_DRAWS = 0x9E3779B97F4A7C15L;

    /** How many of a prompt. */
    int count();

    /**
     * How they are drawn.
     *
     * @param usual how the others are
     * @param reference the reference policy, if there is one
     */
    GenerationConfig sampling(GenerationConfig usual, Optional<CausalLM> reference);

    /** Whether the reference policy has a part in it. */
    default boolean needsReference() {
        return false;
    }

    /** The likeliest continuation (ReMax's baseline). */
    record Greedy() implements ExtraSamples {
        @Override
        public int count() {
            return 1;
        }

        @Override
        public GenerationConfig sampling(GenerationConfig usual, Optional<CausalLM> reference) {
            return GenerationConfig.greedy(usual.maxNewTokens());
        }
    }

    /**
     * Samples from a mixture of the policy and the reference policy (Nash-MD's opponents).
     *
     * @param count how many of a prompt
     * @param coefficient part of the reference policy, as an exponent
     */
    record Mixed(int count, double coefficient) implements ExtraSamples {
        @Override
        public GenerationConfig sampling(GenerationConfig usual, Optional<CausalLM> reference) {
            return GenerationConfig.builder()
                    .maxNewTokens(usual.maxNewTokens())
                    .temperature(usual.temperature())
                    .seed(usual.seed() ^ OTHER_DRAWS)
                    .processor(new GeometricMixture(reference.orElseThrow(), coefficient))
                    .build();
        }

        @Override
        public boolean needsReference() {
            return coefficient > 0;
        }
    }
}
