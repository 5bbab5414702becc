// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.method.Grpo;
import dev.jacobian.rl.reproduction.Claim;
import dev.jacobian.rl.reproduction.ClaimFacts;
import dev.jacobian.rl.reproduction.Measured;
import dev.jacobian.rl.reproduction.Paper;
import dev.jacobian.rl.reproduction.Rule;
import dev.jacobian.rl.reproduction.rig.Arm;
import dev.jacobian.rl.reproduction.rig.Budget;
import dev.jacobian.rl.reproduction.rig.Draws;
import dev.jacobian.rl.reproduction.rig.RunningSums;
import dev.jacobian.rl.reproduction.rig.Skill;
import dev.jacobian.rl.reproduction.rig.TinyModel;
import dev.jacobian.rl.reproduction.rig.Workshop;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.List;

/**
 * E22: a small model that learns from a larger one's right answers, by reinforcement, or both.
 *
 * @param teacher larger, trained by reinforcement first
 * @param student smaller
 * @param budget of reinforcement, of the teacher and of each student
 * @param problems that the teacher answers
 * @param steps of fine-tuning on its right answers
 * @param batch answers of a step
 */
public record DistillOrReinforce(
        TinyModel teacher, TinyModel student, Budget budget, int problems, int steps, int batch) implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E22",
                "Distillation against reinforcement on a small model",
                "A small model gains more from a larger one's right answers than from reinforcement of its own, and"
                        + " most from reinforcement after them.",
                new Paper(
                        "DeepSeek-R1, arXiv 2501.12948, table 6",
                        "32B on AIME 2024: 72.6 distilled, 47.0 by reinforcement; PRIME: 43.8 → 49 → 52"),
                "A larger model after GRPO answers training problems; a smaller one learns from its right answers, by"
                    + " GRPO, or by GRPO behind them. GRPO has the same samples everywhere; distillation learns from"
                    + " about as many answers as GRPO samples.",
                "what the student did → pass@1",
                List.of("Nothing else; these were the first settings."),
                1);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        Task task = new RunningSums(3, 6);
        CausalLM strong = reinforced(workshop.model(teacher, seed), task, seed);
        SftDataset answers = rightAnswers(strong, task, seed);
        double before = solved(workshop.model(student, seed), task, seed);
        double reinforced = solved(reinforced(workshop.model(student, seed), task, seed), task, seed);
        CausalLM distilled = TinyModel.tuned(workshop.model(student, seed), answers, steps, batch, 1e-3, seed);
        double byTeacher = solved(distilled, task, seed);
        double both = solved(reinforced(distilled, task, seed), task, seed);
        return Measured.builder()
                .figure("pass@1, teacher", solved(strong, task, seed))
                .figure("pass@1, student before", before)
                .figure("pass@1, reinforced", reinforced)
                .figure("pass@1, distilled", byTeacher)
                .figure("pass@1, distilled then reinforced", both)
                .figure("pass@1, distilled − reinforced", byTeacher - reinforced)
                .figure("pass@1, both − distilled", both - byTeacher)
                .curve("before, reinforced, distilled, both", new double[] {0, 1, 2, 3}, new double[] {
                    before, reinforced, byTeacher, both
                })
                .build();
    }

    private CausalLM reinforced(CausalLM model, Task task, long seed) {
        return Arm.train(model, task, budget.config(seed).method(Grpo.DEFAULT).build())
                .model();
    }

    private double solved(CausalLM model, Task task, long seed) {
        return Skill.of(model, task, budget.problems(), budget.tries(), seed).get("pass@1");
    }

    private SftDataset rightAnswers(CausalLM model, Task task, long seed) {
        List<SftExample> right = new ArrayList<>();
        for (ScoredGroup group : Draws.of(model, task, problems, 2, seed + 1000)) {
            for (int i = 0; i < group.texts().size(); i++) {
                if (group.solved()[i]) {
                    right.add(new SftExample(
                            group.group().problem().prompt(), group.texts().get(i)));
                }
            }
        }
        return SftDataset.of("right answers of the teacher", right);
    }

    @Override
    public Rule rule() {
        return Rule.all(Rule.above("pass@1, distilled − reinforced", 0), Rule.above("pass@1, both − distilled", 0));
    }
}
