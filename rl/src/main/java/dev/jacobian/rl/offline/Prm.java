// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.learn.Reading;
import dev.jacobian.transformer.plan.Head;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A process reward model (Uesato et al., arXiv 2211.14275; Lightman et al., arXiv 2305.20050): is this step right?
 *
 * <pre>
 * z    = the head's two numbers at the separator behind a step
 * loss = mean over the micro-batch's judged steps of −log softmax(z)[label]
 * </pre>
 */
public record Prm(
        @Setting(value = "\n", doc = "what stands behind each step, and is scored")
        String stepSeparator,

        @Setting(value = "false", doc = "learn from the last step's label alone")
        boolean trainOnLastStepOnly,

        @Setting(value = "null", doc = "longest chain of steps in tokens; null for what max_length leaves")
        OptionalInt maxCompletionLength,

        @Setting(value = "false", doc = "add the losses of micro-batches up, as TRL does, instead of taking their mean")
        boolean sumMicroBatches)
        implements OfflineMethod<Steps> {
    /** TRL's, but for the mean over micro-batches. */
    public static final Prm DEFAULT = ConfigTree.defaults(Prm.class);

    public Prm {
        require(!stepSeparator.isEmpty(), "step_separator must not be empty: its last token is what is scored");
        require(maxCompletionLength.orElse(1) >= 1, "max_completion_length must be at least 1");
    }

    @Override
    public String name() {
        return "prm";
    }

    @Override
    public String paper() {
        return "Lightman et al., arXiv 2305.20050";
    }

    @Override
    public Map<String, Object> defaults() {
        return Map.of("learning_rate", 1e-5, "lr_scheduler_type", "linear");
    }

    @Override
    public Optional<Head.Scores> head() {
        return Optional.of(new Head.Scores(2, true));
    }

    @Override
    public Reading reading() {
        return new Reading.Scores(2);
    }

    @Override
    public List<Steps> encode(JsonNode row, RowEncoder encoder) {
        return List.of(StepRows.read(row, this, encoder));
    }

    @Override
    public List<Steps> arrange(List<Steps> examples, int maxLength) {
        boolean none = examples.stream().allMatch(example -> example.labels().length == 0);
        return none ? List.of() : examples; // of a row that max_length leaves without a label nothing is learned
    }

    @Override
    public List<Span> spans(List<Steps> batch) {
        return batch.stream().map(Steps::span).toList();
    }

    @Override
    public long tokens(Steps example) {
        return example.tokens().length;
    }

    @Override
    public Loss loss(Batch<Steps> batch) {
        Loss loss = Loss.of(batch.policy());
        float[] z = batch.policy().tokens().logProbs(); // two of each judged step
        double share =
                2.0 / ((double) z.length * (sumMicroBatches ? 1 : batch.window().microBatches()));
        int at = 0;
        for (Steps example : batch.examples()) {
            for (int label : example.labels()) {
                double ahead = label == 1 ? z[at + 1] - z[at] : z[at] - z[at + 1];
                double slope = share * Sigmoids.sigmoid(-ahead);
                loss.add(-share * Sigmoids.logSigmoid(ahead));
                loss.slope(at + label, -slope);
                loss.slope(at + 1 - label, slope);
                batch.meter().value("accuracy", ahead > 0 ? 1 : 0);
                at += 2;
            }
        }
        return loss;
    }
}
