// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.TokenLogProbs;
import dev.jacobian.rl.method.Algorithm;
import dev.jacobian.rl.objective.Normalizer;
import dev.jacobian.rl.objective.ObjectiveResult;
import dev.jacobian.rl.objective.ObjectiveStatistics;
import dev.jacobian.rl.objective.TokenBatch;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Accumulates the gradient of one optimizer step over its micro-batches.
 *
 * <p>Decisions: what the reference policy says of the completions is asked for all of them first, so that its weights are
 * not needed while activations are held. The denominator of the loss is fixed over the whole step before it is cut, so the
 * cut changes nothing but rounding. Groups without advantages are scored without recording first; only if the objective
 * gives them a gradient all the same (an anchor that pulls) are they computed again with one.
 */
final class PolicyGradient {
    private final CausalLM model;
    private final Algorithm algorithm;
    private final float temperature;
    private final int microBatchTokens;
    private final List<ScoredGroup> groups;
    private final List<List<ScoredGroup>> silent; // micro-batches without advantages
    private final List<List<ScoredGroup>> speaking;
    private final Map<List<ScoredGroup>, float[]> reference =
            new IdentityHashMap<>(); // log-probabilities by micro-batch

    private ObjectiveStatistics statistics = ObjectiveStatistics.EMPTY;
    private double loss;
    private double entropySum;
    private double differenceMax;
    private double differenceSum;
    private long tokens;

    /**
     * The gradient of the loss over some groups.
     *
     * @param microBatchTokens tokens of a micro-batch at most, unless one group has more
     */
    PolicyGradient(
            CausalLM model, Algorithm algorithm, float temperature, int microBatchTokens, List<ScoredGroup> groups) {
        this.model = model;
        this.algorithm = algorithm;
        this.temperature = temperature;
        this.microBatchTokens = microBatchTokens;
        this.groups = groups;
        this.silent = cut(groups.stream().filter(ScoredGroup::hasZeroAdvantages).toList());
        this.speaking = cut(groups.stream().filter(g -> !g.hasZeroAdvantages()).toList());
    }

    /** Asks a reference policy, which the loss needs, for its log-probabilities of all completions; before {@link #accumulate}. */
    void scoreReference(CausalLM policy) {
        Stream.concat(silent.stream(), speaking.stream())
                .forEach(part -> reference.put(
                        part,
                        PolicyScorer.logProbs(
                                policy,
                                part.stream().map(ScoredGroup::group).toList(),
                                temperature,
                                microBatchTokens)));
    }

    /** Adds the gradient to the model's parameters. */
    void accumulate() {
        int[] lengths = groups.stream()
                .flatMapToInt(g -> IntStream.range(0, g.rewards().length).map(i -> countedLength(g, i)))
                .toArray();
        Normalizer normalizer = algorithm.aggregation().normalizer(lengths);
        silent.forEach(part -> Workspace.inner(() -> {
            if (algorithm.objective().needsReference() || !isWithoutGradient(part, normalizer)) {
                process(part, normalizer);
            }
        }));
        speaking.forEach(part -> Workspace.inner(() -> process(part, normalizer)));
        normalizer.requireComplete(statistics);
    }

    /** Tokens of a sample that are learned from: none if no reward function applied, not even towards an anchor. */
    private static int countedLength(ScoredGroup group, int sample) {
        return Double.isNaN(group.rewards()[sample])
                ? 0
                : group.group().samples().get(sample).length();
    }

    private List<List<ScoredGroup>> cut(List<ScoredGroup> groups) {
        List<List<ScoredGroup>> parts = new ArrayList<>();
        int next = 0;
        for (List<Group> part : PolicyScorer.microBatches(
                groups.stream().map(ScoredGroup::group).toList(), microBatchTokens)) {
            parts.add(groups.subList(next, next + part.size()));
            next += part.size();
        }
        return parts;
    }

    private boolean isWithoutGradient(List<ScoredGroup> part, Normalizer normalizer) {
        PackedGroups packed = pack(part);
        TokenLogProbs.Result scored = NoGrad.compute(() -> PolicyScorer.score(model, packed, temperature));
        ObjectiveResult result = algorithm.objective().evaluate(batch(part, packed, scored), normalizer);
        for (float gradient : result.gradLogProbs()) {
            if (gradient != 0f) {
                return false;
            }
        }
        record(part, scored, result);
        return true;
    }

    private void process(List<ScoredGroup> part, Normalizer normalizer) {
        PackedGroups packed = pack(part);
        TokenLogProbs.Result scored = PolicyScorer.score(model, packed, temperature);
        ObjectiveResult result = algorithm.objective().evaluate(batch(part, packed, scored), normalizer);
        record(part, scored, result);
        scored.logProbs().backward(Tensor.of(result.gradLogProbs(), result.gradLogProbs().length));
    }

    private static PackedGroups pack(List<ScoredGroup> part) {
        return PackedGroups.of(part.stream().map(ScoredGroup::group).toList());
    }

    private TokenBatch batch(List<ScoredGroup> part, PackedGroups packed, TokenLogProbs.Result scored) {
        int n = packed.targets().length;
        float[] old = new float[n];
        double[] advantages = new double[packed.offsets().length - 1];
        boolean[] mask = new boolean[n];
        int at = 0;
        int sequence = 0;
        for (ScoredGroup group : part) {
            for (int i = 0; i < group.group().samples().size(); i++) {
                Trajectory sample = group.group().samples().get(i);
                System.arraycopy(sample.logProbs(), 0, old, at, sample.length());
                Arrays.fill(mask, at, at + countedLength(group, i), true);
                at += sample.length();
                advantages[sequence++] = group.advantages()[i];
            }
        }
        Optional<float[]> ref = Optional.ofNullable(reference.get(part));
        return new TokenBatch(scored.logProbs().value().toFloatArray(), old, ref, advantages, packed.offsets(), mask);
    }

    private void record(List<ScoredGroup> part, TokenLogProbs.Result scored, ObjectiveResult result) {
        statistics = statistics.plus(result.statistics());
        loss += result.loss();
        float[] now = scored.logProbs().value().toFloatArray();
        float[] entropy = scored.entropy().toFloatArray();
        int at = 0;
        for (ScoredGroup group : part) {
            for (Trajectory sample : group.group().samples()) {
                for (int t = 0; t < sample.length(); t++, at++) {
                    double difference = Math.abs((double) now[at] - sample.logProbs()[t]);
                    differenceMax = Math.max(differenceMax, difference);
                    differenceSum += difference;
                    entropySum += entropy[at];
                }
            }
        }
        tokens += now.length;
    }

    /** Loss of the step. */
    double loss() {
        return loss;
    }

    /** What the objective counted. */
    ObjectiveStatistics statistics() {
        return statistics;
    }

    /** Mean entropy of the distributions that the tokens were drawn from, in nats. */
    double entropy() {
        return entropySum / Math.max(1, tokens);
    }

    /** Largest difference between a token's log-probability now and when it was sampled. */
    double differenceMax() {
        return differenceMax;
    }

    /** Mean of these differences. */
    double differenceMean() {
        return differenceSum / Math.max(1, tokens);
    }
}
