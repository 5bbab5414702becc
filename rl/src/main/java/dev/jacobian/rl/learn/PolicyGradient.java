// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.autograd.LoadBalance;
import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Rows;
import dev.jacobian.autograd.TokenLogProbs;
import dev.jacobian.autograd.Var;
import dev.jacobian.rl.method.Algorithm;
import dev.jacobian.rl.objective.Normalizer;
import dev.jacobian.rl.objective.ObjectiveResult;
import dev.jacobian.rl.objective.ObjectiveStatistics;
import dev.jacobian.rl.objective.TokenBatch;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Accumulates the gradient of one optimizer step over its micro-batches.
 *
 * <p>Decisions: what the reference policy says of the completions is asked for all of them first, so that its weights are
 * not needed while activations are held. The denominator of the loss is fixed over the whole step before it is cut, so the
 * cut changes nothing but rounding. Groups whose advantages are all 0 are scored without recording first; only if the objective
 * gives them a gradient all the same (an anchor that pulls) are they computed again with one. The load-balancing loss of
 * experts gives every group a gradient. Its means are over the rows of a micro-batch, a prompt that samples share counted once, and
 * a micro-batch counts by its share of the step's tokens.
 */
public final class PolicyGradient {
    private final CausalLM model;
    private final Algorithm algorithm;
    private final float temperature;
    private final int microBatchTokens;
    private final List<CreditedGroup> groups;
    private final List<List<CreditedGroup>> withAdvantages; // micro-batches
    private final List<List<CreditedGroup>> withoutAdvantages;
    // the reference policy's log-probabilities by micro-batch
    private final Map<List<CreditedGroup>, float[]> reference = new IdentityHashMap<>();

    private ObjectiveStatistics statistics = ObjectiveStatistics.EMPTY;
    private double loss;
    private double balanceLoss;
    private double entropySum;
    private double differenceMax;
    private double differenceSum;
    private long tokens;
    private long ownTokens; // chosen by the weights that are updated
    private long version;

    /**
     * The gradient of the loss over some groups.
     *
     * @param microBatchTokens tokens of a micro-batch at most, unless one group has more
     */
    public PolicyGradient(
            CausalLM model, Algorithm algorithm, float temperature, int microBatchTokens, List<CreditedGroup> groups) {
        this.model = model;
        this.algorithm = algorithm;
        this.temperature = temperature;
        this.microBatchTokens = microBatchTokens;
        this.groups = groups;
        this.withoutAdvantages =
                cut(groups.stream().filter(g -> g.advantages().isZero()).toList());
        this.withAdvantages =
                cut(groups.stream().filter(g -> !g.advantages().isZero()).toList());
    }

    /** Asks a reference policy, which the loss needs, for its log-probabilities of all completions; before {@link #accumulate}. */
    public void scoreReference(CausalLM policy) {
        Stream.concat(withoutAdvantages.stream(), withAdvantages.stream())
                .forEach(part -> reference.put(
                        part,
                        PolicyScorer.logProbs(
                                policy,
                                part.stream().map(g -> g.scored().group()).toList(),
                                temperature,
                                microBatchTokens)));
    }

    /**
     * Adds the gradient to the model's parameters.
     *
     * @param version of the model's weights: only what they chose themselves must agree with the sampler's log-probabilities
     */
    public void accumulate(long version) {
        this.version = version;
        int[] lengths = groups.stream()
                .flatMapToInt(g -> IntStream.range(0, g.scored().group().size()).map(i -> countedLength(g.scored(), i)))
                .toArray();
        Normalizer normalizer = algorithm.aggregation().normalizer(lengths);
        withoutAdvantages.forEach(part -> Workspace.inner(() -> {
            if (balances() || algorithm.objective().needsReference() || !isWithoutGradient(part, normalizer)) {
                process(part, normalizer);
            }
        }));
        withAdvantages.forEach(part -> Workspace.inner(() -> process(part, normalizer)));
        normalizer.requireComplete(statistics);
    }

    /** Tokens of a sample that are learned from. */
    private static int countedLength(ScoredGroup group, int sample) {
        return group.counts()[sample] ? group.group().samples().get(sample).choices() : 0;
    }

    private List<List<CreditedGroup>> cut(List<CreditedGroup> groups) {
        List<List<CreditedGroup>> parts = new ArrayList<>();
        int next = 0;
        for (List<Group> part : PolicyScorer.microBatches(
                groups.stream().map(g -> g.scored().group()).toList(), microBatchTokens)) {
            parts.add(groups.subList(next, next + part.size()));
            next += part.size();
        }
        return parts;
    }

