// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.transformer.TestModels.tokens;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.optim.AdamW;
import dev.jacobian.autograd.optim.AdamWConfig;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A run whose memory can be both planned and measured: in this JVM, or in one of its own whose heap is as large as the plan
 * says.
 *
 * @param width hidden size, from which the other sizes follow
 * @param layers layers
 * @param vocabulary vocabulary size
 * @param kind {@code train}, {@code checkpoint}, {@code score} or {@code generate}
 * @param sequences sequences at once
 * @param length tokens of each
 * @param allocated receives the fewest bytes that this thread allocated in a step
 */
record MemoryRun(int width, int layers, int vocabulary, String kind, int sequences, int length, long[] allocated) {
    private static final int PROMPT = 16;

    /**
     * Arguments: a folder with config.json, the six sizes and the number of steps. Prints how it ended, and the fewest
     * bytes that a step allocated.
     */
    static void main(String[] args) {
        MemoryRun run = parse(Arrays.copyOfRange(args, 1, 7));
        Workspace workspace = new Workspace();
        try {
            run.run(Families.read(Path.of(args[0])), workspace, Integer.parseInt(args[7]));
            System.out.println("completed " + run.allocated[0] + " of " + workspace.bytes());
        } catch (OutOfMemoryError tooSmall) {
            System.out.println("out of memory");
        }
    }

    /** The six sizes. */
    static MemoryRun parse(String... sizes) {
        return new MemoryRun(
                Integer.parseInt(sizes[0]),
                Integer.parseInt(sizes[1]),
                Integer.parseInt(sizes[2]),
                sizes[3],
                Integer.parseInt(sizes[4]),
                Integer.parseInt(sizes[5]),
                new long[] {Long.MAX_VALUE});
    }

    /** The arguments that {@link #parse} takes. */
    List<String> sizes() {
        return Stream.of(width, layers, vocabulary, kind, sequences, length)
                .map(String::valueOf)
                .toList();
    }

    DecoderConfig config(Path folder) {
        String json = """
            {"model_type": "qwen3", "vocab_size": %d, "hidden_size": %d, "intermediate_size": %d,
             "num_hidden_layers": %d, "num_attention_heads": %d, "num_key_value_heads": %d, "head_dim": 32,
             "hidden_act": "silu", "max_position_embeddings": 4096, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
             "initializer_range": 0.02, "tie_word_embeddings": true}
            """.formatted(vocabulary, width, 3 * width, layers, width / 32, width / 64);
        Json.write(folder.resolve("config.json"), Json.parse(json, "config"));
        return Families.read(folder);
    }

    private boolean trains() {
        return kind.equals("train") || kind.equals("checkpoint");
    }

    /** A run of a model that is there already. */
    static MemoryRun of(DecoderConfig config, String kind, int sequences, int length) {
        return new MemoryRun(
                config.hiddenSize(), config.layers(), config.vocabularySize(), kind, sequences, length, new long[] {
                    Long.MAX_VALUE
                });
    }

    MemoryPlan plan(DecoderConfig config) {
        if (kind.equals("generate")) {
            return MemoryPlanner.inference(config, WeightFormat.F32)
                    .generation(sequences, 1, PROMPT, length - PROMPT, false)
                    .plan();
        }
        int[] lengths = new int[sequences];
        Arrays.fill(lengths, length);
        if (kind.equals("score")) {
            return MemoryPlanner.inference(config, WeightFormat.F32)
                    .scoring(Segments.of(lengths), sequences * (length - 1))
                    .plan();
        }
        return MemoryPlanner.training(config)
                .step(Segments.of(lengths), sequences * (length - 1), kind.equals("checkpoint"))
                .plan();
    }

    /** The run itself; returns the model, so that it can be held while its memory is measured. */
    Object run(DecoderConfig config, Workspace workspace, int steps) {
        CausalLM model = CausalLM.create(config, Optional.empty(), 1).gradientCheckpointing(kind.equals("checkpoint"));
        AdamW optimizer = trains() ? new AdamW(model.parameters(), AdamWConfig.DEFAULT) : null;
        GenerationConfig sampling = GenerationConfig.builder()
                .maxNewTokens(length - PROMPT)
                .ignoreEos(true)
                .build();
        for (int step = 0; step < steps; step++) {
            List<int[]> batch = new ArrayList<>();
            for (int s = 0; s < sequences; s++) {
                batch.add(tokens(100L * step + s, kind.equals("generate") ? PROMPT : length, vocabulary));
            }
            long before = allocatedBytes();
            workspace.run(() -> {
                if (trains()) {
                    model.loss(batch, batch).backward();
                    optimizer.step(1e-4, 1f);
                    optimizer.zeroGrad();
                } else if (kind.equals("score")) {
                    NoGrad.run(() -> model.loss(batch, batch));
                } else {
                    new Generator(model).generate(batch, 1, sampling);
                }
            });
            allocated[0] = Math.min(allocated[0], allocatedBytes() - before);
        }
        return List.of(model, Optional.ofNullable(optimizer));
    }

    /** What this thread has allocated so far; 0 where the management module is not there (a JVM with a module path). */
    private static long allocatedBytes() {
        try {
            Object threads = Class.forName("java.lang.management.ManagementFactory")
                    .getMethod("getThreadMXBean")
                    .invoke(null);
            return (long) Class.forName("com.sun.management.ThreadMXBean")
                    .getMethod("getCurrentThreadAllocatedBytes")
                    .invoke(threads);
        } catch (ReflectiveOperationException absent) {
            return 0;
        }
    }
}
