// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.autograd.LoadBalance;
import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Rows;
import dev.jacobian.autograd.TokenLogProbs;
import dev.jacobian.autograd.Var;
import dev.jacobian.rl.config.MixtureConfig;
import dev.jacobian.rl.method.Algorithm;
import dev.jacobian.rl.objective.Normalizer;
import dev.jacobian.rl.objective.ObjectiveResult;
import dev.jacobian.rl.objective.ObjectiveStatistics;
import dev.jacobian.rl.objective.Quotient;
import dev.jacobian.rl.objective.TokenBatch;
import dev.jacobian.rl.objective.TokenWeighting;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * Accumulates the gradient of one optimizer step over its {@link MicroBatch micro-batches}.
 *
 * <p>Decisions: the denominator of the loss is fixed over the whole step before it is cut ({@link MicroBatch#normalizer}), so the
 * cut changes nothing but rounding. A micro-batch that is too large for one pass ({@code micro_batch_tokens}) goes through in parts, each of whole
 * groups. Groups whose advantages are all 0 are scored without recording first; only if the objective
 * gives them a gradient all the same (an anchor that pulls, a bonus) are they computed again with one. The load-balancing loss of
 * experts gives every group a gradient. Its means are over the rows of a part, a prompt that samples share counted once, and
 * a part counts by its share of the step's tokens.
 */
public final class PolicyGradient {
    private final CausalLM model;
    private final Algorithm algorithm;
    private final float temperature;
    private final int microBatchTokens;
    private final List<MicroBatch> microBatches;
    private final double entropyCoefficient;
    private final MixtureConfig mixture;
    private final Optional<Critic> critic;
    private final Meter measures = new Meter();

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
     * The gradient of the loss over some micro-batches.
     *
     * @param microBatchTokens tokens of a pass at most, unless one group has more
     * @param entropyCoefficient of the bonus for the mean entropy of a micro-batch's counted tokens; 0 for none
     * @param mixture whether samples that earned enough are imitated beside
     * @param critic a value head on the model's layers, which learns in the same passes
     */
    public PolicyGradient(
            CausalLM model,
            Algorithm algorithm,
            float temperature,
            int microBatchTokens,
            List<MicroBatch> microBatches,
            double entropyCoefficient,
            MixtureConfig mixture,
            Optional<Critic> critic) {
        this.model = model;
        this.algorithm = algorithm;
        this.temperature = temperature;
        this.microBatchTokens = microBatchTokens;
        this.microBatches = List.copyOf(microBatches);
        this.entropyCoefficient = entropyCoefficient;
        this.mixture = mixture;
        this.critic = critic;
    }

    /** The gradient of the loss over some groups, which are the step. */
    public PolicyGradient(
            CausalLM model, Algorithm algorithm, float temperature, int microBatchTokens, List<CreditedGroup> groups) {
        this(
                model,
                algorithm,
                temperature,
                microBatchTokens,
                List.of(MicroBatch.whole(groups, algorithm.aggregation())),
                algorithm.entropyBonus().coefficient(),
                MixtureConfig.NONE,
                Optional.empty());
    }

    /**
     * Adds the gradient to the model's parameters.
     *
     * @param version of the model's weights: only what they chose themselves must agree with the sampler's log-probabilities
     */
    public void accumulate(long version) {
        this.version = version;
        for (MicroBatch microBatch : microBatches) {
            ObjectiveStatistics before = statistics;
            statistics = ObjectiveStatistics.EMPTY;
            accumulate(microBatch);
            microBatch.requireComplete(statistics);
            measure(statistics);
            measures.endMicroBatch();
            statistics = before.plus(statistics);
        }
    }

    private void accumulate(MicroBatch whole) {
        List<Part> resting = cut(whole, true);
        List<Part> moving = cut(whole, false);
        List<Part> all = new ArrayList<>(resting);
        all.addAll(moving);
        if (algorithm.weighting().comparesTokens() && all.size() > 1) {
            Compared.weigh(all, algorithm.weighting(), this::seen);
        }
        if (algorithm.objective().comparesTokens() && all.size() > 1) {
            Compared.judge(all, algorithm.objective(), whole.normalizer(), this::weighed);
        }
        resting.forEach(part -> Workspace.inner(() -> {
            if (balances()
                    || critic.isPresent()
                    || algorithm.objective().needsReference()
                    || !isWithoutGradient(part)) {
                process(part);
            }
        }));
        moving.forEach(part -> Workspace.inner(() -> process(part)));
    }

    /** What one pass holds of a micro-batch; {@code weights} where they had to be known beforehand. */
    static final class Part {
        private final MicroBatch whole;
        private final List<CreditedGroup> groups;
        private final PackedGroups packed;
        private Optional<double[]> weights = Optional.empty();
        private Optional<ObjectiveResult> judged = Optional.empty(); // where the whole micro-batch had to be seen

        private Part(MicroBatch whole, List<CreditedGroup> groups) {
            this.whole = whole;
            this.groups = groups;
            this.packed = PackedGroups.of(groupsOf(groups));
        }

        void weights(double[] known) {
            weights = Optional.of(known);
        }

        void judged(ObjectiveResult known) {
            judged = Optional.of(known);
        }

        private Normalizer normalizer() {
            return whole.normalizer();
        }
    }

    private List<Part> cut(MicroBatch whole, boolean resting) {
        List<CreditedGroup> groups = whole.groups().stream()
                .filter(g -> g.advantages().isZero() == resting)
                .toList();
        List<Part> parts = new ArrayList<>();
        int next = 0;
        for (List<Group> part : PolicyScorer.microBatches(groupsOf(groups), microBatchTokens)) {
            parts.add(new Part(whole, groups.subList(next, next + part.size())));
            next += part.size();
        }
        return parts;
    }

    private static List<Group> groupsOf(List<CreditedGroup> groups) {
        return groups.stream().map(g -> g.scored().group()).toList();
    }

    private boolean isWithoutGradient(Part part) {
        TokenLogProbs.Result scored = NoGrad.compute(() -> PolicyScorer.score(model, part.packed, temperature));
        TokenBatch batch = batch(part, scored);
        ObjectiveResult result = evaluate(part, batch);
        if (!isZero(result.gradLogProbs())
                || !result.gradEntropies().map(PolicyGradient::isZero).orElse(true)) {
            return false;
        }
        record(part, batch, result);
        return true;
    }

    private static boolean isZero(float[] gradients) {
        for (float gradient : gradients) {
            if (gradient != 0f) {
                return false;
            }
        }
        return true;
    }

    private TokenBatch seen(Part part) {
        return Workspace.currentOrNew()
                .compute(() -> seen(part, NoGrad.compute(() -> PolicyScorer.score(model, part.packed, temperature))));
    }

    private TokenBatch weighed(Part part) {
        return Workspace.currentOrNew()
                .compute(() -> batch(part, NoGrad.compute(() -> PolicyScorer.score(model, part.packed, temperature))));
    }

    private boolean balances() {
        return model.routerAuxLossCoef() > 0;
    }

    private void process(Part part) {
        Optional<LoadBalance> balance = balances() ? Optional.of(model.newLoadBalance()) : Optional.empty();
        Var hidden = balance.isPresent() // [N, D]
                ? model.hidden(part.packed.tokens(), part.packed.segments(), balance.get())
                : model.hidden(part.packed.tokens(), part.packed.segments());
        TokenLogProbs.Result scored = PolicyScorer.score(model, hidden, part.packed, temperature);
        ObjectiveResult result = recorded(part, scored);
        Var outputs = scored.logProbs(); // [R], then what else the loss depends on, one behind the other
        float[] gradient = result.gradLogProbs();
        if (result.gradEntropies().isPresent()) {
            outputs = Rows.joined(outputs, model.entropies(hidden, part.packed.rows(), temperature, scored));
            gradient = joined(gradient, result.gradEntropies().get());
        }
        if (critic.isPresent()) {
            Var now = critic.get().read(hidden, part.packed.rows()); // [R]
            outputs = Rows.joined(outputs, now);
            gradient = joined(
                    gradient,
                    critic.get()
                            .gradient(
                                    now.value().toFloatArray(),
                                    part.groups,
                                    part.packed.offsets(),
                                    Critic.normalizer(microBatches)));
        }
        if (balance.isPresent()) {
            Var own = balance.get().loss(hidden); // [1]
            double share = (double) tokens(part.groups)
                    / microBatches.stream()
                            .mapToLong(all -> tokens(all.groups()))
                            .sum();
            balanceLoss += share * own.value().toFloatArray()[0];
            outputs = Rows.joined(outputs, own);
            gradient = joined(gradient, new float[] {(float) (share * model.routerAuxLossCoef())});
        }
        outputs.backward(Tensor.of(gradient, gradient.length));
    }

    private static float[] joined(float[] first, float[] second) {
        float[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private static long tokens(List<CreditedGroup> groups) {
        return groups.stream().mapToLong(g -> g.scored().group().tokens()).sum();
    }

    /** What the objective says, its numbers recorded. */
    private ObjectiveResult recorded(Part part, TokenLogProbs.Result scored) {
        TokenBatch batch = batch(part, scored);
        ObjectiveResult result = evaluate(part, batch);
        record(part, batch, result);
        return result;
    }

    private ObjectiveResult evaluate(Part part, TokenBatch batch) {
        ObjectiveResult own = part.judged.orElseGet(() -> algorithm.objective().evaluate(batch, part.normalizer()));
        ObjectiveResult result = PositiveLikelihood.added(own, mixture, part.groups, batch.logProbs(), part.whole);
        return entropyCoefficient == 0 ? result : withBonus(result, part, batch);
    }

    /** −c H on top, H the mean over the counted tokens of the micro-batch. */
    private ObjectiveResult withBonus(ObjectiveResult result, Part part, TokenBatch batch) {
        int counted = Arrays.stream(MicroBatch.lengths(part.whole.groups())).sum();
        double each = -entropyCoefficient * part.whole.share() / Math.max(1, counted);
        float[] entropies = batch.entropies().orElseThrow();
        float[] gradient = result.gradEntropies().map(float[]::clone).orElseGet(() -> new float[entropies.length]);
        double bonus = 0;
        for (int t = 0; t < entropies.length; t++) {
            if (batch.mask()[t]) {
                bonus += each * entropies[t];
                gradient[t] += (float) each;
            }
        }
        return new ObjectiveResult(
                result.loss() + bonus,
                result.gradLogProbs(),
                Optional.of(gradient),
                result.gradValues(),
                result.statistics(),
                result.measures());
    }

    private TokenBatch batch(Part part, TokenLogProbs.Result scored) {
        TokenBatch seen = seen(part, scored);
        if (algorithm.weighting() == TokenWeighting.NONE) {
            return seen;
        }
        return seen.withWeights(
                part.weights.orElseGet(() -> algorithm.weighting().weights(seen)));
    }

    /** What is known of a part's choices before factors of their losses are. */
    private static TokenBatch seen(Part part, TokenLogProbs.Result scored) {
        int n = part.packed.targets().length;
        double[] advantages = new double[n];
        boolean[] mask = new boolean[n];
        int at = 0;
        for (CreditedGroup group : part.groups) {
            for (int i = 0; i < group.scored().group().size(); i++) {
                int choices = group.scored().group().samples().get(i).choices();
                for (int choice = 0; choice < choices; choice++) {
                    advantages[at] = group.advantages().at(i, choice);
                    mask[at++] = group.scored().counts()[i];
                }
            }
        }
        TokenBatch batch = new TokenBatch(
                        scored.logProbs().value().toFloatArray(),
                        flat(part, n, g -> Optional.of(g.views().old())).orElseThrow(),
                        flat(part, n, g -> g.views().ref()),
                        advantages,
                        part.packed.offsets(),
                        mask)
                .withEntropies(scored.entropy().toFloatArray());
        return flat(part, n, g -> g.views().rollout()).map(batch::withRollout).orElse(batch);
    }

    /** What something says of all choices, one after another, [n]; empty where one of the groups has nothing said. */
    private static Optional<float[]> flat(Part part, int n, Function<CreditedGroup, Optional<float[][]>> of) {
        float[] all = new float[n];
        int at = 0;
        for (CreditedGroup group : part.groups) {
            Optional<float[][]> said = of.apply(group);
            if (said.isEmpty()) {
                return Optional.empty();
            }
            for (float[] sample : said.get()) {
                System.arraycopy(sample, 0, all, at, sample.length);
                at += sample.length;
            }
        }
        return Optional.of(all);
    }

    private void record(Part part, TokenBatch batch, ObjectiveResult result) {
        statistics = statistics.plus(result.statistics());
        loss += result.loss();
        result.measures().forEach(measures::addPart);
        if (batch.weights().isPresent()) {
            algorithm.weighting().measures(batch, batch.weights().get()).forEach(measures::addPart);
        }
        float[] now = batch.logProbs();
        float[] entropy = batch.entropies().orElseThrow();
        double counted = 0;
        double countedEntropy = 0;
        int at = 0;
        for (CreditedGroup group : part.groups) {
            for (Trajectory sample : group.scored().group().samples()) {
                for (int t = 0; t < sample.length(); t++) {
                    if (sample.chosen()[t]) {
                        entropySum += entropy[at];
                        if (batch.mask()[at]) {
                            countedEntropy += entropy[at];
                            counted++;
                        }
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
        measures.add("entropy", countedEntropy, counted);
        tokens += now.length;
    }

    private void measure(ObjectiveStatistics microBatch) {
        if (!algorithm.entropyBonus().isNone()) {
            measures.value("policy_loss", microBatch.policyLoss() + microBatch.klLoss());
        }

        double counted = (double) microBatch.tokens();
        double low = (double) microBatch.clippedLow();
        double high = (double) microBatch.clippedHigh();
        measures.addMissing("clip_ratio/low_mean", new Quotient(low, counted));
        measures.addMissing("clip_ratio/high_mean", new Quotient(high, counted));
        measures.addMissing("clip_ratio/region_mean", new Quotient(low + high, counted));
        measures.addMissing("kl", new Quotient(microBatch.kl(), counted));
    }

    /** Loss of the step. */
    public double loss() {
        return loss
                + model.routerAuxLossCoef() * balanceLoss
                + critic.map(Critic::weightedLoss).orElse(0.0);
    }

    /** The load-balancing loss of the experts before it is weighted; empty if training adds none. */
    public OptionalDouble balanceLoss() {
        return balances() ? OptionalDouble.of(balanceLoss) : OptionalDouble.empty();
    }

    /** What the objective counted. */
    public ObjectiveStatistics statistics() {
        return statistics;
    }

    /** Metrics of the step by name: the means over its micro-batches of what each measured. */
    public Map<String, Double> measures() {
        Map<String, Double> means = new LinkedHashMap<>();
        measures.forEach(means::put);
        return means;
    }

    /** Tokens that other weights chose than those that learn. */
    public long foreignTokens() {
        return tokens - ownTokens;
    }

    /** How the model sees the tokens that were sampled. */
    public Agreement agreement() {
        return new Agreement(
                entropySum / Math.max(1, tokens), ownTokens, differenceSum / Math.max(1, ownTokens), differenceMax);
    }
}
