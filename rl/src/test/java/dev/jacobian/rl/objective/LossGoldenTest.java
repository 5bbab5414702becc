// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.rl.objective.LossGoldens.Case;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Policy losses beside verl's and OpenRLHF's of the same name, value and gradient. They were computed in double; a batch here holds
 * log-probabilities in float, as models give them, which is what the tolerances are for.
 */
class LossGoldenTest {
    private static final double VALUE = 2e-6;
    private static final double GRADIENT = 2e-7;

    @ParameterizedTest
    @MethodSource
    void verl(Case one) {
        TokenBatch batch = verlBatch(one);
        boolean mean = one.function().endsWith("geo_mean"); // over all rows, those without tokens too
        check(one, objective(one), weighted(one, batch), normalizer(one, batch, mean), "grad_log_prob");
    }

    static Stream<Case> verl() {
        return LossGoldens.VERL.cases("policy_loss");
    }

    private static TokenBatch verlBatch(Case one) {
        double[][] now = one.rows("log_prob");
        double[][] old = one.rows(one.given("old_log_prob") ? "old_log_prob" : "rollout_log_prob");
        TokenBatch batch = batch(now, old, one.rows("advantages"), one.mask("response_mask"));
        return one.given("rollout_is_weights")
                ? batch.withWeights(LossGoldens.flat(one.rows("rollout_is_weights")))
                : batch;
    }

    private static TokenBatch weighted(Case one, TokenBatch batch) {
        if (!one.function().endsWith("clip_cov")) {
            return batch;
        }
        double[] weights = new ClipCovariance(
                        one.setting("clip_cov_ratio"),
                        one.setting("clip_cov_lb"),
                        one.setting("clip_cov_ub"),
                        new ClippedSurrogate(low(one), high(one)))
                .weights(batch);
        for (int t = 0; t < weights.length; t++) {
            weights[t] *= batch.weight(t);
        }
        return batch.withWeights(weights);
    }

    private static ClippedSurrogate twoSided(double low, double high, double delta) {
        return new ClippedSurrogate(low, high, KlPenalty.NONE, RatioLevel.TOKEN, OptionalDouble.of(delta));
    }

    private static double low(Case one) {
        return one.setting("clip_ratio_low", one.setting("clip_ratio", 0));
    }

    private static double high(Case one) {
        return one.setting("clip_ratio_high", one.setting("clip_ratio", 0));
    }

    private static PolicyObjective objective(Case one) {
        double low = low(one);
        double high = high(one);
        return switch (one.function().substring("policy_loss ".length())) {
            case "vanilla" -> twoSided(low, high, one.setting("clip_ratio_c"));
            case "dppo_tv" ->
                new TokenObjective(
                        new DivergenceMask(DivergenceMask.Divergence.TV, low, high, one.setting("clip_ratio_c")));
            case "dppo_kl" ->
                new TokenObjective(
                        new DivergenceMask(DivergenceMask.Divergence.KL, low, high, one.setting("clip_ratio_c")));
            case "gspo" -> new TokenwiseSequenceRatio(low, high, KlPenalty.NONE);
            case "sapo" ->
                new SoftGate(one.setting("tau_pos"), one.setting("tau_neg"), KlPenalty.NONE, RatioLevel.TOKEN);
            case "gpg", "reinforce" -> new Reinforce();
            case "clip_cov" -> new ClippedSurrogate(low, high);
            case "kl_cov" -> new CovariancePenalty(one.setting("kl_cov_ratio"), one.setting("ppo_kl_coef"));
            case "geo_mean" -> new GeometricMean(low, high);
            case "dro" -> SquaredLogRatio.dro(one.setting("dro_beta"));
            case "cispo" -> new TokenObjective(new ClippedImportance(low, high));
            default -> throw new IllegalStateException(one.function());
        };
    }

