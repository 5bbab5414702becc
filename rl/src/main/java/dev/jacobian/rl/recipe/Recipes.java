// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import java.util.List;
import java.util.stream.Collectors;

/** The systems that the library has recipes of. */
public final class Recipes {
    private static final List<NamedRecipe> ALL = List.of(
            new NamedRecipe(
                    "tinyzero",
                    "Pan et al., github.com/Jiayi-Pan/TinyZero",
                    "PPO from a base model on Countdown: a tenth for the form, one for the right answer",
                    List.of(),
                    TinyZero::recipe),
            new NamedRecipe(
                    "r1-zero",
                    "DeepSeek-R1-Zero, arXiv 2501.12948",
                    "GRPO from a base model with rewards for the right answer and for the format, no fine-tuning"
                            + " before",
                    List.of(),
                    R1Zero::recipe),
            new NamedRecipe(
                    "r1",
                    "DeepSeek-R1, arXiv 2501.12948",
                    "cold start, reinforcement learning of reasoning, rejection sampling, reinforcement learning over"
                            + " all scenarios, and distillation into a smaller model",
                    List.of(NamedRecipe.DEMONSTRATIONS, NamedRecipe.STUDENT),
                    R1::recipe),
            new NamedRecipe(
                    "k1.5",
                    "Kimi k1.5, arXiv 2501.12599",
                    "fine-tuning, a warm-up with long thoughts, a chosen set of prompts, mirror descent with"
                            + " curriculum, priorities, length reward and partial rollouts, and long to short",
                    List.of(NamedRecipe.DEMONSTRATIONS, NamedRecipe.SOLUTIONS),
                    KimiK15::recipe),
            new NamedRecipe(
                    "opo",
                    "Hao et al., arXiv 2505.23585",
                    "exact on-policy training with the length-weighted baseline, and GRPO beside it to compare",
                    List.of(),
                    OnPolicy::recipe),
            new NamedRecipe(
                    "sppo",
                    "Wu et al., arXiv 2405.00675",
                    "a preference model is trained, then three iterations learn from its win rates",
                    List.of(),
                    SelfPlay::recipe));

    private Recipes() {}

    /** All of them. */
    public static List<NamedRecipe> all() {
        return ALL;
    }

    /** Their names as a sentence has them. */
    public static String names() {
        return ALL.stream().map(NamedRecipe::name).collect(Collectors.joining(", "));
    }

    /**
     * The recipe of a name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static NamedRecipe named(String name) {
        return ALL.stream()
                .filter(recipe -> recipe.name().equals(name))
                .findFirst()
                .orElseThrow(
                        () -> new IllegalArgumentException("there is no recipe '" + name + "'; there are " + names()));
    }
}
