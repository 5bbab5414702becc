// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.transformer.CausalLM;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

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

        @Setting(value = "0.5", doc = "part of the micro-batches whose completions the student samples")
        double lmbda,

        @Setting(value = "false", doc = "let the teacher sample the completions of the others")
        boolean seqKd,

        @Setting(value = "0.9", doc = "of sampling; loss_temperature is the loss's")
        double temperature,

        @Setting(value = "1.0", doc = "divides the logits of both in the loss")
        double lossTemperature,

        @Setting(value = "128", doc = "longest completion that is sampled, in tokens")
        int maxNewTokens,

        @Setting(value = "nll", doc = "TRL's key, which does nothing there; nll alone")
        Sft.LossType lossType)
        implements DistillationMethod {
    /** TRL's. */
    public static final Gkd DEFAULT = ConfigTree.defaults(Gkd.class);

    public Gkd {
        require(beta >= 0 && beta <= 1, "beta must lie in [0, 1], got " + beta);
        require(lmbda >= 0 && lmbda <= 1, "lmbda must lie in [0, 1], got " + lmbda);
        requirePositive("temperature", temperature);
        requirePositive("loss_temperature", lossTemperature);
        requireAtLeast("max_new_tokens", 1, maxNewTokens);
        require(lossType != Sft.LossType.DFT, "loss_type of gkd is nll: its loss is the divergence of beta");
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
        Sampled own = new Sampled(student, (float) temperature, maxNewTokens, seed);
        Sampled theirs = new Sampled(teacher, (float) temperature, maxNewTokens, seed);
        Teaching.Source<Completed> source = (step, microBatch, data) -> Sampled.chance(seed, step, microBatch) < lmbda
                ? own.examples(step, microBatch, data)
                : seqKd ? theirs.examples(step, microBatch, data) : data;
        return new Teaching<>(
                new DivergenceReading(teacher, beta, lossTemperature),
                List.of(),
                source,
                needsCompletions() && lmbda == 0 ? 0 : maxNewTokens);
    }

    @Override
    public boolean needsCompletions() {
        return lmbda < 1 && !seqKd;
    }

    @Override
    public OptionalDouble constantDerivative(Window window) {
        return OptionalDouble.of(1.0 / (double) window.units());
    }

    @Override
    public Loss loss(Batch<Completed> batch) {
        return Distances.mean(batch);
    }
}
