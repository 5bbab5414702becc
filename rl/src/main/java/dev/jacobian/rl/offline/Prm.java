// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.spill.RecordCodec;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.transformer.plan.Head;
import java.util.List;
import java.util.Map;

/**
 * A process reward model (Uesato et al., arXiv 2211.14275; Lightman et al., arXiv 2305.20050): is this step right?
 *
 * <pre>
 * z    = the head's two numbers at the separator behind a step
 * loss = mean over the micro-batch's judged steps of −log softmax(z)[label]
 * </pre>
 */
public record Prm(
        StepRows rows,

        @Setting(value = "false", doc = "add the losses of micro-batches up, as TRL does, instead of taking their mean")
        boolean sumMicroBatches)
        implements ScoringMethod<Steps> {
    /** TRL's, but for the mean over micro-batches. */
    public static final Prm DEFAULT = ConfigTree.defaults(Prm.class);

    @Override
    public String paper() {
        return "Lightman et al., arXiv 2305.20050";
    }

    @Override
    public Map<String, Object> defaults() {
        return Map.of("learning_rate", 1e-5, "lr_scheduler_type", "linear");
    }

    @Override
    public Head.Scores scores() {
        return new Head.Scores(2, true);
    }

    @Override
    public RecordCodec<Steps> codec() {
        return Steps.CODEC;
    }

    @Override
    public List<Steps> encode(JsonNode row, RowEncoder encoder) {
        return List.of(rows.read(row, encoder));
    }

    @Override
    public List<Steps> arrange(List<Steps> examples, int maxLength) {
        return Steps.judged(examples);
    }

    @Override
    public List<Span> spans(List<Steps> batch) {
        return batch.stream().map(Steps::span).toList();
    }

    @Override
    public Loss loss(Batch<Steps> batch) {
        Loss loss = Loss.of(batch.policy());
        float[] z = batch.policy().tokens().logProbs(); // two of each judged step
        double share =
                2.0 / ((double) z.length * (sumMicroBatches ? 1 : batch.window().microBatches()));
        int at = 0;
        for (int label : Steps.labels(batch.examples())) {
            batch.meter().value("accuracy", TwoLogits.add(loss, z, at, label, share) > 0 ? 1 : 0);
            at += 2;
        }
        return loss;
    }
}
