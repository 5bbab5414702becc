// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requirePositive;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.learn.Reading;
import dev.jacobian.rl.objective.PreferenceScoreLoss;
import dev.jacobian.rl.reward.PreferenceFunction;
import dev.jacobian.transformer.plan.Head;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A general preference model (Zhang et al., arXiv 2410.02197): a sequence is a vector, and who is preferred is decided between two of them,
 * so that a circle of preferences can be learned, which no reward can say.
 *
 * <pre>
 * v    = the head's 2m numbers at a sequence's last token
 * s    = Σ_k (a_2k b_2k+1 − a_2k+1 b_2k)        s(a, b) = −s(b, a), s(a, a) = 0
 * loss = mean of −log σ((s(v_chosen, v_rejected) − margin) / τ)
 * </pre>
 */
public record GeneralPreference(
        @Setting(value = "2", doc = "2m: numbers of the head, an even number")
        int valueHeadDim,

        @Setting(value = "0.1", doc = "τ: what a score is divided by")
        double tau)
        implements OfflineMethod<RewardPair> {
    /** The authors'. */
    public static final GeneralPreference DEFAULT = ConfigTree.defaults(GeneralPreference.class);

    public GeneralPreference {
        require(
                valueHeadDim >= 2 && valueHeadDim % 2 == 0 && valueHeadDim <= Head.MAX_LABELS,
                "value_head_dim must be an even number of at least 2, got " + valueHeadDim);
        requirePositive("tau", tau);
    }

    @Override
    public String name() {
        return "reward-preference";
    }

    @Override
    public String paper() {
        return "Zhang et al., arXiv 2410.02197";
    }

    @Override
    public Map<String, Object> defaults() {
        return BradleyTerry.DEFAULT.defaults();
    }

    @Override
    public Optional<Head.Scores> head() {
        return Optional.of(new Head.Scores(valueHeadDim, false));
    }

    @Override
    public Reading reading() {
        return new Reading.Scores(valueHeadDim);
    }

    @Override
    public List<RewardPair> encode(JsonNode row, RowEncoder encoder) {
        return RewardPair.read(row, encoder);
    }

    @Override
    public List<Span> spans(List<RewardPair> batch) {
        return RewardPair.spans(batch);
    }

    @Override
    public long tokens(RewardPair example) {
        return example.tokens();
    }

    @Override
    public Loss loss(Batch<RewardPair> batch) {
        Loss loss = Loss.of(batch.policy());
        PreferenceScoreLoss form = new PreferenceScoreLoss(tau);
        double share = 1.0 / ((double) batch.size() * batch.window().microBatches());
        for (int i = 0; i < batch.size(); i++) {
            int span = RewardPair.chosenOf(i);
            double[] chosen = vector(batch.policy(), span);
            double[] rejected = vector(batch.policy(), span + 1);
            double score = PreferenceFunction.score(chosen, rejected);
            PreferenceScoreLoss.Point point =
                    form.logistic(score, batch.examples().get(i).margin());
            loss.add(share * point.loss());
            double[] byChosen = PreferenceScoreLoss.turned(rejected);
            double[] byRejected = PreferenceScoreLoss.turned(chosen); // negated
            for (int k = 0; k < valueHeadDim; k++) {
                loss.slope(batch.policy().from(span) + k, share * point.byScore() * byChosen[k]);
                loss.slope(batch.policy().from(span + 1) + k, -share * point.byScore() * byRejected[k]);
            }
            batch.meter().value("accuracy", score > 0 ? 1 : 0);
            batch.meter().value("margin", score);
        }
        return loss;
    }

    private static double[] vector(SpanScores scores, int span) {
        float[] numbers = scores.numbers(span);
        return IntStream.range(0, numbers.length).mapToDouble(k -> numbers[k]).toArray();
    }
}