    private static Normalizer normalizer(Case one, TokenBatch batch, boolean allRows) {
        String mode = one.has("loss_agg_mode") ? one.text("loss_agg_mode") : "token-mean";
        if (one.function().endsWith("gspo")
                || one.function().endsWith("sapo")
                || one.function().endsWith("geo_mean")) {
            mode = "seq-mean-token-mean";
        }
        long rows = Arrays.stream(batch.lengths())
                .filter(length -> length > 0 || allRows)
                .count();
        return new Normalizer(
                EstimateGoldenTest.aggregation(mode, 6),
                rows,
                Arrays.stream(batch.lengths()).sum());
    }

    @ParameterizedTest
    @MethodSource
    void openRlhf(Case one) {
        boolean[][] mask = one.mask("action_mask");
        TokenBatch batch = batch(one.rows("log_probs"), one.rows("old_log_probs"), one.rows("advantages"), mask)
                .withRollout(LossGoldens.floats(one.rows("rollout_log_probs")));
        double low = one.setting("clip_eps_low", 0.2);
        double high = one.setting("clip_eps_high", 0.2);
        boolean sequences = one.has("policy_loss_type");
        ClippedSurrogate clipped = new ClippedSurrogate(low, high);
        PolicyObjective objective = sequences
                ? new TokenwiseSequenceRatio(low, high, KlPenalty.NONE)
                : one.has("dual_clip") ? twoSided(low, high, one.setting("dual_clip")) : clipped;
        boolean perSequence = sequences || one.has("token_level_loss");
        if (one.has("vllm_is_correction_type")) {
            batch = batch.withWeights(correction(one).weights(batch));
        }
        Aggregation aggregation = perSequence ? Aggregation.sequenceMeanTokenMean() : Aggregation.tokenMean();
        check(one, objective, batch, aggregation.normalizer(batch.lengths()), "grad_log_probs");
    }

    private static TokenWeighting correction(Case one) {
        double[] bounds = LossGoldens.numbers(one.json().get("settings").get("vllm_is_truncated_threshold"));
        return switch (one.text("vllm_is_correction_type")) {
            case "tis" -> tokens(SamplingCorrection.Outside.TRUNCATE, bounds[0], bounds[1]);
            case "icepop" -> tokens(SamplingCorrection.Outside.MASK, bounds[0], bounds[1]);
            // π_old/π_rollout of the sequence within the bounds; the mask is told of π_rollout/π_old
            case "seq-mask-tis" ->
                tokens(SamplingCorrection.Outside.TRUNCATE, 0, Double.POSITIVE_INFINITY)
                        .and(RejectionMask.between(RejectionMask.Over.MEAN, 1 / bounds[1], 1 / bounds[0]));
            default -> throw new IllegalStateException(one.toString());
        };
    }

    private static SamplingCorrection tokens(SamplingCorrection.Outside outside, double low, double high) {
        return new SamplingCorrection(SamplingCorrection.Level.TOKEN, outside, low, high);
    }

    static Stream<Case> openRlhf() {
        return LossGoldens.OTHERS.cases("PolicyLoss");
    }

    @ParameterizedTest
    @MethodSource
    @DisplayName("weights of samples that another engine drew, truncated, of tokens and of sequences")
    void importanceWeights(Case one) {
        SamplingCorrection.Level level = one.text("rollout_is").equals("token")
                ? SamplingCorrection.Level.TOKEN
                : SamplingCorrection.Level.SEQUENCE;
        TokenBatch batch = rollout(one);
        double[] weights = new SamplingCorrection(
                        level, SamplingCorrection.Outside.TRUNCATE, 0, one.setting("rollout_is_threshold"))
                .weights(batch);
        double[] expected = LossGoldens.flat(LossGoldens.rows(one.output("weights")));
        for (int t = 0; t < expected.length; t++) {
            assertThat(batch.mask()[t] ? weights[t] : 0).isCloseTo(expected[t], within(2e-6));
        }
    }

    static Stream<Case> importanceWeights() {
        return LossGoldens.VERL.cases("rollout_is_weights");
    }

