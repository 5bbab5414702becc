// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.io.Json;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.offline.Examples;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineMethod;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.offline.SamplingStrategy;
import dev.jacobian.tensor.Rng;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.family.Families;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Recorded data for a model with fresh weights: rows of a prompt, and a completion, or two to compare, of which half of the tokens are
 * the prompt's. Every character is a token, and the last is the end.
 *
 * @param shape of the model
 * @param rows of a step
 * @param length tokens of a prompt with a completion
 */
public record OfflineCase(ModelShape shape, int rows, int length) {
    /** Steps of a call; metrics are computed in the last of them. */
    public static final int STEPS = 10;

    private static final int BATCHES = 8;
    private static final int LETTERS = 26;

    public OfflineCase {
        if (length < 4 || length > 1024) {
            throw new IllegalArgumentException("rows have 4 to 1024 tokens, not " + length);
        }
    }

    /** Reads {@code MODEL ROWSxLENGTH}. */
    public static OfflineCase parse(String text) {
        ModelCase of = ModelCase.parse(text);
        return new OfflineCase(of.shape(), of.sequences(), of.length());
    }

    /** Tokens of the prompt. */
    public int prompt() {
        return length / 2;
    }

    /** The model; the same weights every time. */
    public CausalLM model() {
        Path tokenizer = Folders.root().resolve("testdata/models/arith-qwen3");
        return CausalLM.create(
                Families.parse(shape.json("llama").put("eos_token_id", 256), "benchmark"), Optional.of(tokenizer), 1);
    }

    private static String text(int length, int row, int kind) {
        Rng rng = new Rng(7, 8L * row + kind);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append((char) ('a' + rng.nextInt(LETTERS)));
        }
        return text.toString();
    }

    private String prompt(int row) {
        return text(prompt(), row, 0);
    }

    /** @param kind 1 for the completion, or the chosen one; 2 for the rejected one */
    private String completion(int row, int kind) {
        return text(length - prompt() - 1, row, kind);
    }

    /** Prompts with completions of the first step, row by row: all of one kind, then all of the next. */
    public List<int[]> tokens(CausalLM model, int kinds) {
        List<int[]> all = new ArrayList<>();
        for (int kind = 1; kind <= kinds; kind++) {
            for (int row = 0; row < rows; row++) {
                int[] text = model.tokenizer().encode(prompt(row) + completion(row, kind), false);
                if (text.length != length - 1) {
                    throw new IllegalStateException("a character is no token: " + text.length + " of " + (length - 1));
                }
                int[] tokens = Arrays.copyOf(text, length);
                tokens[length - 1] = model.tokenizer().eosId().orElseThrow();
                all.add(tokens);
            }
        }
        return all;
    }

    private Path data(boolean pairs) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int row = 0; row < rows * BATCHES; row++) {
            var json = Json.object().put("prompt", prompt(row));
            if (pairs) {
                json.put("chosen", completion(row, 1)).put("rejected", completion(row, 2));
            } else {
                json.put("completion", completion(row, 1));
            }
            lines.add(json.toString());
        }
        return Files.write(Files.createTempFile("jacobian-bench", ".jsonl"), lines);
    }

    /**
     * A trainer on such data.
     *
     * @param pairs whether the method compares
     */
    public <E> OfflineTrainer<E> trainer(OfflineMethod<E> method, boolean pairs, int steps, int loggingSteps) {
        OfflineConfig config = OfflineConfig.builder(method)
                .maxSteps(steps)
                .perDeviceTrainBatchSize(rows)
                .trainSamplingStrategy(SamplingStrategy.SEQUENTIAL)
                .learningRate(1e-5)
                .loggingSteps(loggingSteps)
                .saveSteps(0)
                .build();
        CausalLM model = model();
        try {
            Path data = data(pairs);
            try {
                return new OfflineTrainer<>(model, method, Examples.read(method, model, config, data, false), config);
            } finally {
                Files.delete(data);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write data: " + e.getMessage(), e);
        }
    }

    /** What the first step measures. */
    public <E> Map<String, Double> firstStep(OfflineMethod<E> method, boolean pairs) {
        Map<String, Double> measured = new HashMap<>();
        trainer(method, pairs, 1, 1)
                .listener(TrainingListener.eachStep(step -> measured.putAll(step.values())))
                .train();
        return measured;
    }

    /** Tokens that a call trains on; a prompt that two completions share counts for both. */
    public double work(boolean pairs) {
        return Stream.of(STEPS, rows, length, pairs ? 2 : 1).mapToDouble(n -> n).reduce(1, (a, b) -> a * b);
    }
}
