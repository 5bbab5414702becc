// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import dev.jacobian.jmh.harness.Unit;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.util.List;
import java.util.Optional;

/** Generation with Qwen2.5-0.5B's shape: one sequence, and many at once; the cases are those of {@code generate.py}. */
final class GpuGeneration {
    private static final int DECODE_PROMPT = 32;
    private static final int DECODE_TOKENS = 256;
    private static final String DECODE_CASE = "decode, 1 sequence";

    private static final int SEQUENCES = 256;
    private static final int LENGTH = 512;
    private static final int ROLLOUT_PROMPT = 64;
    private static final String SEPARATE_CASE = "decode, 1 sequence, separate operations";
    private static final String FUSED = "jacobian.cuda.fused"; // asked for at every step
    private static final String ROLLOUTS_CASE = "rollouts, " + SEQUENCES + " sequences x " + LENGTH + " tokens";

    static final GpuSuite DECODE = new GpuSuite(
            "gpu-decode",
            "one sequence of Qwen2.5-0.5B's shape, token by token, greedily",
            Unit.TOKENS,
            List.of(DECODE_CASE, SEPARATE_CASE),
            label -> DECODE_TOKENS,
            Optional.of("generate.py"),
            "256 tokens after a prompt of 32, whose time counts too. The baseline computes the layers' operations one"
                    + " by one, as for more sequences. The peer is transformers' generate.",
            GpuGeneration::decode);

    static final GpuSuite ROLLOUTS = new GpuSuite(
            "gpu-rollouts",
            "256 sequences of Qwen2.5-0.5B's shape sampled together",
            Unit.TOKENS,
            List.of(ROLLOUTS_CASE),
            label -> (double) SEQUENCES * LENGTH,
            Optional.of("generate.py"),
            "512 tokens each after prompts of 64, at temperature 1. The peer is transformers' generate.",
            GpuGeneration::rollouts);

    private GpuGeneration() {}

    private static void decode(GpuRun run) {
        int tokens = run.pick(DECODE_TOKENS, 4);
        int prompt = run.pick(DECODE_PROMPT, 4);
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(tokens)
                .doSample(false)
                .ignoreEos(true)
                .build();
        double bandwidth = run.bandwidth();
        GpuRun.FactsOf facts = (row, rate) -> {
            row.put("new_tokens", tokens);
            row.put("copy_bandwidth_gb_s", GpuRun.significant(bandwidth / 1e9));
            double bytes = run.model().decodeBytesPerToken(prompt + tokens / 2.0);
            row.put("share_of_copy_bandwidth", GpuRun.significant(rate * bytes / bandwidth));
        };
        measure(run, DECODE_CASE, 3, 1, prompt, config, facts);
        System.setProperty(FUSED, "false");
        try {
            measure(run, SEPARATE_CASE, 3, 1, prompt, config, facts);
        } finally {
            System.clearProperty(FUSED);
        }
    }

    private static void rollouts(GpuRun run) {
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(run.pick(LENGTH, 4))
                .temperature(1f)
                .ignoreEos(true)
                .seed(1)
                .build();
        measure(
                run,
                ROLLOUTS_CASE,
                1,
                run.pick(SEQUENCES, 3),
                run.pick(ROLLOUT_PROMPT, 4),
                config,
                (row, rate) -> row.put("new_tokens", config.maxNewTokens()));
    }

    private static void measure(
            GpuRun run,
            String label,
            int warmUp,
            int sequences,
            int prompt,
            GenerationConfig config,
            GpuRun.FactsOf facts) {
        Generator generator = new Generator(run.model().model());
        List<int[]> prompts = run.model().sequences(sequences, prompt); // [S][T]
        int tokens = config.maxNewTokens();
        run.measure(
                label,
                (double) sequences * tokens,
                warmUp,
                () -> check(generator.generate(prompts, 1, config), tokens),
                facts);
    }

    private static void check(List<List<Generation>> generations, int tokens) {
        for (List<Generation> samples : generations) {
            for (Generation generation : samples) {
                if (generation.tokenIds().length != tokens) {
                    throw new IllegalStateException(
                            "generated " + generation.tokenIds().length + " tokens, not " + tokens);
                }
            }
        }
    }
}
