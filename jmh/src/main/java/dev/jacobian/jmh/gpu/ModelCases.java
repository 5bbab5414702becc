// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import dev.jacobian.autograd.Var;
import dev.jacobian.autograd.optim.AdamW;
import dev.jacobian.autograd.optim.AdamWConfig;
import dev.jacobian.jmh.Folders;
import dev.jacobian.jmh.ModelShape;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.RlTrainer;
import dev.jacobian.rl.TrainingListener;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.config.ModelFamily;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.SynchronousQueue;
import java.util.stream.IntStream;

/**
 * A model of Qwen2.5-0.5B's shape with random weights, as {@code train_step.py}, {@code generate.py} and {@code grpo.py} have
 * it: a training step, one sequence decoded, many sampled, an iteration of GRPO.
 */
final class ModelCases {
    private static final ModelShape QWEN = new ModelShape("0.5B", 896, 24, 14, 2, 64, 4864, 151936);
    private static final ModelShape TINY = new ModelShape("tiny", 64, 2, 4, 2, 16, 128, 512);

    private final Device device;
    private final boolean smoke;
    private final ModelShape shape;

    ModelCases(Device device, boolean smoke) {
        this.device = device;
        this.smoke = smoke;
        this.shape = smoke ? TINY : QWEN;
    }

    List<GpuCase> all() {
        int length = smoke ? 32 : 2048;
        int batch = smoke ? 2 : 8;
        int newTokens = smoke ? 4 : 256;
        int sequences = smoke ? 3 : 256;
        int rollout = smoke ? 4 : 512;
        String training = batch + " sequences of " + length;
        String rollouts = "rollouts, " + sequences + " sequences x " + rollout + " tokens";
        String grpo = smoke ? "2 prompts x 2 samples, 4 tokens" : "32 prompts x 8 samples, 512 tokens";
        double tokens = (double) batch * length;
        return List.of(
                // Weights and moments are F32 and products BF16: what PyTorch calls autocast. Its fastest way,
                // everything in
                // BF16, is the other row, with the same measurement on this side.
                new GpuCase("gpu-training-step", "bf16, " + training, "tokens/s", tokens, () -> step(batch, length)),
                new GpuCase(
                        "gpu-training-step", "autocast, " + training, "tokens/s", tokens, () -> step(batch, length)),
                new GpuCase("gpu-generate", "decode, 1 sequence", "tokens/s", newTokens, () -> decode(newTokens)),
                new GpuCase(
                        "gpu-generate",
                        rollouts,
                        "tokens/s",
                        (double) sequences * rollout,
                        () -> rollouts(sequences, rollout)),
                new GpuCase("gpu-grpo", grpo, "s", 1, this::grpo));
    }

    private CausalLM model(Optional<Path> tokenizer) {
        CausalLM created = CausalLM.create(
                ModelFamily.parse(shape.json("qwen2").put("eos_token_id", shape.vocabulary() - 1), "benchmark"),
                tokenizer,
                1);
        return device.equals(Device.CPU) ? created : created.to(device, DType.BF16);
    }

    private Runnable step(int sequences, int length) {
        CausalLM model = model(Optional.empty());
        List<int[]> tokens = Random.tokens(shape.vocabulary(), sequences, length);
        AdamW optimizer = new AdamW(model.parameters(), AdamWConfig.DEFAULT);
        Workspace workspace = new Workspace();
        return () -> workspace.run(() -> {
            Var loss = model.loss(tokens, tokens);
            loss.backward();
            optimizer.step(1e-5);
            optimizer.zeroGrad();
        });
    }

    /** For inference alone: weights in BF16, as the other side has them. */
    private Generator generator() {
        Path folder = Folders.scratch().resolve("checkpoint-gpu-" + shape.name());
        if (!Files.exists(folder)) {
            CausalLM.create(ModelFamily.parse(shape.json("qwen2"), "benchmark"), Optional.empty(), 1)
                    .save(folder, DType.BF16);
        }
        ModelOptions options = ModelOptions.DEFAULT.weights(WeightFormat.BF16);
        return new Generator(CausalLM.load(
                folder, device.equals(Device.CPU) ? options : options.on(device).computingIn(DType.BF16)));
    }

    private Runnable decode(int newTokens) {
        Generator generator = generator();
        List<int[]> prompt = Random.tokens(shape.vocabulary(), 1, smoke ? 4 : 32);
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(newTokens)
                .doSample(false)
                .ignoreEos(true)
                .build();
        return () -> generator.generate(prompt, 1, config);
    }

    private Runnable rollouts(int sequences, int newTokens) {
        Generator generator = generator();
        List<int[]> prompts = Random.tokens(shape.vocabulary(), sequences, smoke ? 4 : 64);
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(newTokens)
                .ignoreEos(true)
                .build();
        return () -> generator.generate(prompts, 1, config);
    }

    /** The trainer runs in a thread of its own; a call lets it go on until the end of its next step. */
    private Runnable grpo() {
        int prompts = smoke ? 2 : 32;
        CausalLM model = model(Optional.of(Folders.root().resolve("testdata/models/arith-qwen3")));
        List<String> questions = IntStream.range(0, prompts)
                .mapToObj(i -> String.format(Locale.ROOT, "%0" + (smoke ? 4 : 64) + "d", 7919L * (i + 1)))
                .toList();
        RewardFunction reward = RewardFunction.named(
                "sevenths",
                completion -> Score.of(IntStream.of(completion.tokenIds())
                                .filter(id -> id % 7 == 0)
                                .count()
                        / (double) completion.tokenIds().length));
        RlConfig config = RlConfig.builder()
                .maxSteps(1_000_000)
                .promptsPerStep(prompts)
                .numGenerations(smoke ? 2 : 8)
                .maxCompletionLength(smoke ? 4 : 512)
                .learningRate(1e-6)
                .evalSteps(0)
                .finalEvalProblems(1)
                .klSamples(0)
                .build();
        SynchronousQueue<Optional<Throwable>> ends = new SynchronousQueue<>();
        SynchronousQueue<Boolean> starts = new SynchronousQueue<>();
        TrainingListener stop = TrainingListener.eachStep(metrics -> {
            put(ends, Optional.empty());
            take(starts);
        });
        RlTrainer trainer = new RlTrainer(model, new PromptTask("numbers", questions, reward), config).listener(stop);
        Thread.ofPlatform().daemon().name("grpo").start(() -> {
            take(starts);
            try {
                trainer.train();
            } catch (Throwable failure) {
                put(ends, Optional.of(failure));
            }
        });
        return () -> {
            put(starts, true);
            take(ends).ifPresent(failure -> {
                throw new IllegalStateException("training failed: " + failure, failure);
            });
        };
    }

    private static <T> void put(SynchronousQueue<T> queue, T value) {
        try {
            queue.put(value);
        } catch (InterruptedException interrupt) {
            throw new IllegalStateException(interrupt);
        }
    }

    private static <T> T take(SynchronousQueue<T> queue) {
        try {
            return queue.take();
        } catch (InterruptedException interrupt) {
            throw new IllegalStateException(interrupt);
        }
    }
}
