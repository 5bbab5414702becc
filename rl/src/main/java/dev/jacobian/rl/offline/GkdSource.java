// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.Setting;
import dev.jacobian.transformer.CausalLM;

/** Who says the completions that {@link Gkd} learns on: the student, the teacher, or the data. */
public record GkdSource(
        @Setting(value = "0.5", doc = "part of the micro-batches whose completions the student samples")
        double lmbda,

        @Setting(value = "false", doc = "let the teacher sample the completions of the others")
        boolean seqKd,

        @Setting(value = "0.9", doc = "of sampling; loss_temperature is the loss's")
        double temperature,

        @Setting(value = "128", doc = "longest completion that is sampled, in tokens")
        int maxNewTokens) {
    public GkdSource {
        require(lmbda >= 0 && lmbda <= 1, "lmbda must lie in [0, 1], got " + lmbda);
        requirePositive("temperature", temperature);
        requireAtLeast("max_new_tokens", 1, maxNewTokens);
    }

    /** Whether each row must have a completion. */
    boolean readsData() {
        return lmbda < 1 && !seqKd;
    }

    /** Most tokens that are sampled for a row. */
    int longest() {
        return readsData() && lmbda == 0 ? 0 : maxNewTokens;
    }

    Teaching.Source<Completed> of(CausalLM student, CausalLM teacher, long seed) {
        Sampled own = new Sampled(student, (float) temperature, maxNewTokens, seed);
        Sampled theirs = new Sampled(teacher, (float) temperature, maxNewTokens, seed);
        return (step, microBatch, data) -> Sampled.chance(seed, step, microBatch) < lmbda
                ? own.examples(step, microBatch, data)
                : seqKd ? theirs.examples(step, microBatch, data) : data;
    }
}
