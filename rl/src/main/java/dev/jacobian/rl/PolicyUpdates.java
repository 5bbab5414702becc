// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.advantage.GroupRewards;
import dev.jacobian.rl.advantage.KlTaken;
import dev.jacobian.rl.advantage.PolicyViews;
import dev.jacobian.rl.advantage.TokenKl;
import dev.jacobian.rl.config.StepPlan;
import dev.jacobian.rl.learn.CreditedGroup;
import dev.jacobian.rl.learn.Critic;
import dev.jacobian.rl.learn.DriftEstimate;
import dev.jacobian.rl.learn.EntropyControl;
import dev.jacobian.rl.learn.KlControl;
import dev.jacobian.rl.learn.Learner;
import dev.jacobian.rl.learn.MicroBatch;
import dev.jacobian.rl.learn.PolicyGradient;
import dev.jacobian.rl.learn.PolicyScorer;
import dev.jacobian.rl.learn.PtxLoss;
import dev.jacobian.rl.learn.ReferencePolicy;
import dev.jacobian.rl.learn.ScoreNorms;
import dev.jacobian.rl.learn.StepCut;
import dev.jacobian.rl.learn.Update;
import dev.jacobian.rl.method.Algorithm;
import dev.jacobian.rl.method.CriticChoice;
import dev.jacobian.rl.observe.TrainingStep;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.run.Checkpointed;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.DoubleStream;

/** The optimizer steps that a method makes on a rollout, and what the initial model has to say to them. */
final class PolicyUpdates implements Checkpointed {
    /** A deviation of rewards that is as good as none, as TRL has it. */
    private static final double EVEN = 1e-8;

    private final CausalLM model;
    private final RlConfig config;
    private final Algorithm algorithm;
    private final StepPlan plan;
    private final Learner learner;
    private final EntropyControl entropy;
    private final Optional<Critic> critic;
    private final Optional<PtxLoss> ptx;
    private final KlControl kl;
    private Optional<ReferencePolicy> initial = Optional.empty();

    PolicyUpdates(CausalLM model, RlConfig config, Learner learner, Optional<Critic> critic, Optional<PtxLoss> ptx) {
        this.model = model;
        this.config = config;
        this.algorithm = config.algorithm();
        this.plan = config.plan();
        this.learner = learner;
        this.entropy = new EntropyControl(algorithm.entropyBonus());
        this.critic = critic;
        this.ptx = ptx;
        this.kl = new KlControl(
                algorithm.critic().map(CriticChoice::rewardKl).orElse(TokenKl.NONE),
                algorithm.critic().flatMap(CriticChoice::control));
    }

    /** Keeps the model as it is now, if the run wants to know it later. */
    void keepInitial() {
        if (initial.isEmpty() && (config.measuring().klSamples() > 0 || algorithm.needsReference())) {
            initial = Optional.of(ReferencePolicy.of(
                    model, config.offloadReference(), algorithm.extras().reference()));
        }
    }

    /**
     * Looks at a rollout with the eyes of all policies that have a say, and gives its tokens credit.
     *
     * @param logProbs whose log-probabilities its samples have
     * @param steps that the run has made before
     */
    Lesson begin(List<ScoredGroup> rollout, Rollouts.LogProbs logProbs, int steps) {
        Algorithm stage = config.lengths().isOn() ? config.algorithm(steps) : algorithm;
        List<PolicyViews> views = new ArrayList<>();
        List<Group> groups = rollout.stream().map(ScoredGroup::group).toList();
        if (logProbs == Rollouts.LogProbs.OWN) {
            rollout.forEach(group -> views.add(CreditedGroup.sampled(group)));
        } else {
            List<float[][]> old = scored(model, groups);
            for (int g = 0; g < groups.size(); g++) {
                views.add(new PolicyViews(
                        old.get(g),
                        logProbs == Rollouts.LogProbs.UNKNOWN
                                ? Optional.empty()
                                : Optional.of(
                                        CreditedGroup.sampled(rollout.get(g)).old()),
                        Optional.empty(),
                        Optional.empty()));
            }
        }
        OptionalDouble drift = askInitial(groups, views);
        critic.ifPresent(values -> foretell(values, rollout, views));
        if (algorithm.advantages().needsScoreNorms()) {
            measureScores(rollout, views);
        }
        List<CreditedGroup> batch = new ArrayList<>();
        for (int from = 0; from < rollout.size(); from += plan.prompts()) {
            int to = Math.min(rollout.size(), from + plan.prompts());
            batch.addAll(CreditedGroup.of(rollout.subList(from, to), views.subList(from, to), credit(stage)));
        }
        kl.observe(views);
        if (algorithm.resetsOptimizer()) {
            learner.forget();
        }
        return new Lesson(
                stage,
                batch,
                drift,
                rolloutMeasures(batch),
                new StepCut(plan, stage.aggregation()).steps(batch).iterator());
    }

