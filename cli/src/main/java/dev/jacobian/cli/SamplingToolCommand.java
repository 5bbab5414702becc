// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.judge.RewardedTask;
import dev.jacobian.rl.promptset.PromptTool;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.IntConsumer;
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

    SamplingToolCommand(Streams streams) {
        super(streams);
    }

    /** Completions of each prompt. */
    abstract int samples();

    /** Most tokens of a completion. */
    abstract int maxNewTokens();

    /** The tool, told how far it is by {@code progress}. */
    abstract PromptTool tool(
            CausalLM asked, JsonlTask problems, Task rewarded, GenerationConfig generation, IntConsumer progress);

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
        } catch (IllegalArgumentException wrong) {
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
        CausalLM asked = weights.load(folder, kvCache.in(modelOptions(folder)));
        Task rewarded = task.task(this::modelOptions);
        JsonlTask problems = (JsonlTask) (rewarded instanceof RewardedTask other ? other.problems() : rewarded);
        return tool(asked, problems, rewarded, generation(), done -> {
            if (done % EVERY == 0) {
                streams().note(done + " prompts are measured");
            }
        });
    }
}
