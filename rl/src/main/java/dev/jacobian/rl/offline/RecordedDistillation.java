// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requirePositive;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.transformer.CausalLM;
import java.util.List;
import java.util.OptionalInt;

/**
 * Distillation on completions that somebody sampled before: the student is brought near the teacher where these go.
 *
 * <pre>
 * loss = 1/N Σ_t D(student(·|y_<t), teacher(·|y_<t))       N completion tokens of the whole optimizer step
 * D    : generalised Jensen–Shannon divergence of softmax(logits / temperature)
 * </pre>
 */
public record RecordedDistillation(
        @Setting(value = "0.5", doc = "0: KL(teacher to student), 1: KL(student to teacher), between: Jensen-Shannon")
        double beta,

        @Setting(value = "1.0", doc = "divides the logits of both")
        double temperature,

        @Setting(value = "null", doc = "longest completion in tokens; null for any")
        OptionalInt maxCompletionLength,

        @Setting(value = "false", doc = "must be false: train_sampling_strategy orders the completions")
        boolean shuffleDataset)
        implements DivergenceMethod {
    /** TRL's. */
    public static final RecordedDistillation DEFAULT = ConfigTree.defaults(RecordedDistillation.class);

    public RecordedDistillation {
        require(beta >= 0 && beta <= 1, "beta must lie in [0, 1], got " + beta);
        requirePositive("temperature", temperature);
        require(!shuffleDataset, "shuffle_dataset must be false; train_sampling_strategy=random orders at random");
    }

    @Override
    public String name() {
        return "distill-recorded";
    }

    @Override
    public String paper() {
        return "Hinton et al., arXiv 1503.02531; Agarwal et al., arXiv 2306.13649";
    }

    @Override
    public Teaching<Completed> teaching(CausalLM student, List<CausalLM> teachers, long seed) {
        CausalLM teacher = Teachers.one(name(), student, teachers);
        return new Teaching<>(new DivergenceReading(teacher, beta, temperature), List.of(), Teaching.asTheyAre(), 0);
    }

    @Override
    public boolean needsCompletions() {
        return true;
    }

    @Override
    public List<Completed> encode(JsonNode row, RowEncoder encoder) {
        int most = maxCompletionLength.orElse(Integer.MAX_VALUE);
        return DivergenceMethod.super.encode(row, encoder).stream()
                .map(example -> example.cut(most))
                .toList();
    }

    @Override
    public Loss loss(Batch<Completed> batch) {
        Completed.measure(batch);
        return Distances.mean(batch);
    }
}
