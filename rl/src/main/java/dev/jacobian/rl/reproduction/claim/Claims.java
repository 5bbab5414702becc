// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.reproduction.Claim;
import dev.jacobian.rl.reproduction.Experiment;
import dev.jacobian.rl.reproduction.rig.Budget;
import dev.jacobian.rl.reproduction.rig.TinyModel;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * All claims: what needs no training first, then the rest in the order of the paper-like table. A claim's full settings are what a verdict is
 * published of; minutes are of one seed, from the processor
 * time of what was measured and the number of arms of what was not.
 */
public final class Claims {
    private static final TinyModel QUICK = Policies.quick(Policies.SLIPPING);
    private static final TinyModel QUICK_MIXED = Policies.quick(Policies.MIXED);

    private static final List<Experiment> ALL = List.of(
            of(new BaselineVariance(Policies.SLIPPING, 20, 256), new BaselineVariance(QUICK, 6, 16), 0.3),
            of(new LogPartition(16, 16, 0.1, 1, 20_000), new LogPartition(2, 4, 0.1, 1, 2000), 0.1),
            of(new CyclicPreference(200, 16, 32), new CyclicPreference(10, 4, 8), 0.1),
            of(
                    new SelfPlayGradient(Policies.SLIPPING, 16, 8, 1000, 10),
                    new SelfPlayGradient(QUICK, 16, 8, 1000, 2),
                    0.2),
            of(new PrefixSharing(64, 2, 192, 32, 8, 10), new PrefixSharing(16, 1, 48, 8, 4, 2), 0.1),
            of(new TestFilters(1000, 50, 0.1, 0.3), new TestFilters(50, 20, 0.1, 0.3), 0.1),
            of(
                    new DifficultyBias(Policies.GUESSING, 6, 400, 8, 32),
                    new DifficultyBias(Policies.quick(Policies.GUESSING), 6, 40, 8, 8),
                    0.2),
            of(
                    new MajorityVoting(Policies.SLIPPING, Budget.USUAL, 3, 6, 200, 32),
                    new MajorityVoting(QUICK, Budget.QUICK, 3, 6, 8, 4),
                    0.2),
            of(
                    new GuessFilter(Policies.GUESSING, 600, 8),
                    new GuessFilter(Policies.quick(Policies.GUESSING), 20, 4),
                    0.2),
            of(new RewardModelKinds(64, 3, 6, 600, 64, 500), new RewardModelKinds(16, 3, 4, 8, 8, 8), 0.5),
            of(new ExactOnPolicy(Policies.SLIPPING, Budget.USUAL, 4), new ExactOnPolicy(QUICK, Budget.QUICK, 2), 0.3),
            of(
                    new OptimalBaseline(Policies.SLIPPING, Budget.USUAL.tries(16)),
                    new OptimalBaseline(QUICK, Budget.QUICK),
                    0.3),
            of(
                    new NegativeGradients(Policies.SLIPPING, Budget.SEVERAL, 0.1, Budget.UPDATES),
                    new NegativeGradients(QUICK, Budget.QUICK, 0.1, 2),
                    0.3),
            of(
                    new HardOnlyCurriculum(Policies.MIXED, Budget.SEVERAL, 7, 8, 4096, Budget.UPDATES),
                    new HardOnlyCurriculum(QUICK_MIXED, Budget.QUICK, 7, 8, 64, 2),
                    0.4),
            of(
                    new PrioritizedSampling(Policies.MIXED, Budget.SEVERAL, 8, 256, Budget.UPDATES),
                    new PrioritizedSampling(QUICK_MIXED, Budget.QUICK, 8, 16, 2),
                    0.4),
            of(
                    new LengthPenalty(Policies.LOOPING, Budget.SEVERAL, 1, 10, Budget.UPDATES),
                    new LengthPenalty(Policies.quick(Policies.LOOPING), Budget.QUICK, 1, 1, 2),
                    0.5),
            of(
                    new FourWaysToShort(Policies.SLIPPING, 100, Budget.SEVERAL, 8, 60, 64, 0.5, Budget.UPDATES),
                    new FourWaysToShort(QUICK, 2, Budget.QUICK, 4, 2, 4, 0.5, 2),
                    0.5),
            of(
                    new ClipHigher(Policies.SLIPPING, Budget.USUAL.learningRate(3e-4), 16),
                    new ClipHigher(QUICK, Budget.QUICK, 2),
                    0.4),
            of(new TokenMean(Policies.SLIPPING, Budget.USUAL), new TokenMean(QUICK, Budget.QUICK), 0.3),
            of(
                    new MirrorDescentUpdates(Policies.SLIPPING, Budget.USUAL, 16),
                    new MirrorDescentUpdates(QUICK, Budget.QUICK, 4),
                    0.6),
            of(new OptimizerReset(Policies.SLIPPING, Budget.USUAL, 8), new OptimizerReset(QUICK, Budget.QUICK, 2), 0.4),
            of(
                    new SelfPlayIterations(Policies.SLIPPING, new Budget(3, 64, 5, 3e-4, 200, 8), 32, 0.01, 0.1),
                    new SelfPlayIterations(QUICK, new Budget(2, 4, 5, 3e-4, 8, 4), 2, 0.01, 0.1),
                    0.4),
            of(
                    new DistillOrReinforce(
                            new TinyModel(96, 2, Policies.SLIPPING.data(), 400, 64, 3e-3),
                            new TinyModel(32, 2, Policies.SLIPPING.data(), 400, 64, 3e-3),
                            Budget.USUAL,
                            2048,
                            160,
                            64),
                    new DistillOrReinforce(QUICK, Policies.quick(Policies.SLIPPING), Budget.QUICK, 64, 3, 4),
                    0.8),
            of(
                    new PartialRollouts(Policies.LONG_TAILED, Budget.SEVERAL, 14, 2, Budget.UPDATES),
                    new PartialRollouts(Policies.quick(Policies.LONG_TAILED), Budget.QUICK, 14, 2, 2),
                    0.5),
            of(
                    new RepetitionRest(Policies.LOOPING, Budget.SEVERAL, 0.5, Budget.UPDATES),
                    new RepetitionRest(Policies.quick(Policies.LOOPING), Budget.QUICK, 0.5, 2),
                    0.4),
            of(
                    new SizeThreshold(List.of(8, 16, 32, 64), 2, Budget.USUAL, 400),
                    new SizeThreshold(List.of(8, 16), 1, Budget.QUICK, 20),
                    0.8),
            of(
                    new FormatFirst(Policies.UNTAGGED, Budget.USUAL, 0.1),
                    new FormatFirst(Policies.quick(Policies.UNTAGGED), Budget.QUICK, 0.1),
                    0.2));

    private Claims() {}

    private static Experiment of(Claim full, Claim quick, double minutes) {
        return new Experiment(full, quick, minutes);
    }

    /** All of them. */
    public static List<Experiment> all() {
        return ALL;
    }

    /** The claim of an id, such as {@code E13}, in any case of letters. */
    public static Optional<Experiment> find(String id) {
        String wanted = id.toUpperCase(Locale.ROOT);
        return ALL.stream().filter(one -> one.about().id().equals(wanted)).findFirst();
    }

    /** Their ids as a sentence has them. */
    public static String ids() {
        return ALL.stream().map(one -> one.about().id()).collect(Collectors.joining(", "));
    }
}
