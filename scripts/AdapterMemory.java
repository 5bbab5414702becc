// SPDX-License-Identifier: Apache-2.0

import dev.jacobian.io.Json;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.RlResult;
import dev.jacobian.rl.RlTrainer;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.DType;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.WeightFormats;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * GRPO of an adapter of rank 16 beside a model of the shape of Qwen2.5-0.5B with random weights: what a step takes, beside what was
 * planned. Rewards differ from sample to sample, so gradients are real. docs/adapters.md has what it printed.
 *
 * <pre>
 * ./jacobian --version # builds
 * java -XX:+UseSerialGC -Xmx3g -p cli/target/dist/$(cat cli/target/dist/current) --add-modules dev.jacobian.rl \
 *     scripts/AdapterMemory.java q8_0 [STEPS [SAMPLES [TOKENS]]]
 * </pre>
 *
 * <p>The model is made once, in BF16, in out/qwen2.5-0.5b-random. A heap just above the plan that suffices shows that the plan is no less than is
 * needed.
 */
class AdapterMemory {
    private static final String SHAPE = """
        {"model_type": "qwen2", "vocab_size": 151936, "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24,
         "num_attention_heads": 14, "num_key_value_heads": 2, "hidden_act": "silu", "max_position_embeddings": 32768,
         "rms_norm_eps": 1e-6, "rope_theta": 1000000.0, "tie_word_embeddings": true, "eos_token_id": 355}
        """;

    void main(String[] args) throws IOException {
        WeightFormats held = WeightFormats.parse(args[0]);
        int steps = args.length > 1 ? Integer.parseInt(args[1]) : 2;
        int samples = args.length > 2 ? Integer.parseInt(args[2]) : 8;
        int tokens = args.length > 3 ? Integer.parseInt(args[3]) : 160;
        Path folder = Path.of("out/qwen2.5-0.5b-random");
        if (!Files.exists(folder)) {
            DecoderConfig config = Families.parse(Json.parse(SHAPE, "shape"), "shape");
            CausalLM.create(config, Optional.of(Path.of("models/countdown-0.6m")), 1)
                    .save(folder, DType.BF16);
            IO.println("made " + folder + "; now start again");
            return;
        }
        AdapterSource adapter = new AdapterSource.Fresh(LoraConfig.allLinear(16, 32), 1);
        CausalLM model = CausalLM.load(folder, ModelOptions.DEFAULT.weights(held), adapter);
        RewardFunction odd = RewardFunction.named(
                "odd",
                c -> Score.of(
                        IntStream.of(c.tokenIds()).filter(id -> id % 2 == 1).count() / (double) c.tokenIds().length));
        Task task = new PromptTask("odd", List.of("3 7 15 = 36\n"), odd);
        RlConfig config = RlConfig.builder()
                .maxSteps(steps)
                .promptsPerStep(1)
                .numGenerations(samples)
                .maxCompletionLength(tokens)
                .gradientCheckpointing(true)
                .finalEvalProblems(1)
                .microBatchTokens(samples * tokens + 128)
                .warmupSteps(0)
                .learningRate(1e-4)
                .build();
        RlTrainer trainer = new RlTrainer(model, task, config);
        IO.println("plan: " + trainer.memoryPlan().describe());
        IO.println("heap: %.2f GiB".formatted(Runtime.getRuntime().maxMemory() / 0x1p30));
        long[] last = {System.nanoTime()};
        trainer.listener(TrainingListener.eachStep(m -> {
            long now = System.nanoTime();
            IO.println("step %d: %.1f s, reward %.4f, grad_norm %.4g"
                    .formatted(m.step(), (now - last[0]) * 1e-9, m.get("reward"), m.get("grad_norm")));
            last[0] = now;
        }));
        RlResult result = trainer.train();
        IO.println("process at most: %.2f GiB; sampler and trainer differ by %s"
                .formatted(result.peakMemoryBytes() / 0x1p30, result.samplingLogpDifferenceMax()));
    }
}
