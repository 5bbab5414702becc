// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.transformer.generation.FinishReason;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;

/**
 * A group with what its samples earned.
 *
 * @param group prompt and samples
 * @param texts decoded completions, one per sample
 * @param rewards weighted sum per sample; NaN where no reward function applied
 * @param counts whether a sample is learned from: not if no reward function applied, not even towards an anchor
 * @param solved whether a sample solves its problem
 * @param tokenRewards [G][tokens that the policy chose] the rewards spread over tokens, if a function gave them so; what was
 *     earned at a token that it did not choose belongs to the choice before
 * @param parts each reward function's own scores, one per sample
 * @param extra rewards of samples that are compared with and not learned from
 */
public record ScoredGroup(
        Group group,
        List<String> texts,
        double[] rewards,
        boolean[] counts,
        boolean[] solved,
        Optional<double[][]> tokenRewards,
        Map<String, double[]> parts,
        double[] extra) {
    /** Without samples beside. */
    public ScoredGroup(
            Group group,
            List<String> texts,
            double[] rewards,
            boolean[] counts,
            boolean[] solved,
            Optional<double[][]> tokenRewards,
            Map<String, double[]> parts) {
        this(group, texts, rewards, counts, solved, tokenRewards, parts, new double[0]);
    }

    /** The same with rewards of samples that are compared with and not learned from. */
    public ScoredGroup withExtra(double[] others) {
        return new ScoredGroup(group, texts, rewards, counts, solved, tokenRewards, parts, others);
    }

    /** The same with other rewards of whole completions. */
    public ScoredGroup withRewards(double[] others) {
        return new ScoredGroup(group, texts, others, counts, solved, Optional.empty(), parts, extra);
    }

    /** These samples; where there are none of them the first, which does not count: the prompt was tried, and nothing is learned. */
    public ScoredGroup keeping(int[] samples) {
        int[] places = samples.length == 0 ? new int[] {0} : samples;
        Map<String, double[]> some = new LinkedHashMap<>();
        parts.forEach((name, all) -> some.put(name, picked(all, places)));
        boolean[] counted = new boolean[places.length];
        boolean[] right = new boolean[places.length];
        List<Trajectory> trajectories = new ArrayList<>();
        List<String> decoded = new ArrayList<>();
        for (int i = 0; i < places.length; i++) {
            counted[i] = samples.length > 0 && counts[places[i]];
            right[i] = solved[places[i]];
            trajectories.add(group.samples().get(places[i]));
            decoded.add(texts.get(places[i]));
        }
        return new ScoredGroup(
                new Group(group.problem(), group.key(), group.promptLength(), trajectories),
                decoded,
                picked(rewards, places),
                counted,
                right,
                tokenRewards.map(
                        all -> IntStream.of(places).mapToObj(i -> all[i]).toArray(double[][]::new)),
                some,
                extra);
    }

    private static double[] picked(double[] all, int[] places) {
        return IntStream.of(places).mapToDouble(i -> all[i]).toArray();
    }

    /**
     * The same with the weighted sum of the functions' rewards, NaN where none applied.
     *
     * @param weights one for each function, in order
     */
    public ScoredGroup weighted(List<Double> weights) {
        if (weights.size() != parts.size()) {
            throw new IllegalArgumentException("reward_weights has " + weights.size() + " numbers, but there are "
                    + parts.size() + " reward functions: " + String.join(", ", parts.keySet()));
        }
        double[] sums = new double[rewards.length];
        for (int i = 0; i < sums.length; i++) {
            boolean any = false;
            int f = 0;
            for (double[] own : parts.values()) {
                double weight = weights.get(f++);
                sums[i] += Double.isNaN(own[i]) ? 0 : weight * own[i];
                any |= !Double.isNaN(own[i]);
            }
            sums[i] = any && counts[i] ? sums[i] : Double.NaN; // a sample that a failure left out stays out
        }
        return new ScoredGroup(group, texts, sums, counts, solved, Optional.empty(), parts);
    }

    /** The same without teaching by samples that were cut. */
    public ScoredGroup withoutTruncated() {
        boolean[] some = counts.clone();
        for (int i = 0; i < some.length; i++) {
            some[i] &= !group.samples().get(i).finish().isCut();
        }
        return new ScoredGroup(group, texts, rewards, some, solved, tokenRewards, parts);
    }

    /**
     * The same, of whose choices those of some weights alone are any. A sample without such a choice is compared with and not learned from.
     * What a token earned that is no choice now belongs to the choice before; what was earned before the first is nobody's.
     */
    public ScoredGroup choicesOf(LongPredicate version) {
        List<Trajectory> some = new ArrayList<>();
        boolean[] counted = counts.clone();
        double[][] earned = new double[group.size()][];
        for (int i = 0; i < group.size(); i++) {
            Trajectory whole = group.samples().get(i);
            Trajectory kept = whole.choicesOf(version);
            some.add(kept);
            counted[i] &= kept.choices() > 0;
            int sample = i;
            earned[i] = tokenRewards
                    .map(all -> moved(all[sample], whole.chosen(), kept.chosen()))
                    .orElseGet(() -> new double[0]);
        }
        return new ScoredGroup(
                new Group(group.problem(), group.key(), group.promptLength(), some),
                texts,
                rewards,
                counted,
                solved,
                tokenRewards.map(all -> earned),
                parts,
                extra);
    }

    /** What choices earned, of a few of them. */
    private static double[] moved(double[] earned, boolean[] choices, boolean[] kept) {
        double[] few = new double[earned.length];
        int all = 0;
        int some = 0;
        for (int t = 0; t < choices.length; t++) {
            some += kept[t] ? 1 : 0;
            if (choices[t]) {
                if (some > 0) {
                    few[some - 1] += earned[all];
                }
                all++;
            }
        }
        return Arrays.copyOf(few, some);
    }

    /** The same with something taken off the rewards of samples that ran in circles. */
    public ScoredGroup withRepetitionPenalty(double penalty) {
        double[] less = rewards.clone();
        Optional<double[][]> spread =
                tokenRewards.map(all -> Arrays.stream(all).map(double[]::clone).toArray(double[][]::new));
        for (int i = 0; i < less.length; i++) {
            if (group.samples().get(i).finish() == FinishReason.REPETITION) {
                less[i] -= penalty;
                int sample = i;
                spread.ifPresent(all -> all[sample][all[sample].length - 1] -= penalty);
            }
        }
        return new ScoredGroup(group, texts, less, counts, solved, spread, parts, extra);
    }

    /** Some of the samples. */
    public ScoredGroup slice(int from, int to) {
        Map<String, double[]> some = new LinkedHashMap<>();
        parts.forEach((name, all) -> some.put(name, Arrays.copyOfRange(all, from, to)));
        return new ScoredGroup(
                group.slice(from, to),
                texts.subList(from, to),
                Arrays.copyOfRange(rewards, from, to),
                Arrays.copyOfRange(counts, from, to),
                Arrays.copyOfRange(solved, from, to),
                tokenRewards.map(all -> Arrays.copyOfRange(all, from, to)),
                some,
                extra);
    }

    /** Tokens that the policy chose, per sample. */
    public int[] choices() {
        return group.samples().stream().mapToInt(Trajectory::choices).toArray();
    }
}
