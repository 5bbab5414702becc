// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.LossGoldens;
import dev.jacobian.rl.objective.LossGoldens.Case;
import dev.jacobian.rl.objective.ObjectiveResult;
import dev.jacobian.rl.objective.SquaredLogRatio;
import dev.jacobian.rl.objective.TokenBatch;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The losses of SPPO's own trainer: its two squares are the objective that trains online, its others are those of pairs. */
class SppoGoldenTest {

    static Stream<Case> cases() {
        return LossGoldens.OTHERS.cases("sppo_loss");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void losses(Case one) {
        double[] chosen = logRatios(one, "chosen");
        double[] rejected = logRatios(one, "rejected");
        switch (one.text("loss_type")) {
            case "sppo", "sppo_single" -> squares(one, chosen, rejected);
            case "kto_pair" -> kahnemanTversky(one, chosen, rejected);
            default -> pairs(one, chosen, rejected);
        }
    }

    private static double[] logRatios(Case one, String side) {
        double[] policy = LossGoldens.numbers(one.input("policy_" + side + "_logps"));
        double[] reference = LossGoldens.numbers(one.input("reference_" + side + "_logps"));
        return IntStream.range(0, policy.length)
                .mapToDouble(i -> policy[i] - reference[i])
                .toArray();
    }

    /** Chosen and rejected are one sample each of {@link SquaredLogRatio#sppo}, a token long; the win rate less a half is the advantage. */
    private static void squares(Case one, double[] chosen, double[] rejected) {
        boolean single = one.text("loss_type").equals("sppo_single"); // one probability for both sides
        int pairs = chosen.length;
        double[] won = LossGoldens.numbers(one.input(single ? "chosen_probs" : "chosen_probs_win"));
        double[] lost = LossGoldens.numbers(one.input(single ? "chosen_probs" : "chosen_probs_lose"));
        float[] deltas = new float[2 * pairs];
        double[] advantages = new double[2 * pairs];
        for (int i = 0; i < pairs; i++) {
            deltas[i] = (float) chosen[i];
            deltas[pairs + i] = (float) rejected[i];
            advantages[i] = won[i] - 0.5;
            advantages[pairs + i] = single ? 0.5 - lost[i] : lost[i] - 0.5;
        }
        boolean[] all = new boolean[2 * pairs];
        Arrays.fill(all, true);
        TokenBatch batch = new TokenBatch(
                deltas,
                new float[2 * pairs],
                Optional.empty(),
                advantages,
                IntStream.rangeClosed(0, 2 * pairs).toArray(),
                all);
        ObjectiveResult result = SquaredLogRatio.sppo(1 / one.setting("beta"))
                .evaluate(batch, Aggregation.sequenceMeanTokenSum().normalizer(batch.lengths()));
        double mean = one.output("mean").doubleValue();
        assertThat(result.loss()).isCloseTo(mean, within(1e-6 * mean));
        double[] byChosen = LossGoldens.numbers(one.output("grad_policy_chosen_logps"));
        double[] byRejected = LossGoldens.numbers(one.output("grad_policy_rejected_logps"));
        for (int i = 0; i < pairs; i++) {
            assertThat((double) result.gradLogProbs()[i])
                    .isCloseTo(byChosen[i], within(1e-6 * Math.max(1, Math.abs(byChosen[i]))));
            assertThat((double) result.gradLogProbs()[pairs + i])
                    .isCloseTo(byRejected[i], within(1e-6 * Math.max(1, Math.abs(byRejected[i]))));
        }
    }

    /** Log-ratios of sums here, where DPO's own ipo has them per token; its label smoothing is what AOT calls so. */
    private static void pairs(Case one, double[] chosen, double[] rejected) {
        PreferenceLoss loss = switch (one.text("loss_type")) {
            case "sigmoid" -> PreferenceLoss.AOT;
            case "hinge" -> PreferenceLoss.HINGE;
            case "ipo" -> PreferenceLoss.IPO;
            default -> throw new IllegalStateException(one.toString());
        };
        Dpo settings = ConfigTree.with(
                ConfigTree.with(
                        ConfigTree.with(Dpo.DEFAULT, "loss_type", "aot"),
                        "label_smoothing",
                        one.setting("label_smoothing")),
                "beta",
                one.setting("beta"));
        double[] losses = LossGoldens.numbers(one.output("losses"));
        double[] byChosen = LossGoldens.numbers(one.output("grad_policy_chosen_logps"));
        double[] byRejected = LossGoldens.numbers(one.output("grad_policy_rejected_logps"));
        for (int i = 0; i < losses.length; i++) {
            PreferenceLoss.Point point = loss.at(chosen[i], rejected[i], settings);
            assertThat(point.value()).isCloseTo(losses[i], within(1e-12 * Math.max(1, losses[i])));
            assertThat(point.chosen() / losses.length).isCloseTo(byChosen[i], within(1e-10));
            assertThat(point.rejected() / losses.length).isCloseTo(byRejected[i], within(1e-10));
        }
    }

    /** Each side's point of reference is the other side's mean log-ratio, at least 0. */
    private static void kahnemanTversky(Case one, double[] chosen, double[] rejected) {
        Kto kto = ConfigTree.with(Kto.DEFAULT, "beta", one.setting("beta"));
        double ofChosen = Math.max(0, Arrays.stream(chosen).average().orElseThrow());
        double ofRejected = Math.max(0, Arrays.stream(rejected).average().orElseThrow());
        double[] losses = LossGoldens.numbers(one.output("losses"));
        double[] byChosen = LossGoldens.numbers(one.output("grad_policy_chosen_logps"));
        for (int i = 0; i < chosen.length; i++) {
            double liked = kto.gain(chosen[i], ofRejected, true);
            double disliked = kto.gain(rejected[i], ofChosen, false);
            assertThat(1 - Sigmoids.sigmoid(liked)).isCloseTo(losses[i], within(1e-12));
            assertThat(1 - Sigmoids.sigmoid(disliked)).isCloseTo(losses[chosen.length + i], within(1e-12));
            assertThat(-kto.beta() * Sigmoids.slope(liked) / losses.length).isCloseTo(byChosen[i], within(1e-12));
        }
    }
}