    private boolean isWithoutGradient(List<CreditedGroup> part, Normalizer normalizer) {
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

    private boolean balances() {
        return model.routerAuxLossCoef() > 0;
    }

    private void process(List<CreditedGroup> part, Normalizer normalizer) {
        if (balances()) {
            processBalanced(part, normalizer);
            return;
        }
        PackedGroups packed = pack(part);
        TokenLogProbs.Result scored = PolicyScorer.score(model, packed, temperature);
        float[] gradient = evaluate(part, packed, scored, normalizer);
        scored.logProbs().backward(Tensor.of(gradient, gradient.length));
    }

    private void processBalanced(List<CreditedGroup> part, Normalizer normalizer) {
        PackedGroups packed = pack(part);
        LoadBalance balance = model.newLoadBalance();
        Var hidden = model.hidden(packed.tokens(), packed.segments(), balance); // [N, D]
        TokenLogProbs.Result scored = PolicyScorer.score(model, hidden, packed, temperature);
        float[] gradient = evaluate(part, packed, scored, normalizer);
        Var own = balance.loss(hidden); // [1]
        double share = (double) tokens(part) / tokens(groups);
        balanceLoss += share * own.value().toFloatArray()[0];
        float[] both = Arrays.copyOf(gradient, gradient.length + 1);
        both[gradient.length] = (float) (share * model.routerAuxLossCoef());
        Rows.joined(scored.logProbs(), own).backward(Tensor.of(both, both.length));
    }

    /** The gradient of the objective by log-probabilities, whose numbers are recorded. */
    private float[] evaluate(
            List<CreditedGroup> part, PackedGroups packed, TokenLogProbs.Result scored, Normalizer normalizer) {
        ObjectiveResult result = algorithm.objective().evaluate(batch(part, packed, scored), normalizer);
        record(part, scored, result);
        return result.gradLogProbs();
    }

    private static long tokens(List<CreditedGroup> groups) {
        return groups.stream().mapToLong(g -> g.scored().group().tokens()).sum();
    }

    private static PackedGroups pack(List<CreditedGroup> part) {
        return PackedGroups.of(part.stream().map(g -> g.scored().group()).toList());
    }

    private TokenBatch batch(List<CreditedGroup> part, PackedGroups packed, TokenLogProbs.Result scored) {
        int n = packed.targets().length;
        float[] old = new float[n];
        double[] advantages = new double[n];
        boolean[] mask = new boolean[n];
        int at = 0;
        for (CreditedGroup group : part) {
            for (int i = 0; i < group.scored().group().size(); i++) {
                Trajectory sample = group.scored().group().samples().get(i);
                int choice = 0;
                for (int t = 0; t < sample.length(); t++) {
                    if (sample.chosen()[t]) {
                        old[at] = sample.logProbs()[t];
                        advantages[at] = group.advantages().at(i, choice++);
                        mask[at++] = group.scored().counts()[i];
                    }
                }
            }
        }
        Optional<float[]> ref = Optional.ofNullable(reference.get(part));
        return new TokenBatch(scored.logProbs().value().toFloatArray(), old, ref, advantages, packed.offsets(), mask);
    }

    private void record(List<CreditedGroup> part, TokenLogProbs.Result scored, ObjectiveResult result) {
        statistics = statistics.plus(result.statistics());
        loss += result.loss();
        float[] now = scored.logProbs().value().toFloatArray();
        float[] entropy = scored.entropy().toFloatArray();
        int at = 0;
        for (CreditedGroup group : part) {
            for (Trajectory sample : group.scored().group().samples()) {
                for (int t = 0; t < sample.length(); t++) {
                    if (sample.chosen()[t]) {
                        entropySum += entropy[at];
                        if (sample.versions().at(t) == version) {
                            double difference = Math.abs((double) now[at] - sample.logProbs()[t]);
                            differenceMax = Math.max(differenceMax, difference);
                            differenceSum += difference;
                            ownTokens++;
                        }
                        at++;
                    }
                }
            }
        }
        tokens += now.length;
    }

    /** Loss of the step. */
    public double loss() {
        return loss + model.routerAuxLossCoef() * balanceLoss;
    }

    /** The load-balancing loss of the experts before it is weighted; empty if training adds none. */
    public OptionalDouble balanceLoss() {
        return balances() ? OptionalDouble.of(balanceLoss) : OptionalDouble.empty();
    }

    /** What the objective counted. */
    public ObjectiveStatistics statistics() {
        return statistics;
    }

    /** Tokens that other weights chose than those that learn. */
    public long foreignTokens() {
        return tokens - ownTokens;
    }

    /** How the model sees the tokens that were sampled. */
    public Agreement agreement() {
        return new Agreement(entropySum / Math.max(1, tokens), differenceSum / Math.max(1, ownTokens), differenceMax);
    }
}