    /**
     * Metrics of a rollout as a whole, under TRL's names: how far what the sampler said is from what this engine says, where it did not
     * sample itself, and what the divergence from the reference cost, where rewards pay for it.
     */
    private Map<String, Double> rolloutMeasures(List<CreditedGroup> batch) {
        Map<String, Double> measures = new TreeMap<>();
        if (algorithm.advantages().needsReference()) {
            double nats = 0;
            double tokens = 0;
            for (CreditedGroup group : batch) {
                for (int i = 0; i < group.scored().group().size(); i++) {
                    nats += group.views().klToRef(i);
                    tokens += group.views().old()[i].length;
                }
            }
            measures.put("kl", nats / Math.max(1, tokens));
            measures.put(
                    "frac_reward_zero_std",
                    batch.stream()
                            .mapToDouble(group -> isEven(group) ? 1 : 0)
                            .average()
                            .orElse(0));
        }
        DoubleSummaryStatistics differences = new DoubleSummaryStatistics();
        DoubleSummaryStatistics factors = new DoubleSummaryStatistics();
        for (CreditedGroup group : batch) {
            for (int i = 0;
                    group.views().rollout().isPresent() && i < group.scored().counts().length;
                    i++) {
                float[] old = group.views().old()[i];
                float[] said = group.views().rollout().get()[i];
                if (group.scored().counts()[i]) {
                    for (int t = 0; t < old.length; t++) {
                        differences.accept(Math.abs((double) old[t] - said[t]));
                    }
                    algorithm
                            .extras()
                            .correction()
                            .ifPresent(correction -> DoubleStream.of(correction.factors(old, said))
                                    .forEach(factors));
                }
            }
        }
        if (differences.getCount() > 0) {
            measures.put("sampling/sampling_logp_difference/mean", differences.getAverage());
            measures.put("sampling/sampling_logp_difference/max", differences.getMax());
        }
        if (factors.getCount() > 0) {
            measures.put("sampling/importance_sampling_ratio/min", factors.getMin());
            measures.put("sampling/importance_sampling_ratio/mean", factors.getAverage());
            measures.put("sampling/importance_sampling_ratio/max", factors.getMax());
        }
        return measures;
    }

    private boolean isEven(CreditedGroup group) {
        double[] rewards = algorithm.advantages().comparedRewards(CreditedGroup.rewards(group.scored(), group.views()));
        return new GroupRewards(rewards, new int[rewards.length]).standardDeviation() <= EVEN;
    }

    /** Measures how far each sample can move the policy, where rewards differ: elsewhere no baseline makes a difference. */
    private void measureScores(List<ScoredGroup> rollout, List<PolicyViews> views) {
        for (int g = 0; g < views.size(); g++) {
            ScoredGroup group = rollout.get(g);
            if (!CreditedGroup.rewards(group, views.get(g)).isDegenerate()) {
                boolean[] scored = new boolean[group.rewards().length];
                for (int i = 0; i < scored.length; i++) {
                    scored[i] = !Double.isNaN(group.rewards()[i]);
                }
                float temperature = (float) config.rollout().temperature();
                views.set(g, views.get(g).withScoreNorms(ScoreNorms.of(model, group.group(), temperature, scored)));
            }
        }
    }

    /** Asks the value model, and says what it should have said. */
    private void foretell(Critic values, List<ScoredGroup> rollout, List<PolicyViews> views) {
        List<float[][]> said =
                values.values(rollout.stream().map(ScoredGroup::group).toList());
        for (int g = 0; g < rollout.size(); g++) {
            PolicyViews known = views.get(g).withValues(said.get(g));
            GroupRewards earned = kl.penalty().taken(CreditedGroup.rewards(rollout.get(g), known));
            views.set(
                    g,
                    known.withReturns(
                            algorithm.critic().orElseThrow().estimate().returns(earned)));
        }
    }

    /** The method's estimator, with what the penalty in the reward is now. */
    private AdvantageEstimator credit(Algorithm stage) {
        return stage.advantages() instanceof KlTaken taken
                ? taken.withCoefficient(kl.penalty().coefficient())
                : stage.advantages();
    }

    /** Shows the initial model to a task, if it is kept. */
    void withInitial(Consumer<Optional<CausalLM>> task) {
        if (initial.isPresent()) {
            initial.get().use(policy -> task.accept(Optional.of(policy)));
        } else {
            task.accept(Optional.empty());
        }
    }

    private List<float[][]> scored(CausalLM policy, List<Group> groups) {
        return PolicyScorer.perSample(
                policy,
                groups,
                (float) config.rollout().temperature(),
                config.memory().microBatchTokens());
    }

