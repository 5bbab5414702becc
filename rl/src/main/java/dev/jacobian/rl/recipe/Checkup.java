// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import dev.jacobian.rl.evaluation.Evaluation;
import dev.jacobian.rl.evaluation.EvaluationConfig;
import dev.jacobian.rl.evaluation.Evaluator;
import dev.jacobian.rl.evaluation.ProblemResult;
import dev.jacobian.rl.evaluation.SampleResult;
import dev.jacobian.rl.recipe.stage.Sample;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.rl.reward.FormatReward;
import dev.jacobian.rl.reward.LanguageReward;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * What a model does on held-out problems, in the words of a pipeline's report: how much it solves, at what length, how often it looks again, in
 * which language, and some answers to read. The same problems and the same random numbers before and after, so that answers can be compared.
 */
public final class Checkup {
    private static final String TRUNCATED = "truncated";

    private Checkup() {}

    /** Looks at a model; figures are named {@code pass@1_before} and so on. */
    public static StageResult of(CausalLM model, Task task, CheckConfig config, long seed, String when) {
        GenerationConfig generation = GenerationConfig.sampling(config.checkTokens(), 1f, seed);
        int problems = Math.min(config.checkProblems(), task.evalSize());
        Evaluation evaluation = new Evaluator(model, new EvaluationConfig(1, generation)).run(task, problems);
        double tokens = 0;
        double reflections = 0;
        double cut = 0;
        double format = 0;
        double language = 0;
        double solved = 0;
        List<Sample> shown = new ArrayList<>();
        for (ProblemResult result : evaluation.results()) {
            SampleResult sample = result.samples().getFirst();
            solved += sample.solved() ? 1 : 0;
            tokens += sample.tokens();
            reflections += ReflectionWords.count(sample.text());
            cut += sample.truncated() ? 1 : 0;
            format += score(FormatReward.DEFAULT, result, sample);
            language += score(LanguageReward.DEFAULT, result, sample);
            if (shown.size() < config.checkSamples()) {
                shown.add(new Sample(when, result.problem().prompt(), sample.text(), sample.reward(), sample.solved()));
            }
        }
        StageResult seen = StageResult.EMPTY
                .figure("mean_length_" + when, tokens / problems)
                .figure("reflection_words_" + when, reflections / problems)
                .figure(TRUNCATED + "_" + when, cut / problems)
                .figure("format_" + when, format / problems)
                .figure("language_consistency_" + when, language / problems)
                .samples(shown);
        return Double.isNaN(task.solvedThreshold())
                ? seen
                : StageResult.EMPTY.figure("pass@1_" + when, solved / problems).and(seen);
    }

    private static double score(RewardFunction reward, ProblemResult result, SampleResult sample) {
        return reward.score(result.problem().completion(sample.text(), new int[0], FinishReason.STOP))
                .orNaN();
    }
}
