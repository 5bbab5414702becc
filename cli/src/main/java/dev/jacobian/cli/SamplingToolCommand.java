// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.judge.RewardedTask;
import dev.jacobian.rl.promptset.PromptTool;
import dev.jacobian.rl.promptset.SampledPrompts;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A tool that asks a model: its completions of each prompt are judged by the task's rewards. */
abstract class SamplingToolCommand extends PromptToolCommand {
    private static final int EVERY = 256;

    @Option(names = "--model", paramLabel = "DIR", description = "Checkpoint to ask (default: the bundled model).")
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
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "How rewards are called: reward_timeout, reward_error_budget or reward_concurrency; may be"
                    + " repeated.")
    private List<String> assignments = List.of();

    SamplingToolCommand(Streams streams) {
        super(streams);
    }

    /** Completions of each prompt. */
    abstract int samples();

    /** Most tokens of a completion. */
    abstract int maxNewTokens();

    /** The tool over what is sampled. */
    abstract PromptTool tool(SampledPrompts completions, JsonlTask problems);

    @Override
    final boolean computes() {
        return true;
    }

    @Override
    void checkUsage() {
        task.check(this);
        if (task.data().isEmpty()) {
            throw usage("--data PATH names the rows that are looked at");
        }
        if (task.skipBadRows()) {
            throw usage("--skip-bad-rows would leave rows without a measurement; remove them first");
        }
        if (samples() < 1 || maxNewTokens() < 1) {
            throw usage("the numbers of completions and of tokens must be at least 1");
        }
        try {
            generation();
            RewardCalls.of(given());
        } catch (IllegalArgumentException | FormatException | CliException wrong) {
            throw usage(wrong.getMessage());
        }
    }

    @Override
    final Rows rows() {
        return task.data().orElseThrow();
    }

    private GenerationConfig generation() {
        return sampling.applyTo(GenerationConfig.builder())
                .maxNewTokens(maxNewTokens())
                .doSample(true)
                .seed(common().seed())
                .build();
    }

    @Override
    final PromptTool tool(Rows data) {
        Path folder = model.map(ModelOption::existing).orElseGet(BundledModel::folder);
        CausalLM asked = kvCache.limit(weights.load(folder, kvCache.in(modelOptions(folder))));
        Task rewarded = task.task(this::modelOptions);
        JsonlTask problems = (JsonlTask) (rewarded instanceof RewardedTask other ? other.problems() : rewarded);
        SampledPrompts completions =
                new SampledPrompts(asked, rewarded, samples(), generation(), RewardCalls.of(given()), new Progress());
        return tool(completions, problems);
    }

    private Given given() {
        Given given = Settings.given(assignments);
        RewardCalls.without(given).keys().stream().findFirst().ifPresent(key -> {
            throw new CliException("--set " + key + ": what is to be set here is " + RewardCalls.keys());
        });
        return given;
    }

    /** Tells the person who waits. */
    private final class Progress implements SampledPrompts.Progress {
        @Override
        public void done(int prompts) {
            if (prompts % EVERY == 0) {
                streams().note(prompts + " prompts are measured");
            }
        }

        @Override
        public void say(String message) {
            streams().note(message);
        }
    }
}
