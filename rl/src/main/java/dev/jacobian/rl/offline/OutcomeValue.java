// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.spill.RecordCodec;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.transformer.plan.Head;
import java.util.List;

/**
 * A reward model of single answers (Cobbe et al., arXiv 2110.14168; the value head of Kimi k1.5, arXiv 2501.12599, is shown a reference
 * answer in the prompt): is this answer right, or how good is it?
 *
 * <pre>
 * r          = the head's number at a sequence's last token
 * bce:        loss = mean of −log σ(r) where the answer is right, −log σ(−r) where not; σ(r) is the chance that it is
 * regression: loss = mean of (r − score)² / 2
 * </pre>
 */
public record OutcomeValue(
        @Setting(value = "bce", doc = "bce: of labels true and false; regression: of scores")
        OutcomeLoss lossType) implements ScoringMethod<Outcome> {
    /** Of labels. */
    public static final OutcomeValue DEFAULT = ConfigTree.defaults(OutcomeValue.class);

    @Override
    public String name() {
        return "reward-outcome";
    }

    @Override
    public String paper() {
        return "Cobbe et al., arXiv 2110.14168; Kimi k1.5, arXiv 2501.12599";
    }

    @Override
    public Head.Scores scores() {
        return Head.Scores.REWARD;
    }

    @Override
    public RecordCodec<Outcome> codec() {
        return Outcome.CODEC;
    }

    @Override
    public List<Outcome> encode(JsonNode row, RowEncoder encoder) {
        return Outcome.read(row, lossType == OutcomeLoss.BCE, encoder);
    }

    @Override
    public List<Span> spans(List<Outcome> batch) {
        return batch.stream().map(Outcome::span).toList();
    }

    @Override
    public Loss loss(Batch<Outcome> batch) {
        Loss loss = Loss.of(batch.policy());
        double share = batch.share();
        for (int i = 0; i < batch.size(); i++) {
            double reward = batch.policy().sum(i);
            double score = batch.examples().get(i).score();
            batch.meter().value("mean_reward", reward);
            if (lossType == OutcomeLoss.BCE) {
                double sign = score > 0 ? 1 : -1;
                loss.add(
                        -share * Sigmoids.logSigmoid(sign * reward),
                        i,
                        -share * sign * Sigmoids.sigmoid(-sign * reward));
                batch.meter().value("accuracy", sign * reward > 0 ? 1 : 0);
            } else {
                double error = reward - score;
                loss.add(share * error * error / 2, i, share * error);
                batch.meter().value("mean_absolute_error", Math.abs(error));
            }
        }
        return loss;
    }
}
