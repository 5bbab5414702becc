// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.Evaluation;
import dev.jacobian.rl.judge.RewardedTask;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code jacobian eval}: accuracy on held-out problems. */
@Command(name = "eval", description = "Measure a model on a task's held-out problems.")
final class EvalCommand extends CliCommand {
    private static final int USUAL_PROBLEMS = 500;

    @Option(names = "--model", paramLabel = "DIR", description = "Checkpoint to measure (default: the bundled model).")
    private Optional<Path> model = Optional.empty();

    @Mixin
    private WeightsOption weights;

    @Mixin
    private KvCacheOption kvCache;

    @Mixin
    private TaskOption task;

    @Mixin
    private SamplingOptions sampling;

    @Option(
            names = "--problems",
            paramLabel = "N",
            description =
                    "Problems to measure (default: all rows of --data; 500 of another task). Of --data the rows that"
                            + " rl holds out of training come first.")
    private Optional<Integer> problems = Optional.empty();

    @Option(
            names = "--samples",
            paramLabel = "K",
            defaultValue = "1",
            description = "Completions per problem; above 1 pass@K, maj@K and Self-BLEU are measured too (default: 1).")
    private int samples;

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            defaultValue = "144",
            description = "Limit of tokens per completion (default: ${DEFAULT-VALUE}).")
    private int maxNewTokens;

    @Option(names = "--greedy", description = "Take the most likely token instead of sampling.")
    private boolean greedy;

    EvalCommand(Streams streams) {
        super(streams);
    }

    @Override
    void checkUsage() {
        if (problems.orElse(1) < 1 || samples < 1 || maxNewTokens < 1) {
            throw usage("--problems, --samples and --max-new-tokens must be at least 1");
        }
        if (greedy && samples > 1) {
            throw usage("--greedy gives the same completion every time; leave out --samples");
        }
        task.check(this);
        if (task.comparesSamples()) {
            throw usage("--preference-model compares the samples of a prompt with each other, which says nothing of a"
                    + " model's level; leave it out, or take --reward-model");
        }
        try {
            generation();
        } catch (IllegalArgumentException wrong) {
            throw usage(wrong.getMessage());
        }
    }

    private GenerationConfig generation() {
        return sampling.applyTo(GenerationConfig.builder())
                .maxNewTokens(maxNewTokens)
                .doSample(!greedy)
                .seed(common().seed())
                .build();
    }

    /** Of a file every row may be measured, also those that rl would train on; which is said where it happens. */
    private Task measured(Task all) {
        if (all instanceof RewardedTask rewarded) {
            return new RewardedTask(measured(rewarded.problems()), rewarded.rewards(), rewarded.solvedThreshold());
        }
        if (!(all instanceof JsonlTask rows)) {
            return all;
        }
        int heldOut = rows.evalSize();
        JsonlTask everything = rows.evaluatingOnAll();
        int count = problems.orElse(everything.evalSize());
        if (count > heldOut && count <= everything.evalSize()) {
            streams()
                    .note("measuring " + count + " rows of " + task.data().orElseThrow()
                            + ", of which rl --data holds out " + heldOut + " and trains on the others; --problems "
                            + heldOut + " measures only the former");
        }
        return everything;
    }

    @Override
    void execute() {
        Path folder = model.map(ModelOption::existing).orElseGet(BundledModel::folder);
        CausalLM policy = weights.load(folder, kvCache.in(modelOptions(folder)));
        Task measured = measured(
                TaskOption.usable(task.task(this::modelOptions), task.skipBadRows(), policy, maxNewTokens, streams()));
        int count = problems.orElseGet(() -> task.data().isPresent() ? measured.evalSize() : USUAL_PROBLEMS);
        Evaluation result = Evaluation.run(policy, measured, count, samples, generation());
        ObjectNode json = Json.object();
        json.put("task", task.name());
        json.put("problems", result.problems());
        json.put("samples", result.samples());
        json.put("pass@1", result.passAt1());
        if (samples > 1) {
            json.put("pass@" + samples, result.passAtK());
            json.put("maj@" + samples, result.majorityAtK());
            json.put("self_bleu", result.selfBleu());
        }
        json.put("reward", result.reward());
        json.put("mean_length", result.meanLength());
        json.put("entropy", result.entropy());
        json.put("rep5", result.rep5());
        json.put("clipped_ratio", result.truncated());
        if (common().json()) {
            streams().json(json);
            return;
        }
        json.properties()
                .forEach(entry -> streams()
                        .line(String.format(
                                Locale.ROOT,
                                "%-14s %s",
                                entry.getKey(),
                                entry.getValue().isDouble()
                                        ? String.format(
                                                Locale.ROOT,
                                                "%.4f",
                                                entry.getValue().doubleValue())
                                        : entry.getValue().asText())));
    }
}
