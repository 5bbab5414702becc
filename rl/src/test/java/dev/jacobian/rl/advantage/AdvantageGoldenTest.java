// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.rl.objective.KlEstimator;
import dev.jacobian.rl.objective.LossGoldens;
import dev.jacobian.rl.objective.LossGoldens.Case;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every estimator beside verl's and LMOps' of the same name, in double, at the tokens that count. */
class AdvantageGoldenTest {
    // verl adds 1e-8 to the numbers that it divides by.
    private static final double NEAR = 1e-7;

    static Stream<Case> outcomes() {
        return LossGoldens.VERL.cases(
                "grpo",
                "grpo_vectorized",
                "rloo",
                "rloo_vectorized",
                "reinforce_plus_plus_baseline",
                "opo",
                "gpg",
                "grpo_passk",
                "gdpo",
                "reinforce_plus_plus",
                "remax");
    }

    @ParameterizedTest
    @MethodSource("outcomes")
    void ofRewards(Case one) {
        check(one, estimate(one, estimator(one)));
    }

    private static AdvantageEstimator estimator(Case one) {
        MeanBaseline mean = new MeanBaseline();
        return switch (one.function()) {
            case "grpo", "grpo_vectorized" -> {
                boolean scaled = one.json()
                        .get("settings")
                        .get("norm_adv_by_std_in_grpo")
                        .booleanValue();
                yield new LonelyReward(scaled ? new GroupNormalized(1e-6) : mean);
            }
            case "rloo" -> new LonelyReward(new LeaveOneOut());
            case "rloo_vectorized" -> new LeaveOneOut();
            case "reinforce_plus_plus_baseline" -> new BatchWhitened(new LonelyReward(mean));
            case "opo" -> new LonelyReward(new LengthWeightedBaseline());
            case "gpg" -> new NonZeroScaling(new LonelyReward(mean), one.setting("f_norm"));
            case "grpo_passk" ->
                new BestOfGroup(
                        one.json()
                                .get("settings")
                                .get("norm_adv_by_std_in_grpo")
                                .booleanValue(),
                        1e-6);
            case "gdpo (one reward)" -> new BatchWhitened(new LonelyReward(new GroupNormalized(1e-6)));
            case "reinforce_plus_plus" -> new BatchWhitened(new RewardToGo(one.setting("gamma")));
            case "remax" -> new RewardToGo(1);
            default -> throw new IllegalStateException(one.function());
        };
    }

    @ParameterizedTest
    @MethodSource
    void remax(Case one) {
        boolean[][] mask = mask(one);
        double[][] counted = LossGoldens.counted(one.rows("token_level_rewards"), mask);
        double[] greedy = LossGoldens.numbers(one.input("reward_baselines"));
        double[][] all = new double[counted.length][];
        for (int i = 0; i < all.length; i++) {
            GroupRewards alone = new GroupRewards(
                            new double[] {Arrays.stream(counted[i]).sum()},
                            new int[] {counted[i].length},
                            Optional.of(new double[][] {counted[i]}))
                    .withExtra(new double[] {greedy[i]});
            all[i] = new GreedyBaseline().advantages(List.of(alone)).getFirst().ofSample(0, counted[i].length);
        }
        check(one, all);
    }

    static Stream<Case> remax() {
        return LossGoldens.VERL.cases("remax");
    }

    @ParameterizedTest
    @MethodSource
    @DisplayName("rewards of whole completions, clipped, less a penalty for each token: OpenRLHF's compute_reward")
    void penalizedRewards(Case one) {
        boolean[][] mask = one.mask("action_mask");
        double[][] now = LossGoldens.rows(LossGoldens.OTHERS.named("log_prob"));
        double[][] reference = LossGoldens.rows(LossGoldens.OTHERS.named("ref_log_prob"));
        double[] rewards = LossGoldens.numbers(one.input("r"));
        double[] range = LossGoldens.numbers(one.json().get("settings").get("reward_clip_range"));
        TokenKl penalty = new TokenKl(one.setting("kl_coef"), KlEstimator.K1);
        double[][] expected = LossGoldens.rows(one.json().get("output"));
        for (int i = 0; i < rewards.length; i++) {
            float[][] old = {LossGoldens.floats(LossGoldens.counted(new double[][] {now[i]}, new boolean[][] {mask[i]}))
            };
            float[][] ref = {
                LossGoldens.floats(LossGoldens.counted(new double[][] {reference[i]}, new boolean[][] {mask[i]}))
            };
            double clipped = Math.clamp(rewards[i], range[0], range[1]);
            GroupRewards group = new GroupRewards(
                    new double[] {clipped},
                    new int[] {old[0].length},
                    Optional.empty(),
                    List.of(),
                    Optional.of(PolicyViews.sampled(old).withRef(ref)),
                    new double[0]);
            double[] counted = LossGoldens.counted(new double[][] {expected[i]}, new boolean[][] {mask[i]})[0];
            assertThat(penalty.taken(group).tokenRewards(0)).containsExactly(counted, within(NEAR));
        }
    }

