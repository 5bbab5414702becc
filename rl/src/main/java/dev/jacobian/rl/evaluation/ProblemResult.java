// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.evaluation;

import dev.jacobian.rl.metric.BestOfN;
import dev.jacobian.rl.metric.MajorityVote;
import dev.jacobian.rl.metric.PassAtK;
import dev.jacobian.rl.task.Problem;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * A problem with its samples.
 *
 * @param problem what was asked
 * @param samples n completions
 * @param selfBleu how much they resemble each other; NaN of one
 */
public record ProblemResult(Problem problem, List<SampleResult> samples, double selfBleu) {
    public ProblemResult {
        samples = List.copyOf(samples);
    }

    /** How many samples solve it. */
    public int solved() {
        return (int) samples.stream().filter(SampleResult::solved).count();
    }

    /** The chance that one of k samples solves it, without bias. */
    public double passAt(int k) {
        return PassAtK.of(samples.size(), solved(), k);
    }

    /** The share of votes of k samples, one behind the other, that choose a right answer; of what is left over at the end there is no vote. */
    public double majorityAt(int k) {
        int votes = samples.size() / k;
        int right = 0;
        for (int vote = 0; vote < votes; vote++) {
            List<SampleResult> voters = samples.subList(vote * k, (vote + 1) * k);
            List<Optional<String>> answers =
                    voters.stream().map(SampleResult::answer).toList();
            Optional<String> winner = MajorityVote.winner(answers);
            right += winner.isPresent() && voters.get(answers.indexOf(winner)).solved() ? 1 : 0;
        }
        return (double) right / votes;
    }

    /** The chance that the sample which a model likes best among k solves it, without bias. */
    public double bestAt(int k) {
        double[] scores = samples.stream()
                .mapToDouble(sample -> sample.choice().orElseThrow())
                .toArray();
        boolean[] right = new boolean[scores.length];
        for (int i = 0; i < right.length; i++) {
            right[i] = samples.get(i).solved();
        }
        return BestOfN.of(scores, right, k);
    }

    /** A sum over the samples. */
    double sum(ToDoubleFunction<SampleResult> what) {
        return samples.stream().mapToDouble(what).sum();
    }
}