    /** All that a step wants to know of the initial model, at once and before there are gradients: it may be far away. */
    private OptionalDouble askInitial(List<Group> groups, List<PolicyViews> views) {
        double[] kl = {Double.NaN};
        initial.ifPresent(reference -> reference.use(policy -> {
            if (config.measuring().klSamples() > 0 && !follows()) { // one that follows is the initial model no more
                kl[0] = DriftEstimate.klTo(
                        policy, groups, config.measuring().klSamples(), config.rollout(), config.memory());
            }
            if (algorithm.needsReference()) {
                List<float[][]> ref = scored(policy, groups);
                for (int g = 0; g < groups.size(); g++) {
                    views.set(g, views.get(g).withRef(ref.get(g)));
                }
            }
        }));
        return initial.isPresent() && config.measuring().klSamples() > 0 && !follows()
                ? OptionalDouble.of(kl[0])
                : OptionalDouble.empty();
    }

    /** The optimizer steps on one rollout, each made when it is asked for. */
    final class Lesson implements Iterator<TrainingStep.Learned> {
        private final Algorithm stage;
        private final List<CreditedGroup> batch;
        private final OptionalDouble klToInitial;
        private final Map<String, Double> first; // metrics of the first step alone
        private final Iterator<List<MicroBatch>> steps;

        private Lesson(
                Algorithm stage,
                List<CreditedGroup> batch,
                OptionalDouble klToInitial,
                Map<String, Double> first,
                Iterator<List<MicroBatch>> steps) {
            this.stage = stage;
            this.first = first;
            this.batch = batch;
            this.klToInitial = klToInitial;
            this.steps = steps;
        }

        /** What is learned from. */
        List<CreditedGroup> batch() {
            return batch;
        }

        /** The policy's drift from the initial model before these steps, if it is measured. */
        OptionalDouble klToInitial() {
            return klToInitial;
        }

        @Override
        public boolean hasNext() {
            return steps.hasNext();
        }

        /** Makes the next step. */
        @Override
        public TrainingStep.Learned next() {
            List<MicroBatch> microBatches = steps.next();
            PolicyGradient gradient = new PolicyGradient(
                    model,
                    stage,
                    (float) config.rollout().temperature(),
                    config.memory().microBatchTokens(),
                    microBatches,
                    entropy.coefficient(),
                    config.mixture(),
                    critic.filter(Critic::isShared));
            if (plan.trl()) { // a step whose gradient vanishes is one of zeros there: moments and decay act
                model.parameters().forEach(Parameter::provideGrad);
            }
            Map<String, Double> mixed = new TreeMap<>();
            Update update = learner.update(() -> {
                gradient.accumulate(learner.updates());
                requireOnPolicy(gradient);
                return gradient.loss() + ptxLoss(mixed);
            });
            initial.ifPresent(reference -> reference.follow(learner.updates()));
            Map<String, Double> measures = gradient.measures();
            measures.putAll(mixed);
            entropy.observe(measures.getOrDefault("entropy", 0.0));
            critic.ifPresent(values -> {
                values.update(microBatches);
                measures.putAll(values.endStep());
            });
            if (!algorithm.entropyBonus().isNone()) {
                measures.put("entropy_coef", entropy.reported());
            }
            measures.putAll(first);
            first.clear();
            return new TrainingStep.Learned(
                    update, gradient.statistics(), gradient.agreement(), gradient.balanceLoss(), measures);
        }
    }

    /** Adds the gradient of demonstrations, if the run mixes them in; what the loss grows by. */
    private double ptxLoss(Map<String, Double> measures) {
        if (ptx.isEmpty()) {
            return 0;
        }
        double loss = ptx.get().accumulate(learner.updates(), config.memory().microBatchTokens());
        measures.put("ptx_loss", loss);
        return ptx.get().weighted(loss);
    }

    private boolean follows() {
        return algorithm.extras().reference().syncRefModel() && initial.isPresent();
    }

    private void requireOnPolicy(PolicyGradient gradient) {
        double difference = gradient.agreement().differenceMax();
        if (algorithm.strictlyOnPolicy() && gradient.foreignTokens() > 0) {
            throw new IllegalStateException(algorithm.name() + " is strictly on-policy, but other weights chose "
                    + gradient.foreignTokens()
                    + " tokens of this step; sample anew for every step (Rollouts.local, Buffer.none), or set"
                    + " strict_on_policy=false");
        }
        if (algorithm.strictlyOnPolicy() && difference != 0) {
            throw new IllegalStateException(algorithm.name()
                    + " is strictly on-policy, but log-probabilities differ from the sampler's by " + difference
                    + "; sample with the weights that train (Rollouts.local), or set strict_on_policy=false");
        }
    }

    @Override
    public void save(Path checkpoint, ObjectNode state) {
        entropy.save(state);
        initial.ifPresent(reference -> reference.save(checkpoint, state));
        kl.save(state);
        critic.ifPresent(values -> values.save(checkpoint, state));
    }

    @Override
    public void restore(Path checkpoint, JsonNode state) {
        entropy.restore(state);
        initial.ifPresent(reference -> reference.restore(checkpoint, state));
        kl.restore(state);
        critic.ifPresent(values -> values.restore(checkpoint, state));
    }
}
