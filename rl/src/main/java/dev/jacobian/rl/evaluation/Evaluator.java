// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.evaluation;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.episode.Episode;
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
    private final RewardCallConfig calls;
    private final Optional<WeightedRewards> chooser;

    /** Measures a model. */
    public Evaluator(CausalLM model, EvaluationConfig config) {
        this(model, config, RewardCallConfig.DEFAULT, Optional.empty());
    }

    private Evaluator(
            CausalLM model, EvaluationConfig config, RewardCallConfig calls, Optional<WeightedRewards> chooser) {
        this.model = model;
        this.config = config;
        this.calls = calls;
        this.chooser = chooser;
    }

    /** The same where somebody, such as a reward model, chooses among the samples of a problem: best@k. */
    public Evaluator choosingBy(WeightedRewards rewards) {
        return new Evaluator(model, config, calls, Optional.of(rewards));
    }

    /** The same with other deadlines of rewards, and another number of failures that are borne ({@link RewardRun#measuring}). */
    public Evaluator calling(RewardCallConfig how) {
        return new Evaluator(model, config, how, chooser);
    }

    /**
     * Samples and scores. A sample whose reward failed counts as one that solves nothing, and is counted as such
     * ({@link Evaluation#failures}).
     *
     * @param problems how many held-out problems
     * @throws dev.jacobian.rl.reward.RewardException if too many rewards fail
     * @throws dev.jacobian.io.FormatException naming the first problem that the model cannot complete
     * @throws IllegalArgumentException if the task has fewer, or a choosing reward fails
     */
    public Evaluation run(Task task, int problems) {
        List<Group> groups = sample(model, task, problems, config.samples(), config.generation());
        CompletionText texts = new CompletionText(model);
        RewardRun rewards = RewardRun.measuring(calls, groups.size() * config.samples());
        List<ScoredGroup> scored = Scoring.score(groups, texts, task, rewards);
        List<double[]> choices =
                chooser.map(judge -> choices(judge, groups, texts)).orElse(List.of());
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
        return new Evaluation(
                task.name(), config, results, entropies.all, new RewardFailures(rewards.borne(), rewards.firstBorne()));
    }

    /**
     * The share of problems that a sample each solves.
     *
     * @param value the share
     * @param failures samples whose reward failed, which count as ones that solve nothing
     */
    public record PassAt1(double value, RewardFailures failures) {}

    /**
     * Only pass@1, without the measurements that cost another forward pass.
     *
     * @param calls how rewards are called
     */
    public static PassAt1 passAt1(
            CausalLM model, Task task, int problems, GenerationConfig generation, RewardCallConfig calls) {
        List<Group> groups = sample(model, task, problems, 1, generation);
        RewardRun rewards = RewardRun.measuring(calls, groups.size());
        int solved = 0;
        for (ScoredGroup group : Scoring.score(groups, new CompletionText(model), task, rewards)) {
            solved += group.solved()[0] ? 1 : 0;
        }
        return new PassAt1(solved / (double) groups.size(), new RewardFailures(rewards.borne(), rewards.firstBorne()));
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

    /** What the chooser says of each sample; of one whose environment failed it would choose any other. */
    private static List<double[]> choices(WeightedRewards chooser, List<Group> groups, CompletionText texts) {
        List<List<Completion>> completions =
                groups.stream().map(group -> Scoring.completions(group, texts)).toList();
        List<double[]> choices = new ArrayList<>();
        for (List<WeightedRewards.Breakdown> group : chooser.score(completions)) {
            List<Completion> samples = completions.get(choices.size());
            double[] scores = new double[samples.size()];
            for (int i = 0; i < scores.length; i++) {
                boolean broken =
                        samples.get(i).episode().flatMap(Episode::failure).isPresent();
                scores[i] =
                        broken ? Double.NEGATIVE_INFINITY : group.get(i).total().orNaN();
                if (Double.isNaN(scores[i])) {
                    throw new IllegalArgumentException("what chooses among samples has no score for one of problem '"
                            + samples.get(i).problemId() + "': " + group.get(i).total());
                }
            }
            choices.add(scores);
        }
        return choices;
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
