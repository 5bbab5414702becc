// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.judge.RewardedTask;
import dev.jacobian.rl.promptset.PromptSet;
import dev.jacobian.rl.promptset.SampledPrompts;
import dev.jacobian.rl.selection.AnswerSampler;
import dev.jacobian.rl.selection.SelectedData;
import dev.jacobian.rl.selection.Selection;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What commands share that make data of a model's own completions. */
abstract class SelectionCommand extends CliCommand {
    private static final int EVERY = 256;
    private static final int USUAL_PROBLEMS = 1000;
    private static final int USUAL_TOKENS = 512;
    private static final int BUNDLED_TOKENS = 144;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Checkpoint that completes (default: the bundled model).")
    private Optional<Path> model = Optional.empty();

    @Mixin
    private WeightsOption weights;

    @Mixin
    private KvCacheOption kvCache;

    @Mixin
    private TaskOption task;

    @Option(
            names = "--problems",
            paramLabel = "N",
            description =
                    "Problems (default: all rows of --data; " + USUAL_PROBLEMS + " training problems of another task).")
    private Optional<Integer> problems = Optional.empty();

    @Option(
            names = "--samples",
            paramLabel = "N",
            defaultValue = "8",
            description = "Completions of each problem (default: ${DEFAULT-VALUE}, as Kimi k1.5).")
    private int samples;

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            description = "Most tokens of a completion (default: " + USUAL_TOKENS + "; " + BUNDLED_TOKENS
                    + " of the bundled model).")
    private Optional<Integer> givenTokens = Optional.empty();

    @Mixin
    private SamplingOptions sampling;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "How rewards are called: reward_timeout, reward_error_budget or reward_concurrency; may be"
                    + " repeated.")
    private List<String> assignments = List.of();

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "The new data, NAME.jsonl.")
    private Path out;

    SelectionCommand(Streams streams) {
        super(streams);
    }

    /** Which completions become data. */
    abstract Selection selection();

    @Override
    void checkUsage() {
        task.check(this);
        if (samples < 1 || maxNewTokens() < 1 || problems.orElse(1) < 1) {
            throw usage("the numbers of problems, completions and tokens must be at least 1");
        }
        try {
            selection();
            generation();
            RewardCalls.of(given());
        } catch (IllegalArgumentException | FormatException | CliException wrong) {
            throw usage(wrong.getMessage());
        }
    }

    private int maxNewTokens() {
        return givenTokens.orElse(model.isPresent() ? USUAL_TOKENS : BUNDLED_TOKENS);
    }

    private GenerationConfig generation() {
        return sampling.applyTo(GenerationConfig.builder())
                .maxNewTokens(maxNewTokens())
                .doSample(true)
                .seed(common().seed())
                .build();
    }

    private Given given() {
        Given given = Settings.given(assignments);
        RewardCalls.without(given).keys().stream().findFirst().ifPresent(key -> {
            throw new CliException("--set " + key + ": what is to be set here is " + RewardCalls.keys());
        });
        return given;
    }

    @Override
    void execute() {
        OutputFile.require(out);
        task.data().map(DataOption::existing).ifPresent(rows -> PromptSet.requireOther(rows, out));
        Path folder = model.map(ModelOption::existing).orElseGet(BundledModel::folder);
        CausalLM asked = kvCache.limit(weights.load(folder, kvCache.in(modelOptions(folder))));
        Task rewarded =
                TaskOption.usable(task.task(this::modelOptions), task.skipBadRows(), asked, maxNewTokens(), streams());
        AnswerSampler sampler =
                new AnswerSampler(asked, rewarded, samples, generation(), RewardCalls.of(given()), new Progress());
        SelectedData data = SelectedData.write(sampler, problems(rewarded), selection(), out);
        if (common().json()) {
            ObjectNode json = Json.object().put("selection", selection().description());
            json.setAll(data.toJson());
            streams().json(json.put("out", out.toString()));
        } else {
            print(data);
        }
    }

    /** Rows in their order; of a task that makes its problems up those that training would meet first. */
    private List<Problem> problems(Task rewarded) {
        Task own = rewarded instanceof RewardedTask other ? other.problems() : rewarded;
        if (own instanceof JsonlTask rows) {
            List<Problem> all = rows.inOrder();
            return all.subList(0, Math.min(all.size(), problems.orElse(all.size())));
        }
        return rewarded.trainProblems(common().seed(), 0, problems.orElse(USUAL_PROBLEMS));
    }

    private void print(SelectedData data) {
        streams()
                .line(String.format(
                        Locale.ROOT,
                        "%d of %d problems are solved by one of %d completions; %.1f %% of these are right.",
                        data.solved(),
                        data.problems(),
                        samples,
                        100 * data.passAt1()));
        streams()
                .line(String.format(
                        Locale.ROOT,
                        "Tokens: %.1f of all completions, %.1f of right ones, %.1f of the shortest right ones.",
                        data.meanTokens(),
                        data.correctTokens(),
                        data.shortestTokens()));
        streams().line(data.rows() + " rows: " + out);
    }

    /** Tells the person who waits. */
    private final class Progress implements SampledPrompts.Progress {
        @Override
        public void done(int prompts) {
            if (prompts % EVERY == 0) {
                streams().note(prompts + " problems are sampled");
            }
        }

        @Override
        public void say(String message) {
            streams().note(message);
        }
    }
}