    @ParameterizedTest
    @MethodSource
    @DisplayName("what is left out because sampler and learner disagree")
    void rejections(Case one) {
        String kind = one.text("rollout_rs");
        RejectionMask.Over over = switch (kind.substring(0, kind.length() - "_k1".length())) {
            case "token" -> RejectionMask.Over.TOKEN;
            case "seq_mean" -> RejectionMask.Over.MEAN;
            case "seq_sum" -> RejectionMask.Over.SUM;
            case "seq_max" -> RejectionMask.Over.MAX;
            default -> throw new IllegalStateException(kind);
        };
        double[] bounds = Arrays.stream(one.text("rollout_rs_threshold").split("_"))
                .mapToDouble(Double::parseDouble)
                .toArray();
        RejectionMask mask = kind.endsWith("k1")
                ? RejectionMask.between(over, bounds[0], bounds[1])
                : RejectionMask.upTo(KlEstimator.K3, over, bounds[0]);
        TokenBatch batch = rollout(one);
        double[] weights = mask.weights(batch);
        double[] expected = LossGoldens.flat(LossGoldens.rows(one.output("mask")));
        for (int t = 0; t < expected.length; t++) {
            assertThat(batch.mask()[t] ? weights[t] : 0).as("token %d", t).isEqualTo(expected[t]);
        }
    }

    static Stream<Case> rejections() {
        return LossGoldens.VERL.cases("rollout_rejection_mask");
    }

    /** What the corrections see: the old policy and the sampler. */
    private static TokenBatch rollout(Case one) {
        double[][] old = LossGoldens.rows(LossGoldens.VERL.named("old_log_prob"));
        double[][] sampled = LossGoldens.rows(LossGoldens.VERL.named("rollout_log_prob"));
        return batch(old, old, old, one.mask("response_mask")).withRollout(LossGoldens.floats(sampled));
    }

    private static void check(
            Case one, PolicyObjective objective, TokenBatch batch, Normalizer normalizer, String gradient) {
        ObjectiveResult result = objective.evaluate(batch, normalizer);
        assertThat(result.loss())
                .as("loss of %s", one)
                .isCloseTo(one.output("loss").doubleValue(), within(VALUE));
        double[] expected = LossGoldens.flat(LossGoldens.rows(one.output(gradient)));
        double[] actual = new double[expected.length];
        Arrays.setAll(actual, t -> result.gradLogProbs()[t]);
        if (one.has("policy_loss_type")) {
            shareWithinSequences(actual, batch);
        }
        for (int t = 0; t < expected.length; t++) {
            assertThat(actual[t])
                    .as("%s, gradient of row %d, token %d", one, t / 6, t % 6)
                    .isCloseTo(expected[t], within(GRADIENT));
        }
    }

    /**
     * OpenRLHF lets the gradient of a sequence's ratio through to every token that it is a mean of, each with 1/l; the token-wise form keeps
     * each term at its token. Values are the same, and so are the sums over a sequence.
     */
    private static void shareWithinSequences(double[] gradient, TokenBatch batch) {
        for (int s = 0; s < batch.sequences(); s++) {
            double mean = Arrays.stream(gradient, batch.start(s), batch.end(s)).sum() / Math.max(1, batch.length(s));
            for (int t = batch.start(s); t < batch.end(s); t++) {
                gradient[t] = batch.mask()[t] ? mean : 0;
            }
        }
    }

    /** Rows as sequences of their own, holes and padding masked. */
    private static TokenBatch batch(double[][] now, double[][] old, double[][] advantages, boolean[][] mask) {
        int[] offsets = new int[now.length + 1];
        Arrays.setAll(offsets, s -> s * now[0].length);
        boolean[] counts = new boolean[now.length * now[0].length];
        for (int t = 0; t < counts.length; t++) {
            counts[t] = mask[t / now[0].length][t % now[0].length];
        }
        return new TokenBatch(
                LossGoldens.floats(now),
                LossGoldens.floats(old),
                Optional.empty(),
                LossGoldens.flat(advantages),
                offsets,
                counts);
    }
}
