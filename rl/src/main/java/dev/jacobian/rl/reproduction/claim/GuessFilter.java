// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.reproduction.Claim;
import dev.jacobian.rl.reproduction.ClaimFacts;
import dev.jacobian.rl.reproduction.Measured;
import dev.jacobian.rl.reproduction.Paper;
import dev.jacobian.rl.reproduction.Rule;
import dev.jacobian.rl.reproduction.rig.DirectSums;
import dev.jacobian.rl.reproduction.rig.Draws;
import dev.jacobian.rl.reproduction.rig.TinyModel;
import dev.jacobian.rl.reproduction.rig.Workshop;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.transformer.CausalLM;
import java.util.Arrays;
import java.util.List;

/**
 * E23: prompts whose answer can be guessed without reasoning.
 *
 * @param policy that guesses
 * @param problems how many prompts
 * @param guesses of each, any of which drops it if it is right
 */
public record GuessFilter(TinyModel policy, int problems, int guesses) implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E23",
                "Prompts that are easy to guess",
                "Dropping prompts of which one of N guesses without reasoning is right leaves prompts whose reward can"
                        + " hardly be had without reasoning.",
                new Paper("Kimi k1.5, arXiv 2501.12599, section 2.1", "N = 8; no number"),
                "Sums of 2 to 6 terms answered without reasoning, N times; then as many fresh guesses: the share that"
                        + " is right among all prompts and among those that are kept.",
                "all prompts, kept prompts → share of fresh guesses that is right",
                List.of(
                        "Nothing else; the same ran with one first model for all seeds before: reproduced.",
                        "How it reads: one of three first models learned to guess, and the filter finds its easy"
                                + " prompts; to the others hardly any prompt is easier to guess than another."),
                1);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        CausalLM model = workshop.model(policy, seed);
        List<ScoredGroup> groups = Draws.of(model, new DirectSums(2, 6), problems, 2 * guesses, seed);
        int kept = 0;
        double all = 0;
        double left = 0;
        for (ScoredGroup group : groups) {
            boolean isGuessed = Arrays.stream(group.rewards(), 0, guesses).anyMatch(r -> r == 1);
            double fresh = Arrays.stream(group.rewards(), guesses, 2 * guesses)
                    .average()
                    .orElseThrow();
            all += fresh / problems;
            if (!isGuessed) {
                kept++;
                left += fresh;
            }
        }
        double after = left / kept;
        return Measured.builder()
                .figure("share of prompts dropped", 1 - (double) kept / problems)
                .figure("right fresh guesses, all prompts", all)
                .figure("right fresh guesses, kept prompts", after)
                .figure("right fresh guesses, all − kept", all - after)
                .curve("right guesses", new double[] {0, 1}, new double[] {all, after})
                .build();
    }

    @Override
    public Rule rule() {
        return Rule.all(Rule.above("share of prompts dropped", 0), Rule.above("right fresh guesses, all − kept", 0));
    }
}
