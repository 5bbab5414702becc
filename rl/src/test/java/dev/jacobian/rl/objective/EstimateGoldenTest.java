// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.rl.objective.LossGoldens.Case;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What stands beside the policy's losses, next to verl's and OpenRLHF's: divisors, divergences, values, a coefficient that adapts. */
class EstimateGoldenTest {
    @ParameterizedTest
    @MethodSource
    @DisplayName("the weights of all aggregations, with totals of the batch or of a larger one")
    void aggregations(Case one) {
        double[][] losses = one.rows("loss_mat");
        boolean[][] mask = one.mask("loss_mask");
        int rows = 0;
        int tokens = 0;
        for (double[] row : LossGoldens.counted(losses, mask)) {
            rows += row.length > 0 ? 1 : 0; // verl counts no others; a normalizer is told how many there are
            tokens += row.length;
        }
        Aggregation aggregation = aggregation(one.text("loss_agg_mode"), (int) one.setting("loss_scale_factor", 6));
        Normalizer normalizer = new Normalizer(aggregation, (int) one.setting("global_batch_size", rows), (int)
                one.setting("batch_num_tokens", tokens));
        double loss = 0;
        for (double[] row : LossGoldens.counted(losses, mask)) {
            loss += normalizer.weight(row.length) * Arrays.stream(row).sum();
        }
        // verl's gradients are averaged over data-parallel ranks afterwards
        assertThat(loss * one.setting("dp_size", 1))
                .isCloseTo(one.json().get("output").doubleValue(), within(1e-8));
    }

    static Stream<Case> aggregations() {
        return LossGoldens.VERL.cases("agg_loss");
    }

    static Aggregation aggregation(String mode, int width) {
        return switch (mode) {
            case "token-mean" -> Aggregation.tokenMean();
            case "token-sum" -> Aggregation.tokenSum();
            case "seq-mean-token-sum" -> Aggregation.sequenceMeanTokenSum();
            case "seq-mean-token-mean" -> Aggregation.sequenceMeanTokenMean();
            case "seq-mean-token-sum-norm" -> Aggregation.constant(width);
            default -> throw new IllegalStateException(mode);
        };
    }

    @ParameterizedTest
    @MethodSource
    @DisplayName("estimators of a divergence, with those whose gradient is another's")
    void divergences(Case one) {
        boolean verl = one.has("kl_penalty");
        // verl clamps what it calls k3
        KlEstimator estimator = switch (one.text(verl ? "kl_penalty" : "kl_estimator")) {
            case "k1" -> KlEstimator.K1;
            case "abs" -> KlEstimator.ABS;
            case "k2" -> KlEstimator.K2;
            case "k3" -> verl ? KlEstimator.LOW_VAR_KL : KlEstimator.K3;
            case "low_var_kl" -> KlEstimator.LOW_VAR_KL;
            case "k1+" -> KlEstimator.K1_PLUS;
            case "k3+" -> KlEstimator.K3_PLUS;
            default -> throw new IllegalStateException(one.toString());
        };
        double[] now = LossGoldens.flat(one.rows(verl ? "logprob" : "log_probs"));
        double[] reference = LossGoldens.flat(one.rows(verl ? "ref_logprob" : "log_probs_base"));
        double[] values = LossGoldens.flat(
                LossGoldens.rows(verl ? one.output("value") : one.json().get("output")));
        for (int t = 0; t < now.length; t++) {
            assertThat(estimator.value(now[t] - reference[t])).isCloseTo(values[t], within(1e-12));
            if (verl) {
                double slope = LossGoldens.flat(LossGoldens.rows(one.output("grad_logprob_of_sum")))[t];
                assertThat(estimator.derivative(now[t] - reference[t])).isCloseTo(slope, within(1e-12));
            }
        }
    }

    static Stream<Case> divergences() {
        return Stream.concat(LossGoldens.VERL.cases("kl_penalty"), LossGoldens.OTHERS.cases("compute_approx_kl"));
    }

    @Test
    @DisplayName("no gradient where the estimate is clamped")
    void clampedDivergence() {
        assertThat(KlEstimator.LOW_VAR_KL.value(-3)).isEqualTo(10);
        assertThat(KlEstimator.LOW_VAR_KL.derivative(-3)).isZero();
        assertThat(KlEstimator.LOW_VAR_KL.value(30)).isEqualTo(10);
        assertThat(KlEstimator.LOW_VAR_KL.derivative(30)).isZero();
        assertThat(KlEstimator.LOW_VAR_KL.value(0.5)).isEqualTo(KlEstimator.K3.value(0.5));
    }

    @ParameterizedTest
    @MethodSource
    @DisplayName("the loss of values, clipped or not, and its gradient")
    void values(Case one) {
        boolean verl = one.has("cliprange_value");
        double[][] predictions = one.rows(verl ? "vpreds" : "values");
        boolean[][] mask = one.mask(verl ? "response_mask" : "action_mask");
        int width = predictions[0].length;
        int[] offsets = new int[predictions.length + 1];
        Arrays.setAll(offsets, s -> s * width);
        boolean[] counts = new boolean[predictions.length * width];
        int tokens = 0;
        for (int t = 0; t < counts.length; t++) {
            counts[t] = mask[t / width][t % width];
            tokens += counts[t] ? 1 : 0;
        }
        double range = verl ? one.setting("cliprange_value") : one.setting("clip_eps", Double.POSITIVE_INFINITY);
        ValueLoss.Result result = new ValueLoss(range)
                .evaluate(
                        LossGoldens.floats(predictions),
                        LossGoldens.floats(one.rows(verl ? "values" : "old_values")),
                        LossGoldens.flat(one.rows("returns")),
                        offsets,
                        counts,
                        new Normalizer(Aggregation.tokenMean(), predictions.length, tokens));
        assertThat(result.loss()).isCloseTo(one.output("loss").doubleValue(), within(1e-6));
        double[] expected = LossGoldens.flat(LossGoldens.rows(one.output(verl ? "grad_vpreds" : "grad_values")));
        for (int t = 0; t < expected.length; t++) {
            assertThat((double) result.gradient()[t]).isCloseTo(expected[t], within(1e-7));
        }
        if (verl) {
            assertThat((double) result.clipped() / tokens)
                    .isCloseTo(one.output("clipfrac").doubleValue(), within(1e-7));
        }
    }

    static Stream<Case> values() {
        return Stream.concat(LossGoldens.VERL.cases("value_loss"), LossGoldens.OTHERS.cases("ValueLoss"));
    }

    @ParameterizedTest
    @MethodSource
    @DisplayName("a coefficient that adapts, step after step")
    void adaptive(Case one) {
        AdaptiveKl control = new AdaptiveKl(one.setting("target_kl"), one.setting("horizon"));
        double coefficient = one.setting("init_kl_coef");
        for (JsonNode step : one.json().get("output")) {
            coefficient = control.next(
                    coefficient,
                    step.get("current_kl").doubleValue(),
                    step.get("n_steps").longValue());
            assertThat(coefficient).isCloseTo(step.get("value").doubleValue(), within(1e-15));
        }
    }

    static Stream<Case> adaptive() {
        return LossGoldens.VERL.cases("adaptive_kl_controller");
    }
}
