// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.rl.config.Automatic;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.transformer.TokenScores;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * Supervised fine-tuning: the likelihood of demonstrations.
 *
 * <pre>
 * nll:  loss = −1/N Σ_t log π(y_t)                N tokens that are learned in the whole optimizer step
 * dft:  loss = −1/N Σ_t ⌊π(y_t)⌋ log π(y_t)       ⌊ ⌋ without gradient (Wu et al., arXiv 2508.05629): rare tokens pull less
 * </pre>
 */
public record Sft(
        @Setting(value = "nll", doc = "nll, chunked_nll (the same here, where logits never exist whole) or dft")
        LossType lossType,

        @Setting(value = "null", doc = "learn only the completion; null: of rows that have one")
        Automatic completionOnlyLoss,

        @Setting(
                value = "false",
                doc = "of conversations learn only what the assistant says; the chat template must mark it with"
                        + " {% generation %}")
        boolean assistantOnlyLoss,

        @Setting(value = "false", doc = "several examples share a sequence of max_length tokens")
        boolean packing,

        @Setting(
                value = "bfd",
                doc = "bfd: whole examples, which do not see each other; wrapped: one stream, cut anywhere")
        Packing.Strategy packingStrategy)
        implements OfflineMethod<Demonstration> {
    /** What is summed over tokens. */
    public enum LossType {
        /** −log π. */
        NLL,
        /** The same. */
        CHUNKED_NLL,
        /** −⌊π⌋ log π. */
        DFT
    }

    /** All of a completion, nothing packed. */
    public static final Sft DEFAULT = ConfigTree.defaults(Sft.class);

    public Sft {
        require(
                !(packing && packingStrategy == Packing.Strategy.WRAPPED && assistantOnlyLoss),
                "packing_strategy=wrapped cuts conversations anywhere; use bfd with assistant_only_loss");
    }

    @Override
    public String paper() {
        return "supervised fine-tuning; dft: Wu et al., arXiv 2508.05629";
    }

    @Override
    public Map<String, Object> defaults() {
        return Map.of(
                "max_steps", 1000,
                "per_device_train_batch_size", 64,
                "learning_rate", 1e-3,
                "lr_scheduler_type", "cosine",
                "warmup_steps", 50,
                "save_steps", 100);
    }

    @Override
    public List<Demonstration> encode(JsonNode row, RowEncoder encoder) {
        SftExample example = encoder.read(row);
        return List.of(new Demonstration(List.of(encoder.demonstration(example, learnsPrompt(example)))));
    }

    Demonstration encode(SftDataset data, SftExample example, RowEncoder encoder) {
        try {
            return new Demonstration(List.of(encoder.demonstration(example, learnsPrompt(example))));
        } catch (FormatException bad) {
            throw new FormatException(data.source(example), bad.what(), bad.fix(), bad);
        }
    }

    private boolean learnsPrompt(SftExample example) {
        if (example.isText() && completionOnlyLoss == Automatic.TRUE) {
            throw new FormatException(
                    "the example",
                    "completion_only_loss=true needs a prompt and a completion, and this is 'text'",
                    "Give 'prompt' and 'completion', or leave completion_only_loss out");
        }
        return example.isText() || !completionOnlyLoss.or(true);
    }

    @Override
    public List<Demonstration> arrange(List<Demonstration> examples, int maxLength) {
        List<Demonstration> teaching =
                examples.stream().filter(example -> example.labels() > 0).toList(); // max_length may leave nothing
        return packing ? Packing.pack(teaching, packingStrategy, maxLength) : teaching;
    }

    @Override
    public List<Span> spans(List<Demonstration> batch) {
        return batch.stream()
                .flatMap(row -> row.documents().stream())
                .map(document -> new Span(document.tokens(), -1, document.learned()))
                .toList();
    }

    @Override
    public long tokens(Demonstration example) {
        return example.length();
    }

    @Override
    public long units(Demonstration example) {
        return example.labels();
    }

    @Override
    public OptionalDouble constantDerivative(Window window) {
        return lossType == LossType.DFT ? OptionalDouble.empty() : OptionalDouble.of(-1.0 / (double) window.units());
    }

    @Override
    public Loss loss(Batch<Demonstration> batch) {
        TokenScores tokens = batch.policy().tokens();
        Loss loss = Loss.of(batch.policy());
        for (int t = 0; t < tokens.logProbs().length; t++) {
            double log = tokens.logProbs()[t];
            double weight = (lossType == LossType.DFT ? StrictMath.exp(log) : 1)
                    / (double) batch.window().units();
            loss.add(-weight * log);
            loss.slope(t, -weight);
            batch.meter().add("entropy", tokens.entropy()[t], 1);
            batch.meter().add("mean_token_accuracy", tokens.isBest(t) ? 1 : 0, 1);
        }
        return loss;
    }
}
