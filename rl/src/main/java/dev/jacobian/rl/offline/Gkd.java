// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.transformer.CausalLM;
import java.util.List;
import java.util.Map;

/**
 * Generalised knowledge distillation (Agarwal et al., arXiv 2306.13649): on the data's completions, on those that the student samples while
 * it learns, or on the teacher's.
 *
 * <pre>
 * completions of a micro-batch: with probability lmbda the student's, else the teacher's (seq_kd) or the data's
 * loss = 1/N Σ_t D(student(·|y_<t), teacher(·|y_<t))       N completion tokens of the whole optimizer step
 * </pre>
 */
public record Gkd(
        @Setting(value = "0.5", doc = "0: KL(teacher to student), 1: KL(student to teacher), between: Jensen-Shannon")
        double beta,

        GkdSource source,

        @Setting(value = "1.0", doc = "divides the logits of both in the loss")
        double lossTemperature,

        @Setting(value = "nll", doc = "TRL's key, which does nothing there; nll alone")
        SftLoss lossType)
        implements DivergenceMethod {
    /** TRL's. */
    public static final Gkd DEFAULT = ConfigTree.defaults(Gkd.class);

    public Gkd {
        require(beta >= 0 && beta <= 1, "beta must lie in [0, 1], got " + beta);
        requirePositive("loss_temperature", lossTemperature);
        require(lossType != SftLoss.DFT, "loss_type of gkd is nll: its loss is the divergence of beta");
    }

    @Override
    public String name() {
        return "distill-gkd";
    }

    @Override
    public String paper() {
        return "Agarwal et al., arXiv 2306.13649";
    }

    @Override
    public Map<String, Object> defaults() {
        return Map.of("learning_rate", 1e-7, "lr_scheduler_type", "linear");
    }

    @Override
    public Teaching<Completed> teaching(CausalLM student, List<CausalLM> teachers, long seed) {
        CausalLM teacher = Teachers.one(name(), student, teachers);
        return new Teaching<>(
                new DivergenceReading(teacher, beta, lossTemperature),
                List.of(),
                source.of(student, teacher, seed),
                source.longest());
    }

    @Override
    public boolean needsCompletions() {
        return source.readsData();
    }

    @Override
    public Loss loss(Batch<Completed> batch) {
        return Distances.mean(batch);
    }
}
