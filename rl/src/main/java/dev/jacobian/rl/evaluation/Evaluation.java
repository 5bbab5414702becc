// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.evaluation;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * What a model does on a task's held-out problems.
 *
 * @param task the task's name
 * @param config how it was measured
 * @param results of each problem
 * @param entropy Σ of the model's entropies at all tokens that it chose, in nats
 * @param failures of rewards
 */
public record Evaluation(
        String task, EvaluationConfig config, List<ProblemResult> results, double entropy, RewardFailures failures) {
    private static final String PASS_AT_1 = "pass@1";

    public Evaluation {
        results = List.copyOf(results);
    }

    /** Samples and scores, with pass@1 and pass@k of all samples. */
    public static Evaluation run(CausalLM model, Task task, int problems, int samples, GenerationConfig generation) {
        return new Evaluator(model, new EvaluationConfig(samples, generation)).run(task, problems);
    }

    /**
     * All numbers by name:
     *
     * <table>
     * <caption>Metrics</caption>
     * <tr><td>{@code pass@k}</td><td>the chance that one of k samples solves a problem</td></tr>
     * <tr><td>{@code maj@k}</td><td>that the most frequent answer of k samples is right (ties go to the earliest)</td></tr>
     * <tr><td>{@code best@k}</td><td>that the sample which a model likes best among k is right, where one was asked</td></tr>
     * <tr><td>{@code self_bleu}</td><td>mean BLEU-4 of a completion against the others of its problem</td></tr>
     * <tr><td>{@code reward}, {@code mean_length}</td><td>per completion; tokens</td></tr>
     * <tr><td>{@code entropy}</td><td>of the model's distribution at each completion token, in nats</td></tr>
     * <tr><td>{@code rep5}</td><td>share of repeated 5-grams of tokens</td></tr>
     * <tr><td>{@code clipped_ratio}</td><td>share of completions that a limit ended</td></tr>
     * </table>
     */
    public Map<String, Estimate> metrics() {
        Confidence sure = config.confidence();
        double[] samples = each(result -> result.samples().size());
        double completions = samples.length * (double) config.samples();
        Map<String, Estimate> metrics = new LinkedHashMap<>();
        metrics.put(PASS_AT_1, sure.share(each(ProblemResult::solved), samples));
        for (int k : config.ks()) {
            if (k > 1) {
                metrics.put("pass@" + k, sure.share(each(result -> result.passAt(k))));
                metrics.put("maj@" + k, sure.share(each(result -> result.majorityAt(k))));
            }
            if (choosing()) {
                metrics.put("best@" + k, sure.share(each(result -> result.bestAt(k))));
            }
        }
        if (config.samples() > 1) {
            metrics.put("self_bleu", sure.mean(each(ProblemResult::selfBleu)).within(0, 1));
        }
        double reward = samples().mapToDouble(Evaluation::reward).reduce(0, Double::sum); // one after the other
        metrics.put(
                "reward",
                sure.ratio(each(result -> result.sum(Evaluation::reward)), samples)
                        .at(reward / completions));
        double[] tokens = each(result -> result.sum(SampleResult::tokens));
        metrics.put("mean_length", sure.ratio(tokens, samples).within(0, Double.POSITIVE_INFINITY));
        double all = samples().mapToLong(SampleResult::tokens).sum();
        metrics.put(
                "entropy",
                sure.ratio(each(result -> result.sum(SampleResult::entropy)), tokens)
                        .at(entropy / Math.max(1, all))
                        .within(0, Double.POSITIVE_INFINITY));
        metrics.put(
                "rep5",
                sure.mean(each(result -> result.sum(SampleResult::repetition) / config.samples()))
                        .within(0, 1));
        metrics.put(
                "clipped_ratio", sure.share(each(result -> result.sum(sample -> sample.truncated() ? 1 : 0)), samples));
        return metrics;
    }

    private static double reward(SampleResult sample) {
        return Double.isNaN(sample.reward()) ? 0 : sample.reward();
    }

    private boolean choosing() {
        return samples()
                .findFirst()
                .flatMap(sample -> sample.choice().stream().boxed().findFirst())
                .isPresent();
    }

    private Stream<SampleResult> samples() {
        return results.stream().flatMap(result -> result.samples().stream());
    }

    private double[] each(ToDoubleFunction<ProblemResult> what) {
        return results.stream().mapToDouble(what).toArray();
    }

    /** The same under another name. */
    public Evaluation named(String name) {
        return new Evaluation(name, config, results, entropy, failures);
    }

    /** Number of problems. */
    public int problems() {
        return results.size();
    }

    /** Mean share of solved completions. */
    public double passAt1() {
        return Objects.requireNonNull(metrics().get(PASS_AT_1)).value();
    }

    /** As {@code evaluation.json} has it. */
    ObjectNode toJson() {
        ObjectNode json = Json.object();
        json.put("task", task);
        json.put("problems", problems());
        json.put("samples", config.samples());
        if (failures.samples() > 0) {
            json.put("reward_failures", failures.samples());
        }
        json.put("confidence", config.confidence().level());
        ObjectNode metrics = json.putObject("metrics");
        metrics().forEach((name, estimate) -> metrics.set(name, estimate.toJson()));
        ArrayNode ids = json.putArray("problem_ids");
        results.forEach(result -> ids.add(result.problem().id()));
        ArrayNode solved = json.putArray("solved");
        results.forEach(result -> solved.add(result.solved()));
        return json;
    }

    /** The samples, a JSON object each. */
    Stream<ObjectNode> lines() {
        return results.stream().flatMap(result -> {
            int[] number = {0};
            return result.samples().stream().map(sample -> {
                ObjectNode json = Json.object();
                json.put("problem", result.problem().id());
                json.put("sample", number[0]++);
                json.put("prompt", result.problem().prompt());
                return json.setAll(sample.toJson());
            });
        });
    }
}
