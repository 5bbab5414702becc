// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.evaluation;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.rl.learn.PackedGroups;
import dev.jacobian.rl.learn.PolicyScorer;
import dev.jacobian.rl.metric.Repetition;
import dev.jacobian.rl.metric.SelfBleu;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.RewardRun;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Scoring;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptCheck;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/** Measures a model on held-out problems. */
public final class Evaluator {
    /** Random keys of evaluations never meet those of training. */
    private static final long KEY_BASE = 1L << 48;

    private static final int MICRO_BATCH_TOKENS = 16384;

    private final CausalLM model;
    private final EvaluationConfig config;
    private final Optional<WeightedRewards> chooser;

    /** Measures a model. */
    public Evaluator(CausalLM model, EvaluationConfig config) {
        this(model, config, Optional.empty());
    }

    private Evaluator(CausalLM model, EvaluationConfig config, Optional<WeightedRewards> chooser) {
        this.model = model;
        this.config = config;
        this.chooser = chooser;
    }

    /** The same where somebody, such as a reward model, chooses among the samples of a problem: best@k. */
    public Evaluator choosingBy(WeightedRewards rewards) {
        return new Evaluator(model, config, Optional.of(rewards));
    }

    /**
     * Samples and scores.
     *
     * @param problems how many held-out problems
     * @throws dev.jacobian.io.FormatException naming the first problem that the model cannot complete
     * @throws IllegalArgumentException if the task has fewer, or a choosing reward fails
     */
    public Evaluation run(Task task, int problems) {
        List<Group> groups = sample(model, task, problems, config.samples(), config.generation());
        List<ScoredGroup> scored = Scoring.score(groups, new CompletionText(model), task);
        List<double[]> choices =
                chooser.map(rewards -> choices(rewards, scored)).orElse(List.of());
        Entropies entropies = new Entropies();
        for (List<Group> part : PolicyScorer.microBatches(groups, MICRO_BATCH_TOKENS)) {
            entropies.add(part);
        }
        List<ProblemResult> results = new ArrayList<>();
        for (int g = 0; g < scored.size(); g++) {
            results.add(result(
                    scored.get(g),
                    task,
                    choices.isEmpty() ? Optional.empty() : Optional.of(choices.get(g)),
                    entropies.samples.subList(g * config.samples(), (g + 1) * config.samples())));
        }
        return new Evaluation(task.name(), config, results, entropies.all);
    }

    /**
     * Only pass@1, without the measurements that cost another forward pass.
     *
     * @param rewards how rewards are called, and how many of their failures are borne
     */
    public static double passAt1(
            CausalLM model, Task task, int problems, GenerationConfig generation, RewardRun rewards) {
        List<Group> groups = sample(model, task, problems, 1, generation);
        int solved = 0;
        for (ScoredGroup group : Scoring.score(groups, new CompletionText(model), task, rewards)) {
            solved += group.solved()[0] ? 1 : 0;
        }
        return solved / (double) groups.size();
    }

    private static List<Group> sample(
            CausalLM model, Task task, int problems, int samples, GenerationConfig generation) {
        List<Problem> heldOut = task.evalProblems(problems);
        new PromptCheck(model, generation.maxNewTokens()).longest(task, heldOut);
        List<RolloutTask.Request> requests = IntStream.range(0, heldOut.size())
                .mapToObj(i -> new RolloutTask.Request(heldOut.get(i), KEY_BASE + i, samples))
                .toList();
        return Rollouts.local(model, task).run(new RolloutTask(requests, generation, 0));
    }

    /** What the chooser says of each sample. */
    private static List<double[]> choices(WeightedRewards chooser, List<ScoredGroup> scored) {
        List<List<Completion>> completions =
                scored.stream().map(Evaluator::completions).toList();
        List<double[]> choices = new ArrayList<>();
        for (List<WeightedRewards.Breakdown> group : chooser.score(completions)) {
            double[] scores =
                    group.stream().mapToDouble(one -> one.total().orNaN()).toArray();
            for (int i = 0; i < scores.length; i++) {
                if (Double.isNaN(scores[i])) {
                    throw new IllegalArgumentException("what chooses among samples has no score for one of problem '"
                            + scored.get(choices.size()).group().problem().id() + "': "
                            + group.get(i).total());
                }
            }
            choices.add(scores);
        }
        return choices;
    }

    private static List<Completion> completions(ScoredGroup scored) {
        Group group = scored.group();
        return IntStream.range(0, group.size())
                .mapToObj(i -> group.problem()
                        .completion(
                                scored.texts().get(i),
                                group.completion(i),
                                group.samples().get(i).finish()))
                .toList();
    }

    private ProblemResult result(
            ScoredGroup scored, Task task, Optional<double[]> choices, List<Double> entropiesOfSamples) {
        Group group = scored.group();
        int[][] responses = new int[group.size()][];
        List<SampleResult> samples = new ArrayList<>();
        for (int i = 0; i < responses.length; i++) {
            Trajectory sample = group.samples().get(i);
            responses[i] = group.completion(i);
            String text = scored.texts().get(i);
            samples.add(new SampleResult(
                    text,
                    sample.choices(),
                    scored.rewards()[i],
                    scored.solved()[i],
                    task.answer(text),
                    sample.finish(),
                    entropiesOfSamples.get(i),
                    Repetition.of(responses[i], 5),
                    choices.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(choices.get()[i])));
        }
        double bleu = responses.length > 1 ? SelfBleu.of(responses, config.smoothing()) : Double.NaN;
        return new ProblemResult(group.problem(), samples, bleu);
    }

    /** Entropies of the model's distributions: of all tokens, and by sample. */
    private final class Entropies {
        private final List<Double> samples = new ArrayList<>();
        private double all;

        void add(List<Group> part) {
            GenerationConfig generation = config.generation();
            float temperature = generation.doSample() ? generation.temperature() : 1f;
            PackedGroups packed = PackedGroups.of(part);
            float[] entropies = NoGrad.compute(() ->
                    PolicyScorer.score(model, packed, temperature).entropy().toFloatArray());
            for (int s = 0; s + 1 < packed.offsets().length; s++) {
                double own = 0;
                for (int t = packed.offsets()[s]; t < packed.offsets()[s + 1]; t++) {
                    own += entropies[t];
                    all += entropies[t];
                }
                samples.add(own);
            }
        }
    }
}