    static Stream<Case> penalizedRewards() {
        return LossGoldens.OTHERS.cases("compute_reward");
    }

    @ParameterizedTest
    @MethodSource
    void opoAsItsAuthorsRunIt(Case one) {
        GroupEstimator normalized = new GroupNormalized(one.setting("epsilon"));
        check(
                one,
                estimate(
                        one,
                        switch (one.text("value_baseline")) {
                            case "optimal" -> new LengthWeightedBaseline();
                            case "optimal_batch" -> new WholeBatch(new LengthWeightedBaseline());
                            case "grpo" -> normalized;
                            case "reinforce_plus_plus" -> new WholeBatch(normalized);
                            default -> throw new IllegalStateException(one.toString());
                        }));
    }

    static Stream<Case> opoAsItsAuthorsRunIt() {
        return LossGoldens.OTHERS.cases("compute_opo_outcome_advantage");
    }

    @ParameterizedTest
    @MethodSource
    void generalizedAdvantages(Case one) {
        boolean[][] mask = mask(one);
        double[][] rewards = LossGoldens.counted(one.rows("token_level_rewards"), mask);
        double[][] values = LossGoldens.counted(one.rows("values"), mask);
        GeneralizedAdvantage gae = new GeneralizedAdvantage(one.setting("gamma"), one.setting("lam"));
        double[][] advantages = new double[rewards.length][];
        double[][] returns = new double[rewards.length][];
        for (int i = 0; i < rewards.length; i++) {
            GeneralizedAdvantage.Estimate estimate = gae.of(rewards[i], values[i]);
            advantages[i] = estimate.advantages();
            returns[i] = estimate.returns();
        }
        check(one, "advantages", Whitening.of(advantages, true));
        check(one, "returns", returns);
    }

    static Stream<Case> generalizedAdvantages() {
        return LossGoldens.VERL.cases("gae");
    }

    @Test
    void generalizedAdvantagesOfThreeTokens() {
        double[] advantages = new GeneralizedAdvantage(1, 0.95)
                .of(new double[] {0, 0, 1}, new double[] {.2, .4, .7})
                .advantages();
        assertThat(advantages).containsExactly(new double[] {0.75575, 0.585, 0.3}, within(1e-12));
    }

    @ParameterizedTest
    @MethodSource
    void optimalTokenBaselines(Case one) {
        boolean[][] mask = mask(one);
        boolean compressed = one.function().startsWith("tir"); // samples' chosen tokens compared by number
        double[][] rewards = one.rows("token_level_rewards");
        double[][] norms = squaredNorms(one);
        double[][] all = new double[rewards.length][];
        for (int[] group : groups(one)) {
            double[][] earned = Arrays.stream(group).mapToObj(i -> rewards[i]).toArray(double[][]::new);
            double[][] measured = Arrays.stream(group).mapToObj(i -> norms[i]).toArray(double[][]::new);
            boolean[][] counts = Arrays.stream(group).mapToObj(i -> mask[i]).toArray(boolean[][]::new);
            double[][] advantages = compressed
                    ? OptimalTokenBaseline.advantages(
                            LossGoldens.counted(earned, counts), LossGoldens.counted(measured, counts), allTrue(counts))
                    : LossGoldens.counted(OptimalTokenBaseline.advantages(earned, measured, counts), counts);
            for (int i = 0; i < group.length; i++) {
                all[group[i]] = advantages[i];
            }
        }
        check(one, "advantages", all);
    }

