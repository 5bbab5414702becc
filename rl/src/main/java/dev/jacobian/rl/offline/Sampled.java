// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.tensor.Rng;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.generation.TokenListener;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Completions that a model samples as it is now, keyed by seed, step and place in the step.
 *
 * @param temperature of sampling
 * @param maxNewTokens longest completion
 */
record Sampled(CausalLM model, float temperature, int maxNewTokens, long seed) implements Teaching.Source<Completed> {
    private static final TokenListener NOBODY = (prompt, sample, token) -> {};

    @Override
    public List<Completed> examples(int step, int microBatch, List<Completed> data) {
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(maxNewTokens)
                .temperature(temperature)
                .seed(seed)
                .build();
        long[] keys = new long[data.size()];
        Arrays.setAll(keys, i -> ((long) step << 32) + ((long) microBatch << 16) + i);
        List<List<Generation>> sampled = new Generator(model)
                .generate(data.stream().map(Completed::prompt).toList(), keys, 1, config, NOBODY);
        List<Completed> examples = new ArrayList<>();
        for (int i = 0; i < data.size(); i++) {
            Generation one = sampled.get(i).getFirst();
            examples.add(
                    new Completed(data.get(i).prompt(), one.tokenIds(), one.finishReason() == FinishReason.LENGTH));
        }
        return examples;
    }

    /** A number in [0, 1) that belongs to a micro-batch. */
    static double chance(long seed, int step, int microBatch) {
        return new Rng(seed, ((long) step << 32) + microBatch).nextDouble();
    }
}
