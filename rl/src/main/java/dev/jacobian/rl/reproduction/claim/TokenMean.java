// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.evaluation.SampleResult;
import dev.jacobian.rl.method.Grpo;
import dev.jacobian.rl.reproduction.Claim;
import dev.jacobian.rl.reproduction.ClaimFacts;
import dev.jacobian.rl.reproduction.Measured;
import dev.jacobian.rl.reproduction.Paper;
import dev.jacobian.rl.reproduction.Rule;
import dev.jacobian.rl.reproduction.rig.Arm;
import dev.jacobian.rl.reproduction.rig.Budget;
import dev.jacobian.rl.reproduction.rig.RunningSums;
import dev.jacobian.rl.reproduction.rig.Skill;
import dev.jacobian.rl.reproduction.rig.TinyModel;
import dev.jacobian.rl.reproduction.rig.Workshop;
import java.util.List;

/**
 * E11: whether every token counts the same, or every answer.
 *
 * @param policy to begin with
 * @param budget of an arm
 */
public record TokenMean(TinyModel policy, Budget budget) implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E11",
                "Token mean against sequence mean",
                "The mean over answers of their token means punishes long wrong answers too little, so that wrong"
                        + " answers grow; the mean over all tokens does not.",
                new Paper(
                        "Dr.GRPO, arXiv 2503.20783; DAPO, arXiv 2503.14476, figure 4",
                        "wrong answers grow without end under the sequence mean"),
                "GRPO with both normalisers from the same model at equal samples; tokens of wrong held-out answers.",
                "steps → tokens of an answer",
                List.of("Nothing else; these were the first settings."),
                1);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        RunningSums task = new RunningSums(3, 6);
        Arm tokens = Arm.train(
                workshop.model(policy, seed),
                task,
                budget.config(seed)
                        .method(Grpo.DEFAULT.with("loss_type", "dapo"))
                        .build());
        Arm answers = Arm.train(
                workshop.model(policy, seed),
                task,
                budget.config(seed)
                        .method(Grpo.DEFAULT.with("loss_type", "grpo"))
                        .build());
        double byToken = wrongLength(Arms.skill(tokens, task, budget, seed));
        double byAnswer = wrongLength(Arms.skill(answers, task, budget, seed));
        Measured.Builder measured = Measured.builder()
                .figure("tokens of wrong answers, token mean", byToken)
                .figure("tokens of wrong answers, sequence mean", byAnswer)
                .figure("tokens of wrong answers, sequence − token mean", byAnswer - byToken)
                .figure("entropy, sequence − token mean", answers.last(Arms.ENTROPY) - tokens.last(Arms.ENTROPY));
        Arms.draw(measured, "token mean", tokens, Arms.LENGTH);
        Arms.draw(measured, "sequence mean", answers, Arms.LENGTH);
        return measured.build();
    }

    private static double wrongLength(Skill skill) {
        return skill.evaluation().results().stream()
                .flatMap(result -> result.samples().stream())
                .filter(sample -> !sample.solved())
                .mapToInt(SampleResult::tokens)
                .average()
                .orElse(Double.NaN);
    }

    @Override
    public Rule rule() {
        return Rule.above("tokens of wrong answers, sequence − token mean", 0);
    }
}