    static Stream<Case> optimalTokenBaselines() {
        return LossGoldens.VERL.cases("optimal_token_baseline", "tir_optimal_token_baseline");
    }

    private static double[][] squaredNorms(Case one) {
        double[][] logProbs = one.rows("old_log_probs");
        double[][] squares = one.rows("sum_pi_squared");
        double[][] norms = new double[logProbs.length][logProbs[0].length];
        for (int i = 0; i < norms.length; i++) {
            for (int t = 0; t < norms[i].length; t++) {
                double weight = one.given("rollout_is_weights") ? one.rows("rollout_is_weights")[i][t] : 1;
                norms[i][t] = OptimalTokenBaseline.squaredNorm(logProbs[i][t], squares[i][t]) * weight * weight;
            }
        }
        return norms;
    }

    private static boolean[][] allTrue(boolean[][] mask) {
        boolean[][] all = new boolean[mask.length][];
        for (int i = 0; i < mask.length; i++) {
            int count = 0;
            for (boolean counts : mask[i]) {
                count += counts ? 1 : 0;
            }
            all[i] = new boolean[count];
            Arrays.fill(all[i], true);
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource
    void whitening(Case one) {
        boolean[][] mask = one.mask("mask");
        double[][] whitened = Whitening.of(
                LossGoldens.counted(one.rows("values"), mask),
                one.json().get("settings").get("shift_mean").booleanValue());
        compare(one, LossGoldens.rows(one.json().get("output")), mask, whitened);
    }

    static Stream<Case> whitening() {
        return LossGoldens.VERL.cases("masked_whiten");
    }

    private static boolean[][] mask(Case one) {
        return one.mask(one.given("eos_mask") ? "eos_mask" : "response_mask");
    }

    /** The rows of each prompt. */
    private static List<int[]> groups(Case one) {
        double[] index = one.given("index")
                ? LossGoldens.numbers(one.input("index"))
                : IntStream.range(0, one.rows("token_level_rewards").length)
                        .asDoubleStream()
                        .toArray();
        return Arrays.stream(index)
                .distinct()
                .mapToObj(prompt -> IntStream.range(0, index.length)
                        .filter(i -> index[i] == prompt)
                        .toArray())
                .toList();
    }

    /** [rows][counted tokens]. */
    private static double[][] estimate(Case one, AdvantageEstimator estimator) {
        boolean[][] mask = mask(one);
        double[][] rewards = one.rows("token_level_rewards");
        double[][] counted = LossGoldens.counted(rewards, mask);
        List<int[]> groups = groups(one);
        List<GroupRewards> batch = groups.stream()
                .map(rows -> {
                    double[] sums = Arrays.stream(rows)
                            .mapToDouble(i -> Arrays.stream(rewards[i]).sum())
                            .toArray();
                    double[][] earned =
                            Arrays.stream(rows).mapToObj(i -> counted[i]).toArray(double[][]::new);
                    int[] lengths =
                            Arrays.stream(earned).mapToInt(row -> row.length).toArray();
                    return new GroupRewards(sums, lengths, Optional.of(earned));
                })
                .toList();
        List<GroupAdvantages> advantages = estimator.advantages(batch);
        double[][] all = new double[rewards.length][];
        for (int g = 0; g < groups.size(); g++) {
            for (int i = 0; i < groups.get(g).length; i++) {
                int row = groups.get(g)[i];
                all[row] = advantages.get(g).ofSample(i, counted[row].length);
                if (one.given("reward_baselines")) {
                    double baseline = LossGoldens.numbers(one.input("reward_baselines"))[row];
                    all[row] = Arrays.stream(all[row]).map(a -> a - baseline).toArray();
                }
            }
        }
        return all;
    }

    private static void check(Case one, double[][] actual) {
        check(one, "advantages", actual);
    }

    private static void check(Case one, String output, double[][] actual) {
        compare(one, LossGoldens.rows(one.output(output)), mask(one), actual);
    }

    private static void compare(Case one, double[][] expected, boolean[][] mask, double[][] actual) {
        double[][] counted = LossGoldens.counted(expected, mask);
        for (int i = 0; i < counted.length; i++) {
            assertThat(actual[i]).as("%s, row %d", one, i).containsExactly(counted[i], within(NEAR));
        }
    }
}
