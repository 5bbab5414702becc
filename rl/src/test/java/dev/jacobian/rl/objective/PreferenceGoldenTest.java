// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.rl.objective.LossGoldens.Case;
import dev.jacobian.rl.reward.PreferenceFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Losses of preference models beside those of the general preference model's authors and of OpenRLHF, in double. */
class PreferenceGoldenTest {
    private static final double NEAR = 1e-10;

    @ParameterizedTest
    @MethodSource
    @DisplayName("the loss, and its gradient at both rewards or embeddings")
    void losses(Case one) {
        JsonNode chosen = one.input("chosen_reward");
        JsonNode rejected = one.input("reject_reward");
        PreferenceScoreLoss loss = one.has("init_tau")
                ? PreferenceScoreLoss.softplus(one.setting("init_tau"))
                : new PreferenceScoreLoss(one.setting("tau", 1));
        int pairs = chosen.size();
        double mean = 0;
        double won = 0;
        for (int i = 0; i < pairs; i++) {
            double[] a = vector(chosen.get(i));
            double[] b = vector(rejected.get(i));
            double margin = one.given("margin") ? one.input("margin").get(i).doubleValue() : 0;
            PreferenceScoreLoss.Point point = one.function().contains("Regression")
                    ? loss.regression(score(a, b), target(one, margin))
                    : loss.logistic(score(a, b), margin);
            mean += point.loss() / pairs;
            won += 1 / (1 + Math.exp(-(score(a, b) - margin) / loss.temperature())) / pairs;
            double[] byA = a.length == 1 ? new double[] {1} : PreferenceScoreLoss.turned(b);
            double[] byB = a.length == 1 ? new double[] {1} : PreferenceScoreLoss.turned(a);
            for (int k = 0; one.output("grad_chosen") != null && k < a.length; k++) {
                assertThat(point.byScore() * byA[k] / pairs)
                        .isCloseTo(vector(one.output("grad_chosen").get(i))[k], within(NEAR));
                assertThat(-point.byScore() * byB[k] / pairs)
                        .isCloseTo(vector(one.output("grad_rejected").get(i))[k], within(NEAR));
            }
        }
        JsonNode output = one.json().get("output");
        assertThat(mean).isCloseTo((output.isNumber() ? output : output.get("loss")).doubleValue(), within(1e-9));
        if (output.has("mean_probability")) {
            assertThat(won).isCloseTo(output.get("mean_probability").doubleValue(), within(NEAR));
        }
    }

    static Stream<Case> losses() {
        return LossGoldens.OTHERS.cases(
                "PairWiseLoss",
                "LogExpLoss",
                "GeneralPreferenceLoss",
                "GeneralPreferenceRegressionLoss",
                "HighDimGeneralPreferenceLoss",
                "HighDimGeneralPreferenceRegressionLoss",
                "GeneralPreferenceLearnableTauLoss");
    }

    /** The authors make a target of a margin in two ways: of embeddings in two dimensions, and of those in more. */
    private static double target(Case one, double margin) {
        double most = one.setting("target_margin");
        if (!one.given("margin")) {
            return most;
        }
        return one.has("value_head_dim") ? most * margin : most / 2 / (1 + Math.exp(-margin));
    }

    private static double score(double[] a, double[] b) {
        return a.length == 1 ? a[0] - b[0] : PreferenceFunction.score(a, b);
    }

    private static double[] vector(JsonNode value) {
        return value.isNumber() ? new double[] {value.doubleValue()} : LossGoldens.numbers(value);
    }

    @ParameterizedTest
    @MethodSource
    @DisplayName("scores of a general preference turn around with the pair, and nothing beats itself")
    void scores(Case one) {
        double[][] chosen = one.rows("chosen");
        double[][] rejected = one.rows("rejected");
        for (int i = 0; i < chosen.length; i++) {
            assertThat(PreferenceFunction.score(chosen[i], rejected[i]))
                    .isCloseTo(one.output("score").get(i).doubleValue(), within(1e-12));
            assertThat(PreferenceFunction.score(rejected[i], chosen[i]))
                    .isCloseTo(one.output("reversed").get(i).doubleValue(), within(1e-12));
            assertThat(PreferenceFunction.score(chosen[i], chosen[i])).isZero();
        }
    }

    static Stream<Case> scores() {
        return LossGoldens.OTHERS.cases("preference");
    }
}
